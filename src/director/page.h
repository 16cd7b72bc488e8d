/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the status page made of?
 *
 * The files of src/director/page combined by the build: page.html with page.css and page.js inside.
 */
#ifndef DIRECTOR_PAGE_H
#define DIRECTOR_PAGE_H

/* HTML, in UTF-8. */
extern const char page_text[];

/* Its Content-Security-Policy, which permits its style and script by their hashes. */
extern const char page_policy[];

#endif
