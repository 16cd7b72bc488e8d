/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are bytes represented as text?
 *
 * In base64, RFC 4648 section 4: four characters for every three bytes, with padding.
 */
#ifndef SYS_BASE64_H
#define SYS_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Characters needed to encode that many bytes, without a NUL. */
#define BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4)

/* Writes BASE64_LEN(len) characters and no NUL. Returns the number written. */
size_t base64_encode(char *out, const uint8_t *bytes, size_t len);

/*
 * Decodes a NUL-terminated text into at most `room` bytes. Returns the number of bytes, or -1 if
 * the text is not exactly what base64_encode() would write or does not fit; `out` is then
 * undefined.
 */
ssize_t base64_decode(uint8_t *out, size_t room, const char *text);

#endif
