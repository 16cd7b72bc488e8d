/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/encoding.h"
#include "conf/locate.h"

struct node {
	uint32_t start;
	uint32_t end;
	uint32_t key;	   /* offset of its opening quote; 0: not a member of an object */
	uint32_t parent;   /* LOCATOR_NONE: the root */
	uint32_t children; /* index into locator.children */
	uint32_t child_count;
};

struct locator {
	const char *text;
	size_t len;
	struct node *nodes;
	uint32_t *children; /* node indices grouped by parent, in order */
	uint32_t *lines;    /* offset of each line's first byte */
	uint32_t node_count;
	uint32_t node_room;
	uint32_t line_count;
};

/* --- Tokens --- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(char c)
{
	return !is_space(c) && !strchr("{}[],:\"", c); /* strchr() also matches a 0 byte */
}

/* End of the token at `at`, which is below len. */
static size_t token_end(const char *text, size_t len, size_t at)
{
	if (text[at] == '"') {
		for (at++; at < len && text[at] != '"'; at++)
			at += text[at] == '\\';
		return at < len ? at + 1 : len;
	}
	if (!is_word(text[at]))
		return at + 1;
	while (at < len && is_word(text[at]))
		at++;
	return at;
}

size_t last_token(const char *text, size_t len, size_t read)
{
	size_t last = 0;

	for (size_t at = mark_len(text, len); at < len && at < read;) {
		if (is_space(text[at])) {
			at++;
			continue;
		}
		last = at;
		at = token_end(text, len, at);
	}
	return last;
}

/* --- Construction --- */

static int add_node(struct locator *locator, const struct node *node)
{
	if (locator->node_count == locator->node_room) {
		uint32_t room = locator->node_room ? 2 * locator->node_room : 256;
		struct node *more = realloc(locator->nodes, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		locator->nodes = more;
		locator->node_room = room;
	}
	locator->nodes[locator->node_count++] = *node;
	return 0;
}

/* One pass over the tokens, without recursion; `open` is the innermost array or object. */
static int find_nodes(struct locator *locator)
{
	const char *text = locator->text;
	uint32_t open = LOCATOR_NONE;
	uint32_t key = 0;

	for (size_t at = mark_len(text, locator->len), end; at < locator->len; at = end) {
		end = at + 1;
		if (is_space(text[at]) || text[at] == ',' || text[at] == ':')
			continue;
		if (text[at] == '}' || text[at] == ']') {
			if (open == LOCATOR_NONE)
				break; /* impossible in valid JSON */
			locator->nodes[open].end = (uint32_t)end;
			open = locator->nodes[open].parent;
			continue;
		}
		end = token_end(text, locator->len, at);
		if (open != LOCATOR_NONE && text[locator->nodes[open].start] == '{' && !key) {
			key = (uint32_t)at;
			continue;
		}

		struct node node = {(uint32_t)at, (uint32_t)end, key, open, 0, 0};

		if (add_node(locator, &node))
			return -ENOMEM;
		key = 0;
		if (text[at] == '{' || text[at] == '[')
			open = locator->node_count - 1;
	}
	return 0;
}

/* Groups the nodes by parent. */
static int find_children(struct locator *locator)
{
	struct node *nodes = locator->nodes;
	uint32_t at = 0;

	locator->children = malloc(((size_t)locator->node_count + 1) * sizeof(uint32_t));
	if (!locator->children)
		return -ENOMEM;
	for (uint32_t n = 1; n < locator->node_count; n++)
		nodes[nodes[n].parent].child_count++;
	for (uint32_t n = 0; n < locator->node_count; n++) {
		nodes[n].children = at;
		at += nodes[n].child_count;
		nodes[n].child_count = 0;
	}
	for (uint32_t n = 1; n < locator->node_count; n++) {
		struct node *parent = &nodes[nodes[n].parent];

		locator->children[parent->children + parent->child_count++] = n;
	}
	return 0;
}

static int find_lines(struct locator *locator)
{
	const char *end = locator->text + locator->len;
	uint32_t count = 1;

	for (const char *at = locator->text; (at = memchr(at, '\n', (size_t)(end - at))); at++)
		count++;
	locator->lines = malloc(count * sizeof(*locator->lines));
	if (!locator->lines)
		return -ENOMEM;
	locator->lines[locator->line_count++] = (uint32_t)mark_len(locator->text, locator->len);
	for (const char *at = locator->text; (at = memchr(at, '\n', (size_t)(end - at))); at++)
		locator->lines[locator->line_count++] = (uint32_t)(at + 1 - locator->text);
	return 0;
}

int locator_make(struct locator **out, const char *text, size_t len)
{
	struct locator *locator = calloc(1, sizeof(*locator));

	if (!locator)
		return -ENOMEM;
	locator->text = text;
	locator->len = len;
	if (find_nodes(locator) || find_children(locator) || find_lines(locator)) {
		locator_free(locator);
		return -ENOMEM;
	}
	*out = locator;
	return 0;
}

void locator_free(struct locator *locator)
{
	if (!locator)
		return;
	free(locator->nodes);
	free(locator->children);
	free(locator->lines);
	free(locator);
}

/* --- Keys --- */

static uint32_t hex4(const char *at)
{
	char digits[5] = {at[0], at[1], at[2], at[3], 0};

	return (uint32_t)strtoul(digits, NULL, 16);
}

/* Writes a character as UTF-8 into `out` of 4 bytes; returns its length. */
static size_t write_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}

	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(0xf00 >> len | c);
	return len;
}

/* Decodes the escape at *at, and moves *at past it. Returns the number of bytes written. */
static size_t read_escape(char out[4], const char **at)
{
	static const char plain[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	char letter = (*at)[1];

	if (letter != 'u') {
		const char *found = strchr(plain, letter);

		*at += 2;
		out[0] = found ? meant[found - plain] : letter;
		return 1;
	}

	uint32_t c = hex4(*at + 2);

	*at += 6;
	if (c >= 0xd800 && c < 0xdc00) { /* the library rejects unpaired surrogates */
		c = 0x10000 + ((c - 0xd800) << 10) + (hex4(*at + 2) - 0xdc00);
		*at += 6;
	}
	return write_utf8(out, c);
}

/* Is the string in the text whose opening quote precedes `at` equal to `key`? */
static bool is_key(const char *at, const char *key)
{
	while (*at != '"') {
		char bytes[4];
		size_t len = 1;

		if (*at == '\\')
			len = read_escape(bytes, &at);
		else
			bytes[0] = *at++;
		if (strncmp(key, bytes, len) != 0)
			return false;
		key += len;
	}
	return !*key;
}

/* --- Queries --- */

uint32_t locator_count(const struct locator *locator, uint32_t node)
{
	return locator->nodes[node].child_count;
}

uint32_t locator_child(const struct locator *locator, uint32_t node, uint32_t index)
{
	return locator->children[locator->nodes[node].children + index];
}

uint32_t locator_member(const struct locator *locator, uint32_t node, const char *key,
			uint32_t from)
{
	uint32_t count = locator_count(locator, node);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t child = locator_child(locator, node, (from + i) % count);

		if (is_key(locator->text + locator->nodes[child].key + 1, key))
			return child;
	}
	return LOCATOR_NONE;
}

void locator_span(const struct locator *locator, uint32_t node, size_t *start, size_t *end)
{
	*start = locator->nodes[node].start;
	*end = locator->nodes[node].end;
}

size_t locator_key(const struct locator *locator, uint32_t node)
{
	return locator->nodes[node].key;
}

/* Counts UTF-8 characters: all bytes but continuation bytes. */
static uint32_t count_characters(const char *text, size_t len)
{
	uint32_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((uint8_t)text[i] & 0xc0) != 0x80;
	return count;
}

struct place text_place(const char *text, size_t len, size_t offset)
{
	struct place place = {1, 1};
	size_t line = mark_len(text, len);

	for (size_t i = 0; i < len && i < offset; i++)
		if (text[i] == '\n') {
			place.line++;
			line = i + 1;
		}
	if (offset > line)
		place.column += count_characters(text + line, offset - line);
	return place;
}

uint32_t locator_line(const struct locator *locator, size_t offset)
{
	uint32_t low = 0;

	for (uint32_t high = locator->line_count; high - low > 1;) {
		uint32_t middle = low + (high - low) / 2;

		if (locator->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low + 1;
}

struct place locator_place(const struct locator *locator, size_t offset)
{
	uint32_t line = locator_line(locator, offset);
	size_t start = locator->lines[line - 1];

	return (struct place){line, 1 + count_characters(locator->text + start, offset - start)};
}
