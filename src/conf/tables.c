/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/encap.h>
#include <glb/image.h>

#include "conf/addr.h"
#include "conf/backends.h"
#include "conf/binds.h"
#include "conf/findings.h"
#include "conf/health_plan.h"
#include "conf/json.h"
#include "conf/keys.h"
#include "conf/loops.h"
#include "conf/names.h"
#include "conf/overlap.h"
#include "conf/room.h"
#include "conf/tables.h"
#include "sys/parallel.h"

static int tables_read_name(struct glb_table_spec *out, const struct conf_value *table)
{
	struct conf_value value;
	const char *name;

	if (!conf_find(&value, table, "name") || conf_string(&name, &value))
		return 0;
	out->name = strdup(name);
	return out->name ? 0 : -ENOMEM;
}

static void read_hops(struct glb_table_spec *out, const struct conf_value *table)
{
	struct conf_value value;
	uint32_t hops;

	if (conf_find(&value, table, "hops") && !conf_uint(&hops, 2, GLB_HOPS_MAX, &value))
		out->hops = (uint8_t)hops;
}

static void read_max_load(struct glb_table_spec *out, const struct conf_value *table)
{
	struct conf_value value;
	struct conf_value hops;
	uint32_t percent;

	if (!conf_find(&value, table, "max_load"))
		return;
	if (!conf_find(&hops, table, "hops"))
		conf_warn(&value, "has no effect without \"hops\" in its table");
	else if (!conf_uint(&percent, GLB_MAX_LOAD_LEAST, GLB_MAX_LOAD_MOST, &value))
		out->max_load = (uint8_t)percent;
}

static int read_table(struct glb_table_spec *out, const struct conf_value *table)
{
	static const char *const known[] = {
		"name",	 "hash_key", "seed",	     "hops", "max_load",
		"binds", "backends", "healthchecks", NULL,
	};

	struct findings findings = {.table = table, .spec = out};
	const struct glb_check check = findings_check(&findings);

	if (conf_object(table))
		return 0;
	conf_warn_unknown(table, known);
	key_read(out->hash_key, table, "hash_key");
	key_read(out->seed, table, "seed");
	read_hops(out, table);
	read_max_load(out, table);
	glb_check_options(&check, out);

	int err = tables_read_name(out, table);

	if (!err)
		err = binds_read(out, table);
	return err ? err : backends_read(out, table);
}

/* Is it director.json? Then a single error says so, and nothing else is reported. */
static bool is_of_director(const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "tables") || !conf_find(&value, root, "outbound_gateway_mac"))
		return false;
	(void)conf_refuse(
		root,
		"has the keys of a director.json, and no \"tables\": were two files swapped?");
	return true;
}

int spec_read(struct glb_spec *out, const struct conf_value *root)
{
	static const char *const known[] = {"tables", "healthchecks", NULL};
	struct conf_value list;
	int err = 0;

	if (conf_object(root) || is_of_director(root))
		return 0;
	conf_warn_unknown(root, known);
	if (conf_member(&list, root, "tables") || conf_array(&list))
		return 0;

	struct findings findings = {.tables = &list};
	const struct glb_check check = findings_check(&findings);
	size_t count = conf_count(&list);

	glb_check_table_count(&check, count);
	out->tables = calloc(count + 1, sizeof(*out->tables));
	if (!out->tables)
		return -ENOMEM;
	for (unsigned int i = 0; i < count && !err; i++) {
		struct conf_value table = conf_element(&list, i);

		out->table_count = i + 1;
		err = read_table(&out->tables[i], &table);
	}
	if (!err)
		err = overlaps_warn(out, &list);
	if (!err)
		err = keys_warn(out, &list);
	if (!err)
		err = names_warn(out, &list);
	return err ? err : loops_warn(out, &list, list.file->report);
}

/* Parses a file and reads its spec. On success the file stays open, for locations in reports. */
static int open_spec(struct glb_spec *out, struct conf_file *file, const char *path,
		     const char *bytes, size_t len, struct report *report)
{
	uint32_t errors = report->totals[SEVERITY_ERROR];
	struct glb_spec spec = {0};
	int err = conf_parse(file, path, bytes, len, report);

	if (err)
		return err;

	struct conf_value root = conf_root(file);

	err = spec_read(&spec, &root);
	if (!err && report->probing)
		err = health_warn(&spec, &root);
	if (err)
		report_fail(report, "out of memory");
	else if (report->totals[SEVERITY_ERROR] > errors)
		err = -EINVAL;
	if (err) {
		glb_spec_free(&spec);
		conf_close(file);
		return err;
	}
	*out = spec;
	return 0;
}

int spec_parse(struct glb_spec *out, const char *path, const char *bytes, size_t len,
	       struct report *report)
{
	struct conf_file file;
	int err = open_spec(out, &file, path, bytes, len, report);

	if (!err)
		conf_close(&file);
	return err;
}

int spec_load(struct glb_spec *out, const char *path, struct report *report)
{
	struct conf_input input = {.path = path, .standard = true};

	inputs_read(&input, 1);

	int err = input_check(&input, report);

	if (err)
		return err;
	err = spec_parse(out, path, (const char *)input.file.bytes, input.file.len, report);
	inputs_free(&input, 1);
	return err;
}

/* Is there a choice of backends for the further hops? */
static bool tables_has_choice(const struct glb_table_spec *spec)
{
	bool healthy = false;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		healthy |= glb_backend_usable(&spec->backends[i]) && spec->backends[i].healthy;
	return healthy && glb_usable_count(spec) > 1;
}

static double tables_percent(uint32_t rows)
{
	return 100.0 * rows / GLB_ROWS;
}

static void warn_of_unhealthy_rows(const struct conf_value *value, const struct glb_table *table)
{
	struct glb_unhealthy_rows rows = table->unhealthy;
	uint32_t all = rows.both + rows.not_replaced + rows.replaced;

	if (!all || !tables_has_choice(&table->spec))
		return;
	conf_remark(
		value, SEVERITY_WARNING,
		"an unhealthy backend is first in %.2f %% of rows: in %.2f %% both choices are "
		"unhealthy, in %.2f %% a healthy second is filling or draining and stays behind, "
		"in %.2f %% it displaced a healthy draining one; \"hops\": 3 or 4 would avoid it",
		tables_percent(all), tables_percent(rows.both), tables_percent(rows.not_replaced),
		tables_percent(rows.replaced));
}

/* Checks that need the built rows. */
static void judge_tables(const struct glb_tables *tables, const struct conf_file *file)
{
	struct conf_value root = conf_root(file);
	struct conf_value list;

	(void)conf_find(&list, &root, "tables");
	for (unsigned int i = 0; i < tables->count; i++) {
		const struct glb_tables one = {&tables->tables[i], 1};
		struct conf_value value = conf_element(&list, i);

		warn_of_unhealthy_rows(&value, tables->tables[i]);
		if (glb_image_version(&one) > 2)
			conf_remark(
				&value, SEVERITY_NOTE,
				"more than 256 backends or binds, more than two hops, or QUIC: its "
				"image is of version %u, which the original's programs cannot read",
				glb_image_version(&one));
	}
}

/* Is there memory for tables of this size? */
static int tables_check_room(uint64_t tables_len, struct report *report)
{
	struct glb_diag reason = {{0}};
	int err = room_check(tables_len, &reason);

	if (err)
		report_fail(report, "%s", reason.text);
	return err;
}

static int build_listed(struct glb_tables *out, const char *path, const struct file_bytes *bytes,
			const struct glb_building *how, struct report *report)
{
	struct glb_building building = how ? *how : (struct glb_building){0};
	struct glb_diag reason = {{0}};
	struct conf_file file;
	struct glb_spec spec;
	int err = open_spec(&spec, &file, path, (const char *)bytes->bytes, bytes->len, report);

	if (err)
		return err;
	/* on every processor of this thread; the director's control thread has one */
	building.run = parallel_run;
	err = tables_check_room(glb_tables_len(&spec, building.known), report);
	if (!err) {
		err = glb_tables_build_how(out, &spec, &building, &reason);
		if (err)
			report_fail(report, "%s", reason.text);
	}
	if (!err)
		judge_tables(out, &file);
	glb_spec_free(&spec);
	conf_close(&file);
	return err;
}

/* Checks the spec of tables read from an image, which it shares. */
static int judge_image(const struct glb_tables *tables, struct report *report)
{
	struct glb_spec spec = {.table_count = tables->count};
	int err;

	spec.tables = calloc(tables->count, sizeof(*spec.tables));
	if (!spec.tables)
		return -ENOMEM;
	for (unsigned int i = 0; i < tables->count; i++)
		spec.tables[i] = tables->tables[i]->spec;
	err = loops_warn(&spec, NULL, report);
	free(spec.tables);
	return err;
}

static int read_image(struct glb_tables *out, const struct conf_input *input, struct report *report)
{
	uint32_t errors = report->totals[SEVERITY_ERROR];
	struct glb_diag reason = {{0}};
	uint32_t count = glb_image_count(input->file.bytes, input->file.len);
	struct glb_tables tables;
	int err;

	report_file(report, input->path);
	err = tables_check_room(glb_tables_len_of(count), report);
	if (err)
		return err;
	err = glb_image_read(&tables, input->file.bytes, input->file.len, &reason);
	if (err) {
		report_fail(report, "%s", reason.text);
		return err;
	}
	err = judge_image(&tables, report);
	if (err)
		report_fail(report, "out of memory");
	else if (report->totals[SEVERITY_ERROR] > errors)
		err = -EINVAL;
	if (err)
		glb_tables_free(&tables);
	else
		*out = tables;
	return err;
}

int tables_read(struct glb_tables *out, const struct conf_input *input,
		const struct glb_building *how, struct report *report)
{
	const struct file_bytes *file = &input->file;
	int err = input_check(input, report);

	if (err)
		return err;
	if (glb_image_detect(file->bytes, file->len))
		err = read_image(out, input, report);
	else
		err = build_listed(out, input->path, file, how, report);
	input_guard(input, report);
	return err;
}

int tables_load(struct glb_tables *out, const char *path, const struct glb_building *how,
		struct report *report)
{
	struct conf_input input = {.path = path, .standard = true};

	inputs_read(&input, 1);

	int err = tables_read(out, &input, how, report);

	inputs_free(&input, 1);
	return err;
}

int tables_find(const struct glb_tables *tables, const struct glb_table *table)
{
	const char *name = table->spec.name;

	for (unsigned int i = 0; name && i < tables->count; i++) {
		const char *other = tables->tables[i]->spec.name;

		if (other && !strcmp(name, other))
			return (int)i;
	}
	for (unsigned int i = 0; i < tables->count && table->ranked; i++)
		if (tables->tables[i]->ranked &&
		    !memcmp(tables->tables[i]->spec.seed, table->spec.seed,
			    sizeof(table->spec.seed)))
			return (int)i;
	return -1;
}
