/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a command get a page that a director serves by HTTP?
 */
#ifndef CTL_FETCH_H
#define CTL_FETCH_H

#include <glb/diag.h>

#include "conf/director.h"

enum { FETCH_PATIENCE_S = 10, FETCH_LEN_MAX = 64 << 20 };

struct fetched {
	char *bytes; /* for free() */
	size_t len;
};

/*
 * Asks by HTTP/1.0 for a page of the director that listens there. 0 and *out, its content; or
 * -errno and *why, one line: nobody listens, it is slow, or says something else than 200.
 */
GLB_NODISCARD int fetch_page(struct fetched *out, const struct listen_conf *at, const char *path,
			     struct glb_diag *why);

#endif
