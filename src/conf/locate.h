/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where in its text is a JSON value?
 *
 * The JSON library keeps values but not their positions. A locator is a second, lightweight parse
 * of a text that the library has accepted, which keeps positions only. Its nodes are numbered in
 * the order of the text; node 0 is the root.
 */
#ifndef CONF_LOCATE_H
#define CONF_LOCATE_H

#include <glb/bytes.h>

struct locator;

enum { LOCATOR_NONE = UINT32_MAX };

/*
 * Parses a text of `len` bytes, less than 4 GiB, which must outlive the locator. Returns 0 and sets
 * *out, to be released with locator_free(); or -ENOMEM.
 */
GLB_NODISCARD int locator_make(struct locator **out, const char *text, size_t len);

void locator_free(struct locator *locator);

/* The number of members or elements of a node. */
uint32_t locator_count(const struct locator *locator, uint32_t node);

/* The element or member at an index below that number. */
uint32_t locator_child(const struct locator *locator, uint32_t node, uint32_t index);

/*
 * The member of an object with a key, or LOCATOR_NONE. Escapes in the text's keys are decoded. The
 * search starts at index `from`.
 */
uint32_t locator_member(const struct locator *locator, uint32_t node, const char *key,
			uint32_t from);

/* Offsets of a value: of its first byte and after its last, including quotes. */
void locator_span(const struct locator *locator, uint32_t node, size_t *start, size_t *end);

/* Offset of the opening quote of a member's key. */
size_t locator_key(const struct locator *locator, uint32_t node);

struct place {
	uint32_t line;	 /* from 1 */
	uint32_t column; /* from 1, in characters */
};

/* Line and column of an offset in any text. */
struct place text_place(const char *text, size_t len, size_t offset);

/* The same for a locator's text, without scanning everything before it. */
struct place locator_place(const struct locator *locator, size_t offset);
uint32_t locator_line(const struct locator *locator, size_t offset);

/*
 * For a text that is not JSON: the offset of the token that a parser had read last, perhaps in
 * part, when it gave up after `read` bytes.
 */
size_t last_token(const char *text, size_t len, size_t read);

#endif
