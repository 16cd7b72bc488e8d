/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/http_listen.h"
#include "conf/addr.h"
#include "sys/log.h"

int http_listen(struct http **out, struct loop *loop, const struct http_listen *how, void *arg)
{
	const struct listen_conf *at = how->at;
	char address[ADDR_TEXT_LEN];
	char why[HTTP_WHY_LEN];
	int err;

	*out = NULL;
	if (!at->addr.version)
		return 0;
	err = http_open(out, loop, addr_text(address, &at->addr), at->port, how->site, arg, why);
	if (!err) {
		log_info("%shttp://%s%s%s:%u%s", how->before, at->addr.version == 6 ? "[" : "",
			 address, at->addr.version == 6 ? "]" : "", http_port(*out), how->after);
		return 0;
	}
	if (!how->is_default) {
		log_error("%s: http_listen: %s", how->conf_path, why);
		return err;
	}
	log_warning("no metrics by HTTP: %s; set http_listen in %s", why, how->conf_path);
	return 0;
}
