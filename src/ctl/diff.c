/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table diff: how does a change of the tables affect existing flows? */
#include <stdlib.h>
#include <string.h>

#include <glb/diff.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/input.h"
#include "conf/tables.h"
#include "load.h"
#include "sys/log.h"
#include "sys/words.h"
#include "sys/writer.h"

/* A table that is in both files. */
struct change {
	const struct glb_table *old;
	const struct glb_table *new;
	unsigned int index; /* in the old file */
	struct glb_diff diff;
	struct glb_diff_backend *backends;
	unsigned int backend_count;
};

/* The whole comparison. */
struct comparison {
	struct change *changes;
	unsigned int change_count;
	const struct glb_tables *old;
	const struct glb_tables *new;
};

static bool diff_compare(struct change *change, bool settled)
{
	size_t room = change->old->spec.backend_count + change->new->spec.backend_count;

	change->backends = calloc(room, sizeof(*change->backends));
	if (!change->backends || glb_diff(&change->diff, change->backends, &change->backend_count,
					  change->old, change->new, settled)) {
		log_error("out of memory");
		return false;
	}
	return true;
}

static void free_report(struct comparison *report)
{
	for (unsigned int i = 0; i < report->change_count; i++)
		free(report->changes[i].backends);
	free(report->changes);
}

static bool make_report(struct comparison *report, bool settled)
{
	report->changes = calloc(report->old->count, sizeof(*report->changes));
	for (unsigned int t = 0; report->changes && t < report->old->count; t++) {
		const struct glb_table *old = report->old->tables[t];
		int index = tables_find(report->new, old);
		struct change *change = &report->changes[report->change_count];

		if (index < 0)
			continue;
		*change =
			(struct change){.old = old, .new = report->new->tables[index], .index = t};
		report->change_count++;
		if (!diff_compare(change, settled))
			return false;
	}
	if (!report->changes)
		log_error("out of memory");
	return report->changes;
}

/* Is a table of the old file missing from the new one, or does one lose flows? */
static bool is_unsafe(const struct comparison *report)
{
	bool unsafe = report->change_count < report->old->count;

	for (unsigned int i = 0; i < report->change_count; i++)
		unsafe |= glb_diff_loses(&report->changes[i].diff);
	return unsafe;
}

static double diff_percent(uint32_t part, uint32_t whole)
{
	return whole ? 100.0 * part / whole : 0;
}

static void print_backends(const struct change *change)
{
	printf("  %-40s %17s %17s %12s\n", "backend", "primary rows", "other rows", "rows lost");
	for (unsigned int i = 0; i < change->backend_count; i++) {
		const struct glb_diff_backend *one = &change->backends[i];
		uint32_t old_others = one->old_rows[1] + one->old_rows[2] + one->old_rows[3];
		uint32_t new_others = one->new_rows[1] + one->new_rows[2] + one->new_rows[3];
		char text[ADDR_TEXT_LEN];

		if (memcmp(one->old_rows, one->new_rows, sizeof(one->old_rows)) != 0 || one->lost)
			printf("  %-40s %7u > %7u %7u > %7u %12u\n", addr_text(text, &one->addr),
			       one->old_rows[0], one->new_rows[0], old_others, new_others,
			       one->lost);
	}
}

static bool moves_nothing(const struct glb_diff *diff)
{
	return !diff->changed_rows && !diff->moved && !glb_diff_loses(diff);
}

static void print_bind_gone(void *arg, const struct glb_loss *loss)
{
	const struct glb_table_spec *const *old = arg;
	char text[BIND_TEXT_LEN];

	if (loss->kind == GLB_LOSS_BIND)
		printf("  bind gone: %s\n", bind_text(text, &(*old)->binds[loss->index]));
}

static void print_change(const struct change *change)
{
	const struct glb_diff *diff = &change->diff;
	const struct glb_table_spec *old = &change->old->spec;
	char name[PRINTABLE_NAME_LEN];

	printf("table %s\n", table_text(name, change->old, change->index));
	if (moves_nothing(diff)) {
		printf("  nothing moves: no row changes, and no bind or server ID goes\n");
		return;
	}
	if (!diff->same_hash_key)
		printf("  hash_key changes: every flow moves to another row\n");
	printf("  rows: %u change (%.2f %%), %u get another primary (%.2f %%)\n",
	       diff->changed_rows, diff_percent(diff->changed_rows, GLB_ROWS),
	       diff->changed_primary, diff_percent(diff->changed_primary, GLB_ROWS));
	printf("  established flows: %.2f %% stay, %.2f %% move but keep a second chance, "
	       "%.2f %% lose their path\n",
	       diff_percent(diff->kept, diff->owned), diff_percent(diff->moved, diff->owned),
	       diff_percent(diff->lost, diff->owned));
	glb_losses(&(struct glb_transition){old, &change->new->spec, false}, print_bind_gone, &old);
	if (diff->servers_lost)
		printf("  QUIC: %u server ID%s no longer lead%s to the backend%s that had %s\n",
		       diff->servers_lost, plural(diff->servers_lost),
		       diff->servers_lost == 1 ? "s" : "", plural(diff->servers_lost),
		       diff->servers_lost == 1 ? "it" : "them");
	if (diff->changed_rows)
		print_backends(change);
}

static void print_report(const struct comparison *report)
{
	char name[PRINTABLE_NAME_LEN];

	for (unsigned int i = 0; i < report->change_count; i++)
		print_change(&report->changes[i]);
	for (unsigned int t = 0; t < report->old->count; t++)
		if (tables_find(report->new, report->old->tables[t]) < 0)
			printf("table %s\n  gone, with all its flows\n",
			       table_text(name, report->old->tables[t], t));
	for (unsigned int t = 0; t < report->new->count; t++)
		if (tables_find(report->old, report->new->tables[t]) < 0)
			printf("table %s\n  new\n", table_text(name, report->new->tables[t], t));
}

static void write_rows(struct writer *w, const char *key, const uint32_t rows[GLB_HOPS_MAX])
{
	write_open(w, key, '[');
	for (unsigned int hop = 0; hop < GLB_HOPS_MAX; hop++)
		write_uint(w, NULL, rows[hop]);
	write_close(w, ']');
}

static void write_change(struct writer *w, const struct change *change)
{
	const struct glb_diff *diff = &change->diff;
	char text[ADDR_TEXT_LEN];

	write_open(w, NULL, '{');
	write_table_id(w, change->old, change->index);
	write_bool(w, "same_hash_key", diff->same_hash_key);
	write_uint(w, "rows_changed", diff->changed_rows);
	write_uint(w, "primaries_changed", diff->changed_primary);
	write_uint(w, "owned", diff->owned);
	write_uint(w, "kept", diff->kept);
	write_uint(w, "moved", diff->moved);
	write_uint(w, "lost", diff->lost);
	write_uint(w, "binds_gone", diff->binds_gone);
	write_uint(w, "server_ids_lost", diff->servers_lost);
	write_open(w, "backends", '[');
	for (unsigned int i = 0; i < change->backend_count; i++) {
		write_open(w, NULL, '{');
		write_string(w, "ip", addr_text(text, &change->backends[i].addr));
		write_rows(w, "old_rows", change->backends[i].old_rows);
		write_rows(w, "new_rows", change->backends[i].new_rows);
		write_uint(w, "lost", change->backends[i].lost);
		write_close(w, '}');
	}
	write_close(w, ']');
	write_close(w, '}');
}

static void write_report(const struct comparison *report)
{
	struct writer w = {.out = stdout};

	write_open(&w, NULL, '{');
	write_bool(&w, "safe", !is_unsafe(report));
	write_uint(&w, "tables_gone", report->old->count - report->change_count);
	write_open(&w, "tables", '[');
	for (unsigned int i = 0; i < report->change_count; i++)
		write_change(&w, &report->changes[i]);
	write_close(&w, ']');
	write_close(&w, '}');
}

static int diff(const struct glb_tables *old, const struct glb_tables *new,
		const struct command_line *line)
{
	bool settled = command_has(line, OPTION_SETTLED);
	struct comparison report = {.old = old, .new = new};
	int status = EXIT_FAILED;

	if (make_report(&report, settled)) {
		(command_has(line, OPTION_JSON) ? write_report : print_report)(&report);
		status = is_unsafe(&report) && !command_has(line, OPTION_FORCE) ? EXIT_UNSAFE
										: EXIT_OK;
		if (status == EXIT_UNSAFE)
			log_error("established flows would be lost; see glbctl table plan, or say "
				  "--force%s",
				  settled ? ""
					  : "; if the old file has been in force for "
					    "as long as the longest flow lives, say "
					    "--settled");
	}
	free_report(&report);
	return status;
}

int table_diff(const struct command_line *line)
{
	struct conf_input inputs[] = {{.path = line->args[0]}, {.path = line->args[1]}};
	struct glb_tables old;
	struct glb_tables new;
	int status = EXIT_FAILED;

	if (load_change(&old, &new, inputs)) {
		status = diff(&old, &new, line);
		glb_tables_free(&old);
		glb_tables_free(&new);
	}
	inputs_free(inputs, 2);
	return status;
}
