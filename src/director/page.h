/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the status page?
 *
 * The files of src/director/page in one, by the build: page.html with page.css and page.js in it.
 */
#ifndef DIRECTOR_PAGE_H
#define DIRECTOR_PAGE_H

/* HTML, in UTF-8. */
extern const char page_text[];

/* Its Content-Security-Policy, which names its style and its script by their hashes. */
extern const char page_policy[];

#endif
