/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/addr.h"
#include "conf/listen.h"

int conf_socket(char out[CONTROL_SOCKET_LEN], const struct conf_value *value)
{
	const char *path;
	int err = conf_string(&path, value);

	if (err)
		return err;
	if (*path && *path != '/')
		return conf_refuse(value, "\"%s\" is not an absolute path", path);
	if (strlen(path) >= CONTROL_SOCKET_LEN)
		return conf_refuse(value, "is a path of %zu bytes, expected at most %d",
				   strlen(path), CONTROL_SOCKET_LEN - 1);
	memcpy(out, path, strlen(path) + 1);
	return 0;
}

int conf_listen(struct listen_conf *out, uint16_t port, const struct conf_value *value)
{
	struct listen_conf at = {.port = 0};
	const char *text;
	int err = conf_string(&text, value);

	if (err)
		return err;
	if (*text && !addr_port_parse(&at.addr, &at.port, text))
		return conf_refuse(
			value, "\"%s\" is not an address and port such as 127.0.0.1:%u or [::1]:%u",
			text, port, port);
	*out = at;
	return 0;
}
