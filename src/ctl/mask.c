/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/json.h"
#include "mask.h"

enum {
	KEY_TEXT_LEN = 2 * GLB_SIPHASH_KEY_LEN,
	SUSPECT_LEN = 16, /* a string of this many hexadecimal digits or more looks like a key */
};

static const char instead[] = "\"(masked)\"";

/* The masked copy of a file, being written. */
struct copy {
	struct mask *mask;
	const struct mask_text *file;
	FILE *out;
	size_t taken; /* bytes of the file copied or masked so far */
	int err;
};

static unsigned int digit_of(char digit)
{
	return isdigit((unsigned char)digit)
		       ? (unsigned int)(digit - '0')
		       : (unsigned int)(tolower((unsigned char)digit) - 'a' + 10);
}

/* Counts hexadecimal digits at the start of a text, up to the length of a key. */
static size_t count_digits(const char *text, size_t len)
{
	size_t count = 0;

	while (count < len && count < KEY_TEXT_LEN && isxdigit((unsigned char)text[count]))
		count++;
	return count;
}

static void read_digits(uint8_t out[GLB_SIPHASH_KEY_LEN], const char text[KEY_TEXT_LEN])
{
	for (unsigned int i = 0; i < GLB_SIPHASH_KEY_LEN; i++)
		out[i] = (uint8_t)(digit_of(text[2 * i]) << 4 | digit_of(text[2 * i + 1]));
}

/* Remembers a key. Returns 0 or -ENOMEM. */
static int mask_remember(struct mask *mask, const char *text)
{
	if (count_digits(text, strlen(text)) < KEY_TEXT_LEN)
		return 0; /* no director accepts it as a key */
	if (mask->count == mask->room) {
		size_t room = mask->room ? 2 * mask->room : 16;
		void *more = realloc(mask->keys, room * sizeof(*mask->keys));

		if (!more)
			return -ENOMEM;
		mask->keys = more;
		mask->room = room;
	}
	read_digits(mask->keys[mask->count++], text);
	return 0;
}

static bool is_key_name(const char *name)
{
	return name && (!strcmp(name, "hash_key") || !strcmp(name, "seed"));
}

static bool looks_like_key(const char *text)
{
	size_t len = strlen(text);

	return len >= SUSPECT_LEN && strspn(text, "0123456789abcdefABCDEF") == len;
}

/* Writes a replacement for a value. */
static void put_instead(struct copy *copy, const struct conf_value *value)
{
	size_t start;
	size_t end;

	conf_span(value, &start, &end);
	(void)fwrite(copy->file->bytes + copy->taken, 1, start - copy->taken, copy->out);
	(void)fputs(instead, copy->out);
	copy->taken = end;
}

static void mask_value(struct copy *copy, const struct conf_value *value)
{
	const char *text = NULL;

	if (conf_is_string(value) && conf_string(&text, value))
		text = NULL;
	if (text && (is_key_name(value->key) || looks_like_key(text))) {
		if (!copy->err)
			copy->err = mask_remember(copy->mask, text);
		put_instead(copy, value);
		return;
	}
	if (is_key_name(value->key) && !conf_is_object(value) && !conf_is_array(value)) {
		put_instead(copy, value);
		return;
	}
	for (size_t i = 0; i < conf_member_count(value); i++) {
		struct conf_value member = conf_member_at(value, i);

		mask_value(copy, &member);
	}
	for (size_t i = 0; i < conf_count(value); i++) {
		struct conf_value element = conf_element(value, i);

		mask_value(copy, &element);
	}
}

int mask_file(struct mask_text *out, struct mask *mask, const struct mask_text *file)
{
	struct copy copy = {.mask = mask, .file = file};
	struct mask_text text = {NULL, 0};
	struct report report;
	struct conf_file parsed;

	report_init(&report);
	if (conf_parse(&parsed, "file", file->bytes, file->len, &report))
		return -EINVAL;
	copy.out = open_memstream(&text.bytes, &text.len);
	copy.err = copy.out ? 0 : -ENOMEM;
	if (copy.out) {
		struct conf_value root = conf_root(&parsed);

		mask_value(&copy, &root);
		(void)fwrite(file->bytes + copy.taken, 1, file->len - copy.taken, copy.out);
		if (fclose(copy.out))
			copy.err = -ENOMEM;
	}
	conf_close(&parsed);
	if (copy.err) {
		free(text.bytes);
		return copy.err;
	}
	*out = text;
	return 0;
}

static int compare_masked(const void *left, const void *right)
{
	return memcmp(left, right, GLB_SIPHASH_KEY_LEN);
}

void mask_sort(struct mask *mask)
{
	if (mask->count)
		qsort(mask->keys, mask->count, sizeof(*mask->keys), compare_masked);
}

size_t mask_scrub(const struct mask *mask, char *text, size_t len)
{
	size_t found = 0;

	for (size_t at = 0; mask->count && at + KEY_TEXT_LEN <= len;) {
		size_t digits = count_digits(text + at, len - at);
		uint8_t key[GLB_SIPHASH_KEY_LEN];

		if (digits < KEY_TEXT_LEN) {
			at += digits + 1;
			continue;
		}
		read_digits(key, text + at);
		if (bsearch(key, mask->keys, mask->count, sizeof(*mask->keys), compare_masked)) {
			memset(text + at, 'x', KEY_TEXT_LEN);
			found++;
		}
		at++;
	}
	return found;
}

void mask_free(struct mask *mask)
{
	if (mask->count)
		explicit_bzero(mask->keys, mask->count * sizeof(*mask->keys));
	free(mask->keys);
	*mask = (struct mask){.keys = NULL};
}
