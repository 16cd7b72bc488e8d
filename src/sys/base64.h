/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do bytes stand in a text?
 *
 * In base64, RFC 4648 section 4: four characters for three bytes, and padding.
 */
#ifndef SYS_BASE64_H
#define SYS_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Characters that so many bytes take. */
#define BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4)

/* Writes BASE64_LEN(len) characters, without a NUL. Returns how many that was. */
size_t base64_encode(char *out, const uint8_t *bytes, size_t len);

/*
 * Reads a text up to its NUL into at most `room` bytes. How many; or -1 when it is not exactly what
 * base64_encode() writes of some bytes, or these are more than there is room for: then what `out`
 * holds is of no use.
 */
ssize_t base64_decode(uint8_t *out, size_t room, const char *text);

#endif
