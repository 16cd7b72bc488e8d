/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/siphash.h>

#include "conf/health_checks.h"
#include "conf/health_plan.h"
#include "conf/tables.h"

enum {
	CHECKS_MAX = 262144, /* of all backends: guards against mistakes in large files */
	ROOM_LEAST = 64,
};

/* Defaults that an object sets for those inside it. */
struct level {
	struct health_times times;
	struct health_limits limits;
	struct health_list list;
};

/* A plan under construction. */
struct planning {
	struct health_plan plan;
	unsigned int room;	  /* capacity of plan.checks */
	unsigned int *slots;	  /* hash table by name, at most half full: index + 1; or 0 */
	unsigned int given_count; /* of all backends, duplicates included */
	bool warned;		  /* in this table, of times without effect */
	bool is_full;		  /* the limit was reported */
};

/* --- Unique checks --- */

/* The slot of a name, or the free slot for it. */
static unsigned int *find_slot(const struct planning *planning, const char *name)
{
	static const uint8_t key[GLB_SIPHASH_KEY_LEN];
	uint64_t hash = glb_siphash(key, (const uint8_t *)name, strlen(name));
	unsigned int mask = 2 * planning->room - 1;
	unsigned int at = (unsigned int)hash & mask;

	while (planning->slots[at] &&
	       strcmp(planning->plan.checks[planning->slots[at] - 1].name, name) != 0)
		at = (at + 1) & mask;
	return &planning->slots[at];
}

static int grow(struct planning *planning)
{
	unsigned int room = planning->room ? 2 * planning->room : ROOM_LEAST;
	struct health_check *checks = realloc(planning->plan.checks, room * sizeof(*checks));
	unsigned int *slots = calloc(2 * (size_t)room, sizeof(*slots));

	if (checks)
		planning->plan.checks = checks;
	if (!checks || !slots) {
		free(slots);
		return -ENOMEM;
	}
	free(planning->slots);
	planning->slots = slots;
	planning->room = room;
	for (unsigned int i = 0; i < planning->plan.check_count; i++)
		*find_slot(planning, checks[i].name) = i + 1;
	return 0;
}

static bool has_same_times(const struct health_check *a, const struct health_check *b)
{
	return a->timeout_ms == b->timeout_ms && a->interval_ms == b->interval_ms &&
	       a->rise == b->rise && a->fall == b->fall;
}

/* Sets *out to the index of a check in the plan, adding it if necessary. Returns 0 or -ENOMEM. */
static int health_plan_place(unsigned int *out, struct planning *planning,
			     struct health_check *check, const struct conf_value *backend)
{
	struct health_plan *plan = &planning->plan;
	int err = plan->check_count == planning->room ? grow(planning) : 0;
	unsigned int *slot;

	check->name = err ? NULL : health_check_name(&plan->memory, check);
	if (!check->name)
		return -ENOMEM;
	slot = find_slot(planning, check->name);
	if (!*slot) {
		plan->checks[plan->check_count++] = *check;
		*slot = plan->check_count;
	} else if (!planning->warned && !has_same_times(check, &plan->checks[*slot - 1])) {
		planning->warned = true;
		conf_warn(backend,
			  "its check \"%s\" is another backend's, too, whose timeout_ms, "
			  "interval_ms, rise and fall it has, as that is listed first",
			  check->name);
	}
	*out = *slot - 1;
	return 0;
}

static bool is_among(unsigned int check, const struct health_backend *backend)
{
	for (unsigned int i = 0; i < backend->check_count; i++)
		if (backend->checks[i] == check)
			return true;
	return false;
}

/* Assigns the checks of a list to a backend. Returns 0, even if problems were reported, or
 * -ENOMEM. */
static int give(struct planning *planning, struct health_backend *out,
		const struct health_list *list, const struct conf_value *backend)
{
	if (list->count > CHECKS_MAX - planning->given_count) {
		if (!planning->is_full)
			(void)conf_refuse(backend,
					  "its checks are more than the %d that there may be",
					  CHECKS_MAX);
		planning->is_full = true;
		return 0;
	}
	planning->given_count += list->count;
	out->checks = health_keep(&planning->plan.memory, list->count * sizeof(*out->checks));
	if (!out->checks)
		return -ENOMEM;
	for (unsigned int i = 0; i < list->count; i++) {
		struct health_check check = list->checks[i];
		unsigned int at;

		check.backend = out->addr;
		if (health_plan_place(&at, planning, &check, backend))
			return -ENOMEM;
		if (!is_among(at, out))
			out->checks[out->check_count++] = at;
	}
	return 0;
}

/* --- Reading the file --- */

static int read_own(struct planning *planning, struct level *own, const struct conf_value *value,
		    const struct glb_table_spec *table)
{
	static const char *const known[] = {HEALTH_TIME_KEYS, HEALTH_CHECK_KEYS, NULL};
	bool has_others = own->list.count;

	own->list = (struct health_list){0};
	if (conf_object(value))
		return 0;
	conf_warn_unknown(value, known);
	health_times_read(&own->times, value);

	int err = health_checks_read(&own->list, &planning->plan.memory, value, &own->times, table);

	if (!err && has_others && !own->list.count && conf_member_count(value))
		conf_warn(value, "has no check and replaces the table's: nothing is checked");
	return err;
}

static int health_plan_read_backend(struct planning *planning, struct health_backend *out,
				    const struct conf_value *backend, const struct level *table,
				    const struct glb_table_spec *spec)
{
	struct level own = *table;
	struct conf_value value;
	bool has_own = health_find(&value, backend, "healthchecks");
	int err = has_own ? read_own(planning, &own, &value, spec) : 0;

	if (!err && glb_state_usable(out->state) && out->addr.version)
		err = give(planning, out, &own.list, backend);
	if (has_own)
		free(own.list.checks);
	return err;
}

static int read_backends(struct planning *planning, struct health_table *out,
			 const struct conf_value *table, const struct level *level,
			 const struct glb_table_spec *spec)
{
	struct conf_value list;
	int err = 0;

	(void)conf_find(&list, table, "backends");
	for (unsigned int i = 0; i < spec->backend_count && !err; i++) {
		const struct glb_backend *one = &spec->backends[i];
		struct conf_value backend = conf_element(&list, i);
		struct health_backend *of_plan =
			&planning->plan.backends[planning->plan.backend_count++];

		*of_plan = (struct health_backend){
			.table = planning->plan.table_count - 1,
			.index = i,
			.addr = one->addr,
			.state = one->state,
			.healthy = one->healthy,
		};
		out->backend_count++;
		err = health_plan_read_backend(planning, of_plan, &backend, level, spec);
	}
	return err;
}

static int read_level(struct planning *planning, struct level *level,
		      const struct conf_value *table, const struct glb_table_spec *spec)
{
	static const char *const known[] = {
		HEALTH_TIME_KEYS,
		HEALTH_LIMIT_KEYS,
		HEALTH_CHECK_KEYS,
		NULL,
	};
	struct conf_value value;

	if (!health_find(&value, table, "healthchecks") || conf_object(&value))
		return 0;
	conf_warn_unknown(&value, known);
	health_times_read(&level->times, &value);
	health_limits_read(&level->limits, &value);
	return health_checks_read(&level->list, &planning->plan.memory, &value, &level->times,
				  spec);
}

static int health_plan_read_table(struct planning *planning, const struct conf_value *table,
				  const struct level *file, const struct glb_table_spec *spec)
{
	struct health_plan *plan = &planning->plan;
	struct health_table *out = &plan->tables[plan->table_count++];
	const char *name = spec->name ? spec->name : "";
	struct level level = *file;
	int err = read_level(planning, &level, table, spec);

	*out = (struct health_table){
		.name = health_keep_text(&plan->memory, name, strlen(name)),
		.limits = level.limits,
		.first_backend = plan->backend_count,
	};
	planning->warned = false;
	if (!out->name)
		err = -ENOMEM;
	if (!err)
		err = read_backends(planning, out, table, &level, spec);
	free(level.list.checks);
	return err;
}

/* Reads "healthchecks" of the file. */
static void health_plan_read_file(struct level *out, const struct conf_value *root)
{
	static const char *const checks[] = {HEALTH_CHECK_KEYS, NULL};
	static const char *const known[] = {
		HEALTH_TIME_KEYS,
		HEALTH_LIMIT_KEYS,
		HEALTH_CHECK_KEYS,
		NULL,
	};
	struct conf_value value;
	struct conf_value check;

	if (!health_find(&value, root, "healthchecks") || conf_object(&value))
		return;
	conf_warn_unknown(&value, known);
	for (unsigned int i = 0; checks[i]; i++)
		if (conf_find(&check, &value, checks[i]))
			(void)conf_refuse(&check, "belongs in the \"healthchecks\" of a table or "
						  "of a backend");
	health_times_read(&out->times, &value);
	health_limits_read(&out->limits, &value);
}

/* The time until every check of a table has detected a failure. */
static uint32_t notice_ms(const struct health_plan *plan, unsigned int place)
{
	const struct health_table *table = &plan->tables[place];
	uint32_t longest = 0;

	for (unsigned int i = 0; i < table->backend_count; i++) {
		const struct health_backend *backend = &plan->backends[table->first_backend + i];

		for (unsigned int j = 0; j < backend->check_count; j++) {
			const struct health_check *check = &plan->checks[backend->checks[j]];
			uint32_t ms = check->fall * check->interval_ms + check->timeout_ms;

			if (ms > longest)
				longest = ms;
		}
	}
	return longest;
}

/* Returns 0, even if problems were reported, or -ENOMEM. */
static int read_plan(struct planning *planning, const struct glb_spec *spec,
		     const struct conf_value *root)
{
	struct level level = {.times = health_times_default, .limits = health_limits_default};
	struct health_plan *plan = &planning->plan;
	struct conf_value tables;
	size_t backend_count = 0;
	int err = 0;

	for (unsigned int i = 0; i < spec->table_count; i++)
		backend_count += spec->tables[i].backend_count;
	plan->tables = calloc(spec->table_count + 1, sizeof(*plan->tables));
	plan->backends = calloc(backend_count + 1, sizeof(*plan->backends));
	if (!plan->tables || !plan->backends)
		return -ENOMEM;
	health_plan_read_file(&level, root);
	(void)conf_find(&tables, root, "tables");
	for (unsigned int i = 0; i < spec->table_count && !err; i++) {
		struct conf_value table = conf_element(&tables, i);

		err = health_plan_read_table(planning, &table, &level, &spec->tables[i]);
		if (!err)
			plan->tables[i].limits.notice_ms = notice_ms(plan, i);
	}
	return err;
}

int health_plan_parse(struct health_plan *out, const char *path, const char *bytes, size_t len,
		      struct report *report)
{
	uint32_t errors = report->totals[SEVERITY_ERROR];
	struct planning planning = {.room = 0};
	struct glb_spec spec = {0};
	struct conf_file file;
	int err = conf_parse(&file, path, bytes, len, report);

	if (err)
		return err;

	struct conf_value root = conf_root(&file);

	err = spec_read(&spec, &root);
	if (!err)
		err = read_plan(&planning, &spec, &root);
	if (err)
		report_fail(report, "out of memory");
	else if (report->totals[SEVERITY_ERROR] > errors)
		err = -EINVAL;
	glb_spec_free(&spec);
	conf_close(&file);
	free(planning.slots);
	if (err)
		health_plan_free(&planning.plan);
	else
		*out = planning.plan;
	return err;
}

/* Reports a problem of a check; unless strict, errors become warnings: only checkers use checks. */
static void pass_on(struct report *report, const struct problem *problem)
{
	struct problem as = *problem;

	if (problem->severity == SEVERITY_ERROR && !report->strict)
		as.severity = SEVERITY_WARNING;
	report_add(report, &as, "%s%s", problem->reason,
		   problem->severity == SEVERITY_ERROR ? "; glb-healthcheck refuses it" : "");
}

int health_warn(const struct glb_spec *spec, const struct conf_value *root)
{
	struct report *own = malloc(sizeof(*own));
	struct planning planning = {.room = 0};
	struct conf_file file = *root->file;
	struct conf_value value = *root;
	int err;

	if (!own)
		return -ENOMEM;
	report_init(own);
	own->strict = file.report->strict;
	file.report = own;
	value.file = &file;
	err = read_plan(&planning, spec, &value);
	for (uint32_t i = 0; i < own->count; i++)
		pass_on(root->file->report, &own->problems[i]);
	free(planning.slots);
	health_plan_free(&planning.plan);
	free(own);
	return err;
}

void health_plan_free(struct health_plan *plan)
{
	free(plan->tables);
	free(plan->backends);
	free(plan->checks);
	health_memory_free(plan->memory);
	*plan = (struct health_plan){0};
}
