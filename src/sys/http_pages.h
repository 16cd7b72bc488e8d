/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which pages does every program serve?
 *
 *   /healthz  200 as long as the loop runs
 *   /readyz   200 while the program is ready, otherwise 503, with its line of text
 *   /metrics  its metrics, in the format that the client accepts
 */
#ifndef SYS_HTTP_PAGES_H
#define SYS_HTTP_PAGES_H

#include "sys/http.h"

/* Ends with an entry whose path is NULL. */
extern const struct http_route http_pages[];

/*
 * A reply whose text is generated at once is sent in slices: begin() of its route sets the state to
 * http_text(), and the other functions of the route are the two below.
 *
 * text   `len` bytes, to be released with free(): taken over, also on failure. May be NULL.
 *
 * Returns NULL if out of memory, or if `text` is NULL.
 */
void *http_text(char *text, size_t len);

bool http_text_write(void *state, FILE *out);
void http_text_end(void *state);

#endif
