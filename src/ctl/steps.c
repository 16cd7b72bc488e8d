/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/json.h"
#include "conf/tables.h"
#include "plan.h"
#include "splice.h"
#include "sys/log.h"
#include "sys/replace.h"

/* --- The text of a step --- */

/* Both files, parsed, for the positions of their values. */
struct texts {
	struct report report;
	struct conf_file old;
	struct conf_file new;
	const struct step_files *files;
	const struct fleet_plan *fleet;
};

static struct conf_value tables_in(const struct conf_file *file)
{
	struct conf_value root = conf_root(file);
	struct conf_value tables;

	(void)conf_find(&tables, &root, "tables");
	return tables;
}

static int open_texts(struct texts *texts, const struct step_files *files)
{
	const struct conf_input *old = files->old;
	const struct conf_input *new = files->new;
	int err;

	report_init(&texts->report);
	texts->files = files;
	err = conf_parse(&texts->old, old->path, (const char *)old->file.bytes, old->file.len,
			 &texts->report);
	if (err)
		return err;
	err = conf_parse(&texts->new, new->path, (const char *)new->file.bytes, new->file.len,
			 &texts->report);
	if (err)
		conf_close(&texts->old);
	return err;
}

static void close_texts(struct texts *texts)
{
	conf_close(&texts->old);
	conf_close(&texts->new);
}

/* The index of an address in a table, or its number of backends if it has none. */
static unsigned int index_of(const struct glb_table_spec *table, const struct glb_addr *addr)
{
	unsigned int i = 0;

	while (i < table->backend_count && !glb_addr_equal(&table->backends[i].addr, addr))
		i++;
	return i;
}

/* Do two tables agree on a backend, except for state and health? */
static bool says_the_same(const struct glb_table_spec *a, unsigned int at,
			  const struct glb_table_spec *b, const struct glb_backend *other)
{
	const struct glb_backend *one = &a->backends[at];

	return at < a->backend_count && glb_backend_weight(one) == glb_backend_weight(other) &&
	       !strcmp(glb_zone_name(a, one->zone), glb_zone_name(b, other->zone)) &&
	       one->has_server_id == other->has_server_id && one->server_id == other->server_id;
}

/* Copies a value of a file verbatim. */
static void steps_put_value(FILE *out, const char *text, const struct conf_value *value)
{
	size_t start;
	size_t end;

	conf_span(value, &start, &end);
	(void)fwrite(text + start, 1, end - start, out);
}

/* A table as it is after a step. */
struct state {
	const struct texts *texts;
	const struct table_plan *one;
	const struct glb_table_spec *spec;
};

/* Writes a backend, copied from whichever file has it with these options. */
static void steps_put_backend(FILE *out, const struct state *state,
			      const struct glb_backend *backend)
{
	const struct texts *texts = state->texts;
	const struct table_plan *one = state->one;
	unsigned int at = index_of(&one->table->spec, &backend->addr);
	bool is_old = says_the_same(&one->table->spec, at, state->spec, backend);
	const struct conf_value tables = tables_in(is_old ? &texts->old : &texts->new);
	const struct conf_input *input = is_old ? texts->files->old : texts->files->new;
	struct conf_value table = conf_element(&tables, is_old ? one->index : one->wanted_index);
	struct conf_value list;
	char word[32];

	(void)conf_find(&list, &table, "backends");
	(void)snprintf(word, sizeof(word), "\"%s\"", glb_state_name(backend->state));
	if (!is_old)
		at = index_of(&one->wanted->spec, &backend->addr);

	struct conf_value object = conf_element(&list, at);
	const struct member members[] = {
		{"state", word},
		{"healthy", backend->healthy ? "true" : "false"},
		{NULL, NULL},
	};

	splice_members(out, (const char *)input->file.bytes, &object, members);
}

/* Was it removed by this step or an earlier one? */
static bool steps_has_left(const struct table_plan *one, const struct glb_backend *backend)
{
	const struct glb_table_spec *old = &one->table->spec;
	const struct glb_table_spec *wanted = &one->wanted->spec;
	unsigned int at = index_of(old, &backend->addr);

	return backend->state == GLB_INACTIVE &&
	       index_of(wanted, &backend->addr) == wanted->backend_count &&
	       at < old->backend_count && glb_backend_usable(&old->backends[at]);
}

/* Writes the list of backends, formatted as in the old file. */
static void steps_put_backends(FILE *out, const struct state *state)
{
	const char *text = (const char *)state->texts->files->old->file.bytes;
	const struct glb_table_spec *spec = state->spec;
	const struct conf_value tables = tables_in(&state->texts->old);
	struct conf_value table = conf_element(&tables, state->one->index);
	struct conf_value list;
	size_t start;
	size_t first;
	size_t last;
	size_t end;
	bool more = false;

	(void)conf_find(&list, &table, "backends");
	conf_span(&list, &start, &end);

	struct conf_value element = conf_element(&list, 0);
	struct conf_value final = conf_element(&list, conf_count(&list) - 1);
	size_t ignored;

	conf_span(&element, &first, &ignored);
	conf_span(&final, &ignored, &last);
	for (unsigned int i = 0; i < spec->backend_count; i++) {
		if (steps_has_left(state->one, &spec->backends[i]))
			continue;
		(void)fputc(more ? ',' : '[', out);
		(void)fwrite(text + start + 1, 1, first - start - 1, out);
		steps_put_backend(out, state, &spec->backends[i]);
		more = true;
	}
	(void)fwrite(text + last, 1, end - last, out);
}

/* Writes one table as it is after a step, without members that only the new file has. */
static int put_table(FILE *out, const struct texts *texts, const struct table_plan *one,
		     unsigned int step)
{
	const char *text = (const char *)texts->files->old->file.bytes;
	const struct conf_value tables = tables_in(&texts->old);
	const struct conf_value table = conf_element(&tables, one->index);
	unsigned int lasting = one->plan.step_count ? one->plan.step_count - 1 : 0;
	unsigned int taken = step < lasting ? step : lasting;
	const struct glb_table_spec *spec = taken ? &one->plan.steps[taken - 1].spec : NULL;
	char hops[8];
	char max_load[8];
	char *backends = NULL;
	size_t len;

	if (!spec) {
		steps_put_value(out, text, &table);
		return 0;
	}

	FILE *list = open_memstream(&backends, &len);

	if (!list)
		return -ENOMEM;
	steps_put_backends(list, &(struct state){texts, one, spec});

	int err = fclose(list) ? -ENOMEM : 0;
	const struct member members[] = {
		{"backends", backends},
		{"hops", spec->hops ? hops : NULL},
		{"max_load", spec->max_load ? max_load : NULL},
		{NULL, NULL},
	};

	(void)snprintf(hops, sizeof(hops), "%u", spec->hops);
	(void)snprintf(max_load, sizeof(max_load), "%u", spec->max_load);
	if (!err)
		splice_members(out, text, &table, members);
	free(backends);
	return err;
}

/* Writes the old file with its tables as they are after a step. */
static int steps_put_tables(FILE *out, const struct texts *texts, unsigned int step)
{
	const struct fleet_plan *fleet = texts->fleet;
	const struct file_bytes *file = &texts->files->old->file;
	const struct conf_value tables = tables_in(&texts->old);
	size_t at = 0;

	for (unsigned int t = 0; t < fleet->table_count; t++) {
		struct conf_value table = conf_element(&tables, t);
		size_t start;
		size_t end;

		conf_span(&table, &start, &end);
		(void)fwrite(file->bytes + at, 1, start - at, out);
		if (put_table(out, texts, &fleet->tables[t], step))
			return -ENOMEM;
		at = end;
	}
	(void)fwrite(file->bytes + at, 1, file->len - at, out);
	return 0;
}

/* --- Files --- */

const char *step_name(char out[STEP_NAME_LEN], const struct fleet_plan *fleet, unsigned int step)
{
	int digits = snprintf(NULL, 0, "%u", fleet->step_count);

	(void)snprintf(out, STEP_NAME_LEN, "step-%0*u.json", digits, step);
	return out;
}

/* A temporary folder next to its final path. */
struct draft_folder {
	char path[PATH_MAX + sizeof(".XXXXXX")];
	char wanted[PATH_MAX]; /* without a trailing slash */
};

static int write_file(const struct draft_folder *folder, const char *name,
		      const struct file_draft *draft)
{
	char path[sizeof(folder->path) + STEP_NAME_LEN];

	(void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);

	int err = file_replace(path, draft);

	if (err)
		log_error("%s/%s: %s", folder->wanted, name, file_reason(err));
	return err;
}

/* Generates the text of a step other than the last. Returns 0 and *text, to be released with
 * free(); or -errno. */
static int steps_make_text(char **text, size_t *len, const struct texts *texts, unsigned int step)
{
	FILE *out = open_memstream(text, len);
	int err;

	if (!out)
		return -ENOMEM;
	err = steps_put_tables(out, texts, step);
	if (fclose(out) && !err)
		err = -ENOMEM;
	return err;
}

/* Is a text as valid as the files that it was made from? Logs why not. */
static int steps_check_text(const char *name, const char *text, size_t len)
{
	struct report report;
	struct glb_spec spec;

	report_init(&report);

	int err = spec_parse(&spec, name, text, len, &report);

	report_log(&report, SEVERITY_ERROR);
	if (!err)
		glb_spec_free(&spec);
	return err;
}

static int write_state(const struct draft_folder *folder, const struct texts *texts,
		       unsigned int step)
{
	char name[STEP_NAME_LEN];
	char *text = NULL;
	size_t len = 0;
	int err = steps_make_text(&text, &len, texts, step);

	(void)step_name(name, texts->fleet, step);
	if (err)
		log_error("out of memory");
	else
		err = steps_check_text(name, text, len);
	if (!err)
		err = write_file(folder, name,
				 &(struct file_draft){.bytes = (const uint8_t *)text,
						      .len = len,
						      .source = texts->files->old->path});
	if (text)
		explicit_bzero(text, len); /* it contains keys */
	free(text);
	return err;
}

static int steps_write_all(const struct draft_folder *folder, const struct texts *texts)
{
	const struct fleet_plan *fleet = texts->fleet;
	const struct conf_input *new = texts->files->new;
	char name[STEP_NAME_LEN];

	for (unsigned int step = 1; step < fleet->step_count; step++) {
		int err = write_state(folder, texts, step);

		if (err)
			return err;
	}
	return write_file(folder, step_name(name, fleet, fleet->step_count),
			  &(struct file_draft){.bytes = new->file.bytes,
					       .len = new->file.len,
					       .source = new->path});
}

static void remove_draft(const struct draft_folder *folder, const struct fleet_plan *fleet)
{
	char name[STEP_NAME_LEN];
	char path[sizeof(folder->path) + STEP_NAME_LEN];

	for (unsigned int step = 1; step <= fleet->step_count; step++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder->path,
			       step_name(name, fleet, step));
		(void)unlink(path);
	}
	(void)rmdir(folder->path);
}

/* Creates the temporary folder with the permissions of the existing folder, or those of a new
 * one. */
static int make_draft(struct draft_folder *out, const char *wanted)
{
	size_t len = strlen(wanted);
	mode_t mask = umask(0);
	struct stat there;

	(void)umask(mask);
	while (len > 1 && wanted[len - 1] == '/')
		len--;
	if (len >= sizeof(out->wanted))
		return -ENAMETOOLONG;
	(void)snprintf(out->wanted, sizeof(out->wanted), "%.*s", (int)len, wanted);
	(void)snprintf(out->path, sizeof(out->path), "%s.XXXXXX", out->wanted);

	bool is_there = !stat(out->wanted, &there);

	if (!mkdtemp(out->path))
		return -errno;
	if ((is_there && chown(out->path, there.st_uid, there.st_gid)) ||
	    chmod(out->path, is_there ? there.st_mode & 07777 : 0777 & ~mask)) {
		int err = -errno;

		(void)rmdir(out->path);
		return err;
	}
	return 0;
}

/* Moves the temporary folder into place; fails unless there is nothing or an empty folder. */
static int place_folder(const struct draft_folder *folder)
{
	char parent[PATH_MAX];

	if (rename(folder->path, folder->wanted))
		return -errno;
	(void)snprintf(parent, sizeof(parent), "%s", folder->wanted);

	int fd = open(dirname(parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd); /* the files in it are on disk already */
		(void)close(fd);
	}
	return 0;
}

static void log_folder(const char *folder, int err)
{
	if (err == -ENOTEMPTY || err == -EEXIST)
		log_error("%s: has files in it; name a folder that is empty or not there yet",
			  folder);
	else
		log_error("%s: %s", folder, file_reason(err));
}

int steps_write(const struct fleet_plan *fleet, const struct step_files *files)
{
	struct draft_folder folder;
	struct texts texts = {.fleet = fleet};
	int err = make_draft(&folder, files->folder);

	if (err) {
		log_folder(files->folder, err);
		return err;
	}
	err = open_texts(&texts, files);
	report_log(&texts.report, SEVERITY_ERROR);
	if (!err) {
		err = steps_write_all(&folder, &texts);
		close_texts(&texts);
	}
	if (!err) {
		err = place_folder(&folder);
		if (err)
			log_folder(files->folder, err);
	}
	if (err)
		remove_draft(&folder, fleet);
	return err;
}
