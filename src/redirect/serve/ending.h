/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When does a program that serves end?
 */
#ifndef GLB_REDIRECT_SERVE_ENDING_H
#define GLB_REDIRECT_SERVE_ENDING_H

#include <glb/bytes.h>

struct ending;
struct loop;

/*
 * Makes the loop end on SIGTERM and SIGINT; other signals that ask daemons for something are
 * ignored. To be called before a thread is started. Returns 0 and sets *out, to be released with
 * ending_close() after the loop; or -errno.
 */
GLB_NODISCARD int ending_open(struct ending **out, struct loop *loop);

/* NULL is fine. */
void ending_close(struct ending *ending);

#endif
