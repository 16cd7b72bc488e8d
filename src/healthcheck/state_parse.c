/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/json.h"
#include "healthcheck/state_parts.h"

/* Converts from wall-clock time. 0 remains 0, and nothing else becomes 0. */
static int read_time(uint64_t *out, const struct kept *kept, const struct conf_value *value)
{
	uint64_t wall_ms;
	uint64_t age_ms;
	int err = conf_count64(&wall_ms, value);

	if (err)
		return err;
	age_ms = wall_ms < kept->time->wall_ms ? kept->time->wall_ms - wall_ms : 0;
	*out = kept->time->now_ms - age_ms;
	if (!*out)
		*out = 1;
	if (!wall_ms)
		*out = 0;
	return 0;
}

static int read_bool(bool *out, const struct conf_value *object, const char *key)
{
	struct conf_value value;
	int err = conf_member(&value, object, key);

	return err ? err : conf_bool(out, &value);
}

static int read_since(uint64_t *out, const struct kept *kept, const struct conf_value *object)
{
	struct conf_value value;
	int err = conf_member(&value, object, "since");

	return err ? err : read_time(out, kept, &value);
}

static int state_read_name(const char **out, const struct conf_value *object)
{
	struct conf_value value;
	int err = conf_member(&value, object, "name");

	return err ? err : conf_string(out, &value);
}

/* An array member. */
static int state_read_list(struct conf_value *out, const struct conf_value *object, const char *key)
{
	int err = conf_member(out, object, key);

	return err ? err : conf_array(out);
}

/* Allocates one element more than needed, so that an empty list is not NULL. */
static void *room_for(size_t *count, const struct conf_value *list, size_t size)
{
	*count = conf_count(list);
	return calloc(*count + 1, size);
}

static int read_flaps(struct judge_backend *out, const struct kept *kept,
		      const struct conf_value *backend)
{
	struct conf_value list;
	int err = state_read_list(&list, backend, "flaps");
	size_t count = err ? 0 : conf_count(&list);

	if (count > JUDGE_FLAPS_MAX)
		return conf_refuse(&list, "has %zu elements, more than %d", count, JUDGE_FLAPS_MAX);
	for (size_t i = 0; i < count && !err; i++) {
		struct conf_value value = conf_element(&list, i);

		err = read_time(&out->flaps_ms[i], kept, &value);
		if (!err && !out->flaps_ms[i])
			err = conf_refuse(&value, "is no time");
		if (!err && i &&
		    kept->time->now_ms - out->flaps_ms[i] <
			    kept->time->now_ms - out->flaps_ms[i - 1])
			err = conf_refuse(&value, "is later than the one before");
	}
	return err;
}

static int state_read_backend(struct kept_backend *out, const struct kept *kept,
			      const struct conf_value *backend)
{
	static const char *const known[] = {"ip",  "known", "healthy", "degraded", "held",
					    "fit", "since", "flaps",   NULL};
	struct judge_backend *judged = &out->judged;
	const struct {
		const char *key;
		bool *out;
	} flags[] = {
		{"known", &judged->is_known},	 {"healthy", &judged->healthy},
		{"degraded", &judged->degraded}, {"held", &judged->held},
		{"fit", &judged->fit},
	};
	struct conf_value ip;
	int err = conf_object(backend);

	if (!err)
		err = conf_refuse_unknown(backend, known);
	if (!err)
		err = conf_member(&ip, backend, "ip");
	if (!err)
		err = conf_addr(&out->addr, &ip);
	for (unsigned int i = 0; i < sizeof(flags) / sizeof(*flags) && !err; i++)
		err = read_bool(flags[i].out, backend, flags[i].key);
	if (!err)
		err = read_since(&judged->since_ms, kept, backend);
	return err ? err : read_flaps(judged, kept, backend);
}

/* Sorts the backends; an address that appears twice is an error. */
static int sort_backends(struct kept_table *table, const struct conf_value *list)
{
	char text[ADDR_TEXT_LEN];

	qsort(table->backends, table->backend_count, sizeof(*table->backends), kept_backend_order);
	for (uint32_t i = 1; i < table->backend_count; i++)
		if (!kept_backend_order(&table->backends[i - 1], &table->backends[i]))
			return conf_refuse(list, "has %s twice",
					   addr_text(text, &table->backends[i].addr));
	return 0;
}

static int state_read_table(struct kept_table *out, const struct kept *kept,
			    const struct conf_value *table)
{
	static const char *const known[] = {"name", "backends", NULL};
	struct conf_value list;
	size_t count;
	int err = conf_object(table);

	if (!err)
		err = conf_refuse_unknown(table, known);
	if (!err)
		err = state_read_name(&out->name, table);
	if (!err)
		err = state_read_list(&list, table, "backends");
	if (err)
		return err;
	out->backends = room_for(&count, &list, sizeof(*out->backends));
	if (!out->backends)
		return -ENOMEM;
	out->backend_count = (uint32_t)count;
	for (size_t i = 0; i < count && !err; i++) {
		struct conf_value backend = conf_element(&list, i);

		err = state_read_backend(&out->backends[i], kept, &backend);
	}
	return err ? err : sort_backends(out, &list);
}

static int state_read_tables(struct kept *kept, const struct conf_value *root)
{
	struct conf_value list;
	size_t count;
	int err = state_read_list(&list, root, "tables");

	if (err)
		return err;
	kept->tables = room_for(&count, &list, sizeof(*kept->tables));
	if (!kept->tables)
		return -ENOMEM;
	for (size_t i = 0; i < count && !err; i++) {
		struct conf_value table = conf_element(&list, i);

		kept->table_count++;
		kept->tables[i].place = (uint32_t)i;
		err = state_read_table(&kept->tables[i], kept, &table);
	}
	if (!err)
		qsort(kept->tables, kept->table_count, sizeof(*kept->tables), kept_table_order);
	return err;
}

static int read_check(struct kept_check *out, const struct kept *kept,
		      const struct conf_value *check)
{
	static const char *const known[] = {"name", "status", "degraded", "since", NULL};
	struct conf_value value;
	uint32_t status;
	int err = conf_object(check);

	if (!err)
		err = conf_refuse_unknown(check, known);
	if (!err)
		err = state_read_name(&out->name, check);
	if (!err)
		err = conf_member(&value, check, "status");
	if (!err)
		err = conf_choice(&status, state_statuses, "unknown, up or down", &value);
	if (!err)
		err = read_bool(&out->is_degraded, check, "degraded");
	if (!err)
		err = read_since(&out->judged.since_ms, kept, check);
	if (!err)
		out->judged.status = (enum judge_status)status;
	return err;
}

static int sort_checks(struct kept *kept, const struct conf_value *list)
{
	qsort(kept->checks, kept->check_count, sizeof(*kept->checks), kept_check_order);
	for (uint32_t i = 1; i < kept->check_count; i++)
		if (!kept_check_order(&kept->checks[i - 1], &kept->checks[i]))
			return conf_refuse(list, "has \"%s\" twice", kept->checks[i].name);
	return 0;
}

static int read_checks(struct kept *kept, const struct conf_value *root)
{
	struct conf_value list;
	size_t count;
	int err = state_read_list(&list, root, "checks");

	if (err)
		return err;
	kept->checks = room_for(&count, &list, sizeof(*kept->checks));
	if (!kept->checks)
		return -ENOMEM;
	kept->check_count = (uint32_t)count;
	for (size_t i = 0; i < count && !err; i++) {
		struct conf_value check = conf_element(&list, i);

		err = read_check(&kept->checks[i], kept, &check);
	}
	return err ? err : sort_checks(kept, &list);
}

static int read_head(const struct conf_value *root)
{
	static const char *const formats[] = {STATE_FORMAT, NULL};
	struct conf_value value;
	uint32_t number;
	int err = conf_object(root);

	if (!err)
		err = conf_member(&value, root, "format");
	if (!err)
		err = conf_choice(&number, formats, "\"" STATE_FORMAT "\"", &value);
	if (!err)
		err = conf_member(&value, root, "version");
	if (!err)
		err = conf_uint(&number, 1, UINT32_MAX, &value);
	if (!err && number != STATE_VERSION)
		err = conf_refuse(&value, "is %u, and this program knows %d alone", number,
				  STATE_VERSION);
	return err;
}

static int state_read_all(struct kept *kept, const struct conf_value *root)
{
	static const char *const known[] = {"format", "version", "tables", "checks", NULL};
	int err = read_head(root);

	if (!err)
		err = conf_refuse_unknown(root, known);
	if (!err)
		err = state_read_tables(kept, root);
	return err ? err : read_checks(kept, root);
}

int state_parse(const struct state_view *view, const struct state_time *time, const char *path,
		const char *bytes, size_t len, struct report *report)
{
	struct kept kept = {.time = time};
	struct conf_file file;
	struct conf_value root;
	int err;

	if (len > STATE_LEN_MAX) {
		report_file(report, path);
		report_fail(report, "has %zu bytes, more than %d", len, STATE_LEN_MAX);
		return -EINVAL;
	}
	err = conf_parse(&file, path, bytes, len, report);
	if (err)
		return err;
	root = conf_root(&file);
	err = state_read_all(&kept, &root);
	if (!err)
		kept_use(&kept, view);
	kept_release(&kept);
	conf_close(&file);
	return err;
}
