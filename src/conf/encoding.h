/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is the text of a JSON file UTF-8, and where does it begin?
 */
#ifndef CONF_ENCODING_H
#define CONF_ENCODING_H

#include <stddef.h>

/*
 * Length of the byte order mark at the start of UTF-8 text, which a reader may ignore (RFC 8259
 * section 8.1), or 0. It belongs to no line.
 */
size_t mark_len(const char *text, size_t len);

/*
 * The encoding of a JSON text that is not UTF-8, or NULL: determined by its byte order mark, or by
 * zeros in its first two characters, which are ASCII (RFC 4627 section 3).
 */
const char *other_encoding(const char *bytes, size_t len);

#endif
