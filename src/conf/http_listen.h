/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program serve its pages at the address that is configured?
 */
#ifndef CONF_HTTP_LISTEN_H
#define CONF_HTTP_LISTEN_H

#include <glb/diag.h>

#include "conf/listen.h"
#include "sys/http.h"

struct http_listen {
	const struct http_site *site;
	const struct listen_conf *at; /* version 0: nothing is served */
	bool is_default;	    /* not configured: if it cannot be served, that is no failure */
	const char *conf_path;	    /* for messages */
	const char *before, *after; /* around the address, when it is logged */
};

/*
 * Serves a site and logs its address. `arg` is passed to the functions of the site.
 *
 * Returns 0 and sets *out, to be released with http_close(), or to NULL if nothing is served: as
 * configured, or because the default address cannot be served, for example beside the original; a
 * warning says why. Otherwise -errno after logging why the address cannot be served.
 */
GLB_NODISCARD int http_listen(struct http **out, struct loop *loop, const struct http_listen *how,
			      void *arg);

#endif
