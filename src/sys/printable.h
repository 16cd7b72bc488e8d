/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is text from outside shown on a terminal or in a log without side effects?
 *
 * Names of tables, zones and devices, paths, words of a command line and whatever libraries quote
 * of them can contain anything: a line break forges a log line, an escape sequence moves the
 * cursor, a bidirectional override reorders the text, and the effect of invalid UTF-8 depends on
 * the terminal. All of these are escaped, so the output is one line of visible UTF-8. A backslash
 * is escaped too, so that escaping is reversible:
 *
 *   \n \r \t \\   as in C
 *   \xHH          another ASCII control character, or a byte that is not valid UTF-8
 *   \uHHHH        another character that is invisible or changes how others are shown
 *   \UHHHHHHHH    the same beyond U+FFFF
 */
#ifndef SYS_PRINTABLE_H
#define SYS_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PRINTABLE_ONE_LEN = 11,	  /* of one escaped character, with the NUL */
	PRINTABLE_NAME_LEN = 512, /* room for a name, with the NUL; longer names are truncated */
};

/*
 * Decodes the UTF-8 character at the start of `text`, which has `len` bytes, at least one. Returns
 * its length in bytes; or 0, with *character untouched, if it is invalid (RFC 3629 section 4).
 */
size_t character_take(uint32_t *character, const char *text, size_t len);

/* Is the character visible, without effect on others? Not so controls and format characters. */
bool character_is_printable(uint32_t character);

/*
 * Writes the first character of `text`, which has `len` bytes, at least one, as it is or escaped,
 * with a NUL. Returns the number of bytes of `text` consumed.
 */
size_t printable_take(char out[PRINTABLE_ONE_LEN], const char *text, size_t len);

/*
 * Writes a text, escaped, with its NUL into `room` bytes, at least PRINTABLE_ONE_LEN. Text that
 * does not fit is truncated between two characters and ends in "...". Returns out.
 */
const char *printable(char *out, size_t room, const char *text);

/* Removes an incomplete character from the end of a text that was truncated at an arbitrary byte.
 */
void character_trim(char *text);

#endif
