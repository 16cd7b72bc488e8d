/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glbctl table drain, fill, activate, remove, add: one safe step of one backend, in the source
 * file.
 *
 * The file's text is spliced, not written anew: whatever else stands in it stays as it is, to the
 * byte. The result is read again, compared with what was, and put in place in one step.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/diff.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/json.h"
#include "conf/tables.h"
#include "options.h"
#include "sys/file.h"
#include "sys/log.h"

enum { ZONE_LEN_MAX = 200 };

enum verb { DRAIN, FILL, ACTIVATE, REMOVE, ADD };

/* What a verb makes of a state, and which states it takes. */
static const struct {
	enum glb_state to;
	unsigned int from; /* a bit per state */
	const char *otherwise;
} steps[] = {
	[DRAIN] = {GLB_DRAINING, 1 << GLB_ACTIVE | 1 << GLB_FILLING,
		   "only an active or filling one is drained"},
	[FILL] = {GLB_FILLING, 1 << GLB_DRAINING | 1 << GLB_INACTIVE,
		  "only a draining or inactive one is filled"},
	[ACTIVATE] = {GLB_ACTIVE, 1 << GLB_FILLING, "only a filling one is activated"},
	[ADD] = {GLB_FILLING, 0, NULL},
	[REMOVE] = {GLB_INACTIVE, 1 << GLB_DRAINING | 1 << GLB_INACTIVE, "drain it first"},
};

struct edit {
	enum verb verb;
	const struct options *options;
	const char *path;
	struct glb_addr backend;
	const char *text; /* of the file */
	size_t len;
	struct conf_value tables; /* $.tables */
	struct glb_spec spec;	  /* what the text says */
	unsigned int table;	  /* index of the one that is changed */
	unsigned int index;	  /* of the backend in it; not for ADD */
};

/* Bytes [from, to) of the text become `by`, which is to be freed. */
struct splice {
	size_t from;
	size_t to;
	char *by;
};

static const char *backend_word(const struct edit *edit)
{
	return edit->options->args[1];
}

static const struct glb_table_spec *table_of(const struct edit *edit)
{
	return &edit->spec.tables[edit->table];
}

static bool has_backend(unsigned int *index, const struct glb_table_spec *table,
			const struct glb_addr *addr)
{
	for (unsigned int i = 0; i < table->backend_count; i++)
		if (glb_addr_equal(&table->backends[i].addr, addr)) {
			*index = i;
			return true;
		}
	return false;
}

/* The table that is meant: by name, or the only one with the backend, or the only one there is. */
static int choose_table(struct edit *edit)
{
	const char *name = edit->options->table;
	unsigned int found = 0;

	for (unsigned int t = 0; t < edit->spec.table_count; t++) {
		const struct glb_table_spec *table = &edit->spec.tables[t];
		unsigned int index = 0;
		bool named = name && table->name && !strcmp(table->name, name);
		bool listed = has_backend(&index, table, &edit->backend);

		if (name ? !named : edit->verb != ADD && !listed)
			continue;
		if (name && listed == (edit->verb == ADD)) {
			log_error("%s: table %s %s %s", edit->path, name,
				  listed ? "has already" : "does not have", backend_word(edit));
			return -EINVAL;
		}
		edit->table = t;
		edit->index = index;
		found++;
	}
	if (found == 1 &&
	    (edit->verb != ADD || !has_backend(&edit->index, table_of(edit), &edit->backend)))
		return 0;
	if (found == 1)
		log_error("%s: %s is listed already", edit->path, backend_word(edit));
	else if (found)
		log_error("%s: more than one table could be meant; say --table NAME", edit->path);
	else
		log_error("%s: there is no such %s", edit->path, name ? "table" : "backend");
	return -EINVAL;
}

/* The list of backends in the text. */
static void find_list(struct conf_value *table, struct conf_value *list, const struct edit *edit)
{
	*table = conf_element(&edit->tables, edit->table);
	(void)conf_find(list, table, "backends");
}

static void splice_state(struct splice *splice, const struct edit *edit)
{
	struct conf_value table;
	struct conf_value list;
	struct conf_value backend;
	struct conf_value state;

	find_list(&table, &list, edit);
	backend = conf_element(&list, edit->index);
	(void)conf_find(&state, &backend, "state");
	conf_span(&state, &splice->from, &splice->to);
	if (asprintf(&splice->by, "\"%s\"", glb_state_name(steps[edit->verb].to)) < 0)
		splice->by = NULL;
}

/* With the comma and white space that part it from its neighbour. */
static void splice_out(struct splice *splice, const struct edit *edit)
{
	struct conf_value table;
	struct conf_value list;
	struct conf_value one;
	struct conf_value neighbour;
	size_t ignored;

	find_list(&table, &list, edit);
	one = conf_element(&list, edit->index);
	conf_span(&one, &splice->from, &splice->to);
	if (edit->index > 0) {
		neighbour = conf_element(&list, edit->index - 1);
		conf_span(&neighbour, &ignored, &splice->from);
	} else if (conf_count(&list) > 1) {
		neighbour = conf_element(&list, 1);
		conf_span(&neighbour, &splice->to, &ignored);
	}
	splice->by = strdup("");
}

/* How a list of objects is laid out: pieces of the file's text, each with its length. */
struct layout {
	const char *between; /* two objects */
	int between_len;
	const char *inner; /* in front of the first key of an object */
	int inner_len;
	const char *outer; /* behind its last value */
	int outer_len;
};

static struct layout layout_of(const struct edit *edit, const struct conf_value *list)
{
	size_t count = conf_count(list);
	struct conf_value last = conf_element(list, count - 1);
	struct layout layout = {.between = ", ", .between_len = 2};
	size_t start;
	size_t end;

	conf_span(&last, &start, &end);
	layout.inner = edit->text + start + 1;
	layout.inner_len = (int)strspn(layout.inner, " \t\r\n");
	for (end--; strchr(" \t\r\n", edit->text[end - 1]); end--)
		layout.outer_len++;
	layout.outer = edit->text + end;
	if (count > 1) {
		struct conf_value other = conf_element(list, count - 2);
		size_t ignored;
		size_t from;

		conf_span(&other, &ignored, &from);
		layout.between = edit->text + from;
		layout.between_len = (int)(start - from);
	}
	return layout;
}

static void put_member(FILE *out, const struct layout *layout, const char *key, const char *value)
{
	bool lines = memchr(layout->inner, '\n', (size_t)layout->inner_len);

	(void)fprintf(out, ",%.*s\"%s\": %s", lines ? layout->inner_len : 1,
		      lines ? layout->inner : " ", key, value);
}

/* A new backend behind the last one, laid out like it. */
static void splice_in(struct splice *splice, const struct edit *edit)
{
	char zone[ZONE_LEN_MAX + 3];
	struct conf_value table;
	struct conf_value list;
	size_t ignored;
	size_t len;

	find_list(&table, &list, edit);

	(void)snprintf(zone, sizeof(zone), "\"%s\"",
		       edit->options->zone ? edit->options->zone : "");

	struct layout layout = layout_of(edit, &list);
	struct conf_value last = conf_element(&list, conf_count(&list) - 1);
	FILE *out = open_memstream(&splice->by, &len);

	conf_span(&last, &ignored, &splice->from);
	splice->to = splice->from;
	if (!out)
		return;
	(void)fprintf(out, "%.*s{%.*s\"ip\": \"%s\"", layout.between_len, layout.between,
		      layout.inner_len, layout.inner, backend_word(edit));
	put_member(out, &layout, "state", "\"filling\"");
	put_member(out, &layout, "healthy", "true");
	if (edit->options->weight)
		put_member(out, &layout, "weight", edit->options->weight);
	if (edit->options->zone)
		put_member(out, &layout, "zone", zone);
	if (edit->options->server_id)
		put_member(out, &layout, "server_id", edit->options->server_id);
	(void)fprintf(out, "%.*s}", layout.outer_len, layout.outer);
	if (fclose(out)) {
		free(splice->by);
		splice->by = NULL;
	}
}

/* The text after the edit, to be freed; NULL after logging that memory is out. */
static char *edited_text(size_t *len, const struct edit *edit)
{
	struct splice splice = {0};
	char *text = NULL;

	if (edit->verb == ADD)
		splice_in(&splice, edit);
	else if (edit->verb == REMOVE)
		splice_out(&splice, edit);
	else
		splice_state(&splice, edit);
	if (splice.by) {
		*len = splice.from + strlen(splice.by) + edit->len - splice.to;
		text = malloc(*len + 1);
	}
	if (text) {
		char *at = mempcpy(text, edit->text, splice.from);

		at = stpcpy(at, splice.by);
		memcpy(at, edit->text + splice.to, edit->len - splice.to);
	} else {
		log_error("out of memory");
	}
	free(splice.by);
	return text;
}

static int check_transition(const struct edit *edit)
{
	const struct glb_backend *backend = &table_of(edit)->backends[edit->index];

	if (edit->verb == ADD || steps[edit->verb].from >> backend->state & 1 ||
	    (edit->verb == REMOVE && !backend->healthy))
		return EXIT_OK;
	log_error("%s: %s is %s; %s", edit->path, backend_word(edit),
		  glb_state_name(backend->state), steps[edit->verb].otherwise);
	return EXIT_UNSAFE;
}

/* Rows on which the backend would still be the primary. */
static unsigned int count_primary(const struct glb_table *table, const struct glb_addr *addr)
{
	unsigned int index;
	unsigned int rows = 0;

	if (!has_backend(&index, &table->spec, addr))
		return 0;
	for (unsigned int row = 0; row < GLB_ROWS; row++)
		rows += table->rows[row].hops[0] == index;
	return rows;
}

/* Would the step break flows, or miss its aim? */
static int check_effect(const struct edit *edit, const struct glb_table *old,
			const struct glb_table *new)
{
	struct glb_diff diff;

	if (glb_diff_totals(&diff, old, new, edit->options->settled)) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	if (diff.lost) {
		log_error("%s: flows on %u rows would be lost%s", edit->path, diff.lost,
			  edit->options->settled ? ""
						 : "; if the file has been in force for as long as "
						   "the longest flow lives, say --settled");
		return EXIT_UNSAFE;
	}

	unsigned int rows = edit->verb == DRAIN ? count_primary(new, &edit->backend) : 0;

	if (rows) {
		log_error("%s: %s would still get new flows on %u rows: no other backend of theirs "
			  "is active and healthy",
			  edit->path, backend_word(edit), rows);
		return EXIT_UNSAFE;
	}
	return EXIT_OK;
}

static int compare(const struct edit *edit, const struct glb_spec *new)
{
	struct glb_tables tables[2] = {{0}};
	int status = EXIT_FAILED;

	if (glb_tables_build(&tables[0], &edit->spec, NULL, NULL) ||
	    glb_tables_build(&tables[1], new, &tables[0], NULL))
		log_error("out of memory");
	else
		status = check_effect(edit, tables[0].tables[edit->table],
				      tables[1].tables[edit->table]);
	glb_tables_free(&tables[0]);
	glb_tables_free(&tables[1]);
	return status;
}

/* Reads the new text, checks what it does, and puts it in place. */
static int put_in_place(const struct edit *edit, const char *text, size_t len)
{
	struct report report;
	struct glb_spec new;

	report_init(&report);
	if (spec_parse(&new, edit->path, text, len, &report)) {
		report_log(&report, SEVERITY_ERROR);
		return EXIT_FAILED;
	}

	int status = check_transition(edit);

	if (status == EXIT_OK)
		status = compare(edit, &new);
	glb_spec_free(&new);
	if (status != EXIT_OK && !(status == EXIT_UNSAFE && edit->options->force))
		return status;

	int err = file_replace(edit->path, (const uint8_t *)text, len);

	if (err) {
		log_error("%s: %s", edit->path, strerror(-err));
		return EXIT_FAILED;
	}
	printf("%s: %s\n", backend_word(edit),
	       edit->verb == REMOVE ? "removed" : glb_state_name(steps[edit->verb].to));
	return EXIT_OK;
}

static int apply(struct edit *edit)
{
	size_t len = 0;

	if (choose_table(edit))
		return EXIT_FAILED;

	if ((edit->options->weight || edit->options->zone) && !table_of(edit)->hops) {
		log_error("%s: weights and zones are for tables with \"hops\"", edit->path);
		return EXIT_FAILED;
	}

	char *text = edited_text(&len, edit);
	int status = text ? put_in_place(edit, text, len) : EXIT_FAILED;

	free(text);
	return status;
}

/* Opens the text for its places and its meaning, and goes on. */
static int edit_text(struct edit *edit)
{
	struct report report;
	struct conf_file file;
	int status = EXIT_FAILED;

	report_init(&report);
	if (spec_parse(&edit->spec, edit->path, edit->text, edit->len, &report) ||
	    conf_parse(&file, edit->path, edit->text, edit->len, &report)) {
		report_log(&report, SEVERITY_ERROR);
		glb_spec_free(&edit->spec);
		return EXIT_FAILED;
	}

	struct conf_value root = conf_root(&file);

	if (conf_find(&edit->tables, &root, "tables"))
		status = apply(edit);
	conf_close(&file);
	glb_spec_free(&edit->spec);
	return status;
}

/* Digits alone, or NULL? */
static bool check_number(const char *name, const char *value)
{
	if (!value || (*value && !value[strspn(value, "0123456789")]))
		return true;
	log_error("%s: \"%s\" is not an integer", name, value);
	return false;
}

/* Will the options stand in the file as they are? */
static bool check_options(const struct options *options)
{
	const char *zone = options->zone;

	if (!check_number("--weight", options->weight) ||
	    !check_number("--server-id", options->server_id))
		return false;
	for (const char *c = zone ? zone : ""; *c; c++)
		if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ' ||
		    c - zone >= ZONE_LEN_MAX) {
			log_error("--zone: not a plain name of at most %d bytes", ZONE_LEN_MAX);
			return false;
		}
	return true;
}

static int edit_file(enum verb verb, int argc, char **argv)
{
	unsigned int set = OPTION_TABLE | OPTION_FORCE | OPTION_SETTLED |
			   (verb == ADD ? OPTION_WEIGHT | OPTION_ZONE | OPTION_SERVER_ID : 0);
	struct options options;
	struct file_bytes bytes;

	if (!read_options(&options, set, argc, argv) || options.arg_count != 2)
		return EXIT_USAGE;

	struct edit edit = {.verb = verb, .options = &options, .path = options.args[0]};

	if (!check_options(&options))
		return EXIT_FAILED;
	if (!addr_parse(&edit.backend, backend_word(&edit))) {
		log_error("\"%s\" is not an IPv4 or IPv6 address", backend_word(&edit));
		return EXIT_FAILED;
	}

	int err = file_read(&bytes, edit.path);

	if (err) {
		log_error("%s: %s", edit.path, strerror(-err));
		return EXIT_FAILED;
	}
	edit.text = (const char *)bytes.bytes;
	edit.len = bytes.len;

	int status = edit_text(&edit);

	free(bytes.bytes);
	return status;
}

int table_drain(int argc, char **argv)
{
	return edit_file(DRAIN, argc, argv);
}

int table_fill(int argc, char **argv)
{
	return edit_file(FILL, argc, argv);
}

int table_activate(int argc, char **argv)
{
	return edit_file(ACTIVATE, argc, argv);
}

int table_remove(int argc, char **argv)
{
	return edit_file(REMOVE, argc, argv);
}

int table_add(int argc, char **argv)
{
	return edit_file(ADD, argc, argv);
}
