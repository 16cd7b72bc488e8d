/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is the text of a JSON file UTF-8, and where does it begin?
 */
#ifndef CONF_ENCODING_H
#define CONF_ENCODING_H

#include <stddef.h>

/*
 * Bytes of the byte order mark that a text of UTF-8 begins with, which a reader may ignore (RFC
 * 8259 section 8.1), or 0. It belongs to no line.
 */
size_t mark_len(const char *text, size_t len);

/*
 * The encoding of a JSON text that is not UTF-8, or NULL: by its byte order mark, or by the zeros
 * of its first two characters, which are ASCII (RFC 4627 section 3).
 */
const char *other_encoding(const char *bytes, size_t len);

#endif
