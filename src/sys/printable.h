/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a text from outside reach a terminal or a log without acting there?
 *
 * Names of tables, zones and devices, paths, words of a command line and what libraries quote of
 * them may hold anything: a line break forges a line, an escape sequence moves the cursor, a
 * bidirectional override turns the text around, and bytes that are no UTF-8 do what the terminal
 * makes of them. All of these are written as escapes, so that what is printed is one line of
 * visible UTF-8. A backslash is escaped, too, so that the text can be had back:
 *
 *   \n \r \t \\   as in C
 *   \xHH          another control character of ASCII, or a byte that is no UTF-8
 *   \uHHHH        another character that shows nothing or changes how others are shown
 *   \UHHHHHHHH    the same beyond U+FFFF
 */
#ifndef SYS_PRINTABLE_H
#define SYS_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PRINTABLE_ONE_LEN = 11,	  /* of one character, with the NUL */
	PRINTABLE_NAME_LEN = 512, /* room for a name, with the NUL: longer ones are cut */
};

/*
 * Bytes of the UTF-8 character that a text of `len` bytes, at least one, begins with, and the
 * character; or 0, with *character untouched: there is none (RFC 3629 section 4).
 */
size_t character_take(uint32_t *character, const char *text, size_t len);

/* Does a character show as itself and leave others alone? Not so controls and format characters. */
bool character_is_printable(uint32_t character);

/*
 * Writes the first character of a text of `len` bytes, at least one, as it is or as an escape, with
 * a NUL. Returns how many bytes of the text that was.
 */
size_t printable_take(char out[PRINTABLE_ONE_LEN], const char *text, size_t len);

/*
 * Writes a text with its NUL into `room` bytes, at least PRINTABLE_ONE_LEN. What has no room is cut
 * between two characters, and "..." says so. Returns out.
 */
const char *printable(char *out, size_t room, const char *text);

/* Removes the beginning of a character at the end of a text that was cut somewhere. */
void character_trim(char *text);

#endif
