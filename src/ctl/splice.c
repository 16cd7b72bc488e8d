/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/splice.h"
#include "ctl/splice.h"

/* The text with one splice applied. */
static char *splice_apply(size_t *len, const struct listing *list, const struct splice *splice)
{
	const struct splice end = {.from = list->len, .to = list->len, .by = ""};
	char *text = NULL;
	size_t at = 0;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	splice_write(out, list->text, &at, splice);
	splice_write(out, list->text, &at, &end);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

char *splice_state(size_t *len, const struct listing *list, unsigned int index, const char *state)
{
	struct conf_value backend = conf_element(list->backends, index);
	struct conf_value value;
	struct splice splice;
	char word[32];

	(void)conf_find(&value, &backend, "state");
	conf_span(&value, &splice.from, &splice.to);
	(void)snprintf(word, sizeof(word), "\"%s\"", state);
	splice.by = word;
	return splice_apply(len, list, &splice);
}

char *splice_out(size_t *len, const struct listing *list, unsigned int index)
{
	struct conf_value one = conf_element(list->backends, index);
	struct splice splice = {.by = ""};
	struct conf_value neighbour;
	size_t ignored;

	conf_span(&one, &splice.from, &splice.to);
	if (index > 0) {
		neighbour = conf_element(list->backends, index - 1);
		conf_span(&neighbour, &ignored, &splice.from);
	} else if (conf_count(list->backends) > 1) {
		neighbour = conf_element(list->backends, 1);
		conf_span(&neighbour, &splice.to, &ignored);
	}
	return splice_apply(len, list, &splice);
}

/* How a list of objects is formatted: pieces of the file's text, each with its length. */
struct layout {
	const char *between; /* two objects */
	int between_len;
	const char *inner; /* before the first key of an object */
	int inner_len;
	const char *outer; /* after its last value */
	int outer_len;
};

static struct layout layout_of(const struct listing *list)
{
	size_t count = conf_count(list->backends);
	struct conf_value last = conf_element(list->backends, count - 1);
	struct layout layout = {.between = ", ", .between_len = 2};
	size_t start;
	size_t end;

	conf_span(&last, &start, &end);
	layout.inner = list->text + start + 1;
	layout.inner_len = (int)strspn(layout.inner, JSON_SPACE);
	for (end--; strchr(JSON_SPACE, list->text[end - 1]); end--)
		layout.outer_len++;
	layout.outer = list->text + end;
	if (count > 1) {
		struct conf_value other = conf_element(list->backends, count - 2);
		size_t ignored;
		size_t from;

		conf_span(&other, &ignored, &from);
		layout.between = list->text + from;
		layout.between_len = (int)(start - from);
	}
	return layout;
}

static void put_member(FILE *out, const struct layout *layout, const char *key, const char *value)
{
	splice_member(out, layout->inner, layout->inner_len, key, value);
}

static void put_backend(FILE *out, const struct layout *layout, const struct new_backend *backend)
{
	char zone[ZONE_LEN_MAX + 3];

	(void)snprintf(zone, sizeof(zone), "\"%s\"", backend->zone ? backend->zone : "");
	(void)fprintf(out, "%.*s{%.*s\"ip\": \"%s\"", layout->between_len, layout->between,
		      layout->inner_len, layout->inner, backend->ip);
	put_member(out, layout, "state", "\"filling\"");
	put_member(out, layout, "healthy", "true");
	if (backend->weight)
		put_member(out, layout, "weight", backend->weight);
	if (backend->zone)
		put_member(out, layout, "zone", zone);
	if (backend->server_id)
		put_member(out, layout, "server_id", backend->server_id);
	(void)fprintf(out, "%.*s}", layout->outer_len, layout->outer);
}

char *splice_in(size_t *len, const struct listing *list, const struct new_backend *backend)
{
	struct conf_value last = conf_element(list->backends, conf_count(list->backends) - 1);
	struct layout layout = layout_of(list);
	struct splice splice;
	char *object = NULL;
	char *text = NULL;
	size_t object_len;
	size_t start;
	FILE *out = open_memstream(&object, &object_len);

	conf_span(&last, &start, &splice.from);
	splice.to = splice.from;
	if (!out)
		return NULL;
	put_backend(out, &layout, backend);
	if (!fclose(out)) {
		splice.by = object;
		text = splice_apply(len, list, &splice);
	}
	free(object);
	return text;
}

/* Removing a member also removes one comma. */
static struct splice without(const char *text, const struct conf_value *member)
{
	struct splice splice = {.from = conf_key(member), .by = ""};
	size_t ignored;

	conf_span(member, &ignored, &splice.to);

	size_t next = splice.to + strspn(text + splice.to, JSON_SPACE);

	if (text[next] == ',') {
		splice.to = next + 1 + strspn(text + next + 1, JSON_SPACE);
		return splice;
	}
	while (strchr(JSON_SPACE, text[splice.from - 1]))
		splice.from--;
	splice.from -= text[splice.from - 1] == ',';
	return splice;
}

static int compare_splices(const void *left, const void *right)
{
	const struct splice *a = left;
	const struct splice *b = right;

	return (a->from > b->from) - (a->from < b->from);
}

void splice_members(FILE *out, const char *text, const struct conf_value *object,
		    const struct member *members)
{
	struct splice splices[SPLICE_MEMBERS_MAX];
	unsigned int splice_count = 0;
	size_t at;
	size_t end;

	conf_span(object, &at, &end);

	const char *inner = text + ++at; /* after the bracket */
	int space = (int)strspn(inner, JSON_SPACE);

	(void)fputc('{', out);
	for (; members->key; members++) {
		struct splice *splice = &splices[splice_count];
		struct conf_value member;

		if (!conf_find(&member, object, members->key)) {
			if (members->value)
				(void)fprintf(out, "%.*s\"%s\": %s,%s", space, inner, members->key,
					      members->value, space ? "" : " ");
			continue;
		}
		conf_span(&member, &splice->from, &splice->to);
		splice->by = members->value;
		if (!splice->by)
			*splice = without(text, &member);
		splice_count++;
	}
	qsort(splices, splice_count, sizeof(*splices), compare_splices);
	for (unsigned int i = 0; i < splice_count; i++)
		splice_write(out, text, &at, &splices[i]);
	(void)fwrite(text + at, 1, end - at, out);
}
