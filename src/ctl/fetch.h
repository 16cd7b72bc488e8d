/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a command get a page that a director serves over HTTP?
 */
#ifndef CTL_FETCH_H
#define CTL_FETCH_H

#include <glb/diag.h>

#include "conf/director.h"

enum { FETCH_PATIENCE_S = 10, FETCH_LEN_MAX = 64 << 20 };

struct fetched {
	char *bytes; /* to be released with free() */
	size_t len;
};

/*
 * Fetches a page over HTTP/1.0 from the director listening at an address. Returns 0 and sets *out
 * to its content; or -errno and *why, one line: connection refused, timeout, or a status other than
 * 200.
 */
GLB_NODISCARD int fetch_page(struct fetched *out, const struct listen_conf *at, const char *path,
			     struct glb_diag *why);

#endif
