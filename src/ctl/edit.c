/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glbctl table drain, fill, activate, remove, add: one safe step of one backend, in the source
 * file, or from standard input to standard output.
 *
 * The text is spliced rather than rewritten: everything else in it stays as it is, to the byte. The
 * result is parsed again, compared with the original, and put in place atomically. Edits of one
 * file are serialized.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glb/diff.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/json.h"
#include "conf/tables.h"
#include "splice.h"
#include "standard.h"
#include "sys/log.h"
#include "sys/replace.h"
#include "sys/words.h"

/* Verbs that set a state come first. */
enum verb { DRAIN, FILL, ACTIVATE, REMOVE, ADD };

/* The state that a verb leads to, and the states that it starts from. */
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
	const struct command_line *line;
	const char *path;
	struct glb_addr backend;
	const struct file_bytes *file;
	const char *text; /* the file's content */
	size_t len;
	struct conf_value tables; /* $.tables */
	struct glb_spec spec;	  /* parsed from the text */
	unsigned int table;	  /* index of the table to be edited */
	unsigned int index;	  /* index of the backend in it; unused for ADD */
};

static const char *backend_word(const struct edit *edit)
{
	return edit->line->args[1];
}

static const struct glb_table_spec *edit_table_of(const struct edit *edit)
{
	return &edit->spec.tables[edit->table];
}

static bool has_backend(unsigned int *index, const struct glb_table_spec *table,
			const struct glb_addr *addr)
{
	const struct glb_backend *backend = glb_backend_find(table, addr);

	if (backend)
		*index = (unsigned int)(backend - table->backends);
	return backend;
}

/* The table to edit: the one named, else the only one with this backend, else the only one. */
static int choose_table(struct edit *edit)
{
	const char *name = edit->line->values[OPTION_TABLE];
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
	    (edit->verb != ADD || !has_backend(&edit->index, edit_table_of(edit), &edit->backend)))
		return 0;
	if (found == 1)
		log_error("%s: %s is listed already", edit->path, backend_word(edit));
	else if (found)
		log_error("%s: more than one table matches; use --table NAME", edit->path);
	else
		log_error("%s: no such %s", edit->path, name ? "table" : "backend");
	return -EINVAL;
}

/* The edited text, to be released with free(); NULL after logging that memory is exhausted. */
static char *edited_text(size_t *len, const struct edit *edit)
{
	const char *const *values = edit->line->values;
	struct conf_value table = conf_element(&edit->tables, edit->table);
	struct conf_value backends;
	const struct listing list = {edit->text, edit->len, &backends};
	char *text;

	(void)conf_find(&backends, &table, "backends");
	if (edit->verb == ADD) {
		const struct new_backend backend = {backend_word(edit), values[OPTION_WEIGHT],
						    values[OPTION_ZONE], values[OPTION_SERVER_ID]};

		text = splice_in(len, &list, &backend);
	} else if (edit->verb == REMOVE) {
		text = splice_out(len, &list, edit->index);
	} else {
		text = splice_state(len, &list, edit->index, glb_state_name(steps[edit->verb].to));
	}
	if (!text)
		log_error("out of memory");
	return text;
}

/* Is the backend already in the target state, so that there is nothing to do? */
static bool is_done(const struct edit *edit)
{
	return edit->verb <= ACTIVATE &&
	       edit_table_of(edit)->backends[edit->index].state == steps[edit->verb].to;
}

static int check_transition(const struct edit *edit)
{
	const struct glb_backend *backend = &edit_table_of(edit)->backends[edit->index];

	if (edit->verb == ADD || steps[edit->verb].from >> backend->state & 1 ||
	    (edit->verb == REMOVE && !backend->healthy))
		return EXIT_OK;
	log_error("%s: %s is %s; %s", edit->path, backend_word(edit),
		  glb_state_name(backend->state), steps[edit->verb].otherwise);
	return EXIT_UNSAFE;
}

static void log_loss(const struct edit *edit, const struct glb_diff *diff)
{
	char servers[64] = "";

	if (diff->servers_lost)
		(void)snprintf(servers, sizeof(servers), " and of %u server ID%s",
			       diff->servers_lost, plural(diff->servers_lost));
	log_error("%s: flows on %u row%s%s would be lost%s", edit->path, diff->lost,
		  plural(diff->lost), servers,
		  command_has(edit->line, OPTION_SETTLED)
			  ? ""
			  : "; if the file has been in force for as long as the longest flow "
			    "lives, say --settled");
}

/* Would the step break flows, or fail to achieve its purpose? */
static int check_effect(const struct edit *edit, const struct glb_table *old,
			const struct glb_table *new)
{
	struct glb_diff diff;

	if (glb_diff_totals(&diff, old, new, command_has(edit->line, OPTION_SETTLED))) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	if (glb_diff_loses(&diff)) {
		log_loss(edit, &diff);
		return EXIT_UNSAFE;
	}

	unsigned int rows = edit->verb == DRAIN ? glb_primary_rows(new, &edit->backend) : 0;

	if (rows) {
		log_error(
			"%s: %s would still get new flows on %u row%s: no other backend of theirs "
			"is active and healthy",
			edit->path, backend_word(edit), rows, plural(rows));
		return EXIT_UNSAFE;
	}
	return EXIT_OK;
}

static int edit_compare(const struct edit *edit, const struct glb_spec *new)
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

/* Replaces the file that was read. Returns 0, or -errno after logging why. */
static int replace(const struct edit *edit, const char *text, size_t len)
{
	const struct file_draft draft = {
		.bytes = (const uint8_t *)text,
		.len = len,
		.was = edit->file,
	};
	struct stat before;
	struct stat after;
	bool known = !stat(edit->path, &before);
	int err = file_replace(edit->path, &draft);

	if (err) {
		log_error("%s: %s", edit->path, file_reason(err));
		return err;
	}
	if (known && !stat(edit->path, &after) &&
	    (before.st_uid != after.st_uid || before.st_gid != after.st_gid))
		log_warning("%s: is of owner %u:%u now, with mode %04o; it was of %u:%u",
			    edit->path, after.st_uid, after.st_gid, after.st_mode & 07777,
			    before.st_uid, before.st_gid);
	return 0;
}

/* Is it from standard input to standard output? */
static bool is_filter(const struct edit *edit)
{
	return is_standard(edit->path);
}

/* Reports the new state, on the stream that does not carry the file. */
static void announce_edit(const struct edit *edit, const char *already, const char *state)
{
	if (is_filter(edit))
		log_info("%s: %s%s", backend_word(edit), already, state);
	else
		printf("%s: %s%s\n", backend_word(edit), already, state);
}

/* Parses the new text, checks its effect, and puts it in place. */
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
		status = edit_compare(edit, &new);
	glb_spec_free(&new);
	if (status != EXIT_OK && !(status == EXIT_UNSAFE && command_has(edit->line, OPTION_FORCE)))
		return status;

	if (!is_filter(edit) && replace(edit, text, len))
		return EXIT_FAILED;
	announce_edit(edit, "",
		      edit->verb == REMOVE ? "removed" : glb_state_name(steps[edit->verb].to));
	return is_filter(edit) ? put_bytes(text, len) : EXIT_OK;
}

static int edit_apply(struct edit *edit)
{
	size_t len = 0;

	if (choose_table(edit))
		return EXIT_FAILED;

	if ((command_has(edit->line, OPTION_WEIGHT) || command_has(edit->line, OPTION_ZONE)) &&
	    !edit_table_of(edit)->hops) {
		log_error("%s: weights and zones are for tables with \"hops\"", edit->path);
		return EXIT_FAILED;
	}

	if (is_done(edit)) {
		announce_edit(edit, "already ", glb_state_name(steps[edit->verb].to));
		return is_filter(edit) ? put_bytes(edit->text, edit->len) : EXIT_OK;
	}

	char *text = edited_text(&len, edit);
	int status = text ? put_in_place(edit, text, len) : EXIT_FAILED;

	free(text);
	return status;
}

/* Parses the text, both as a document and as tables, and edits it. */
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
		status = edit_apply(edit);
	conf_close(&file);
	glb_spec_free(&edit->spec);
	return status;
}

/* Is it made of digits only, or NULL? */
static bool check_number(const char *name, const char *value)
{
	if (!value || (*value && !value[strspn(value, "0123456789")]))
		return true;
	log_error("%s: \"%s\" is not an integer", name, value);
	return false;
}

/* Can the options be written to the file verbatim? */
static bool check_options(const struct command_line *line)
{
	const char *zone = line->values[OPTION_ZONE];

	if (!check_number("--weight", line->values[OPTION_WEIGHT]) ||
	    !check_number("--server-id", line->values[OPTION_SERVER_ID]))
		return false;
	for (const char *c = zone ? zone : ""; *c; c++)
		if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ' ||
		    c - zone >= ZONE_LEN_MAX) {
			log_error("--zone: not a plain name of at most %d bytes", ZONE_LEN_MAX);
			return false;
		}
	return true;
}

/* Reads the file, whose lock is held, or standard input, and edits it. */
static int edit_locked(struct edit *edit)
{
	struct file_bytes file;
	int err = is_filter(edit) ? file_read_standard(&file) : file_read(&file, edit->path, 0);

	if (err) {
		log_error("%s: %s", edit->path, file_reason(err));
		return EXIT_FAILED;
	}
	edit->file = &file;
	edit->text = (const char *)file.bytes;
	edit->len = file.len;

	int status = edit_text(edit);

	file_free(&file);
	return status;
}

static int edit_file(enum verb verb, const struct command_line *line)
{
	struct edit edit = {.verb = verb, .line = line, .path = line->args[0]};

	if (!check_options(line))
		return EXIT_FAILED;
	if (!addr_parse(&edit.backend, backend_word(&edit))) {
		log_error("\"%s\" is not an IPv4 or IPv6 address", backend_word(&edit));
		return EXIT_FAILED;
	}

	if (is_filter(&edit))
		return edit_locked(&edit);

	int lock = file_lock(edit.path);

	if (lock < 0) {
		log_error("%s: %s", edit.path, file_reason(lock));
		return EXIT_FAILED;
	}

	int status = edit_locked(&edit);

	(void)close(lock);
	return status;
}

int table_drain(const struct command_line *line)
{
	return edit_file(DRAIN, line);
}

int table_fill(const struct command_line *line)
{
	return edit_file(FILL, line);
}

int table_activate(const struct command_line *line)
{
	return edit_file(ACTIVATE, line);
}

int table_remove(const struct command_line *line)
{
	return edit_file(REMOVE, line);
}

int table_add(const struct command_line *line)
{
	return edit_file(ADD, line);
}
