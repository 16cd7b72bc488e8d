/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table plan: how does a fleet get from one file to another without losing flows? */
#include <errno.h>
#include <stdlib.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/input.h"
#include "conf/tables.h"
#include "load.h"
#include "plan.h"
#include "sys/log.h"
#include "sys/words.h"
#include "sys/writer.h"

static const char *verb_text(enum glb_plan_verb verb)
{
	static const char *const texts[] = {
		[GLB_PLAN_ADD] = "add",
		[GLB_PLAN_ACTIVATE] = "activate",
		[GLB_PLAN_DRAIN] = "drain",
		[GLB_PLAN_FILL] = "fill",
		[GLB_PLAN_REWEIGH] = "reweigh",
		[GLB_PLAN_REMOVE] = "remove",
		[GLB_PLAN_HOPS] = "raise hops",
		[GLB_PLAN_MAX_LOAD] = "give up max_load",
		[GLB_PLAN_ZONES] = "change zones",
		[GLB_PLAN_FINISH] = "put the new file in force",
	};

	return texts[verb];
}

static bool names_backend(const struct glb_plan_action *action)
{
	return action->verb < GLB_PLAN_HOPS;
}

/* How to see on a proxy that its drain has ended. */
static void print_ends_of_drains(const struct glb_plan_step *step)
{
	char text[ADDR_TEXT_LEN];

	for (unsigned int i = 0; i < step->action_count; i++)
		if (step->actions[i].verb == GLB_PLAN_DRAIN)
			printf("     %s is drained when 'glb-redirect drained DEV' there says so\n",
			       addr_text(text, &step->actions[i].backend));
}

static void print_step(const struct glb_plan_step *step, unsigned int number)
{
	char text[ADDR_TEXT_LEN];

	printf("  %u.", number);
	for (unsigned int i = 0; i < step->action_count; i++) {
		const struct glb_plan_action *action = &step->actions[i];

		printf("%s %s%s%s", i ? "," : "", verb_text(action->verb),
		       names_backend(action) ? " " : "",
		       names_backend(action) ? addr_text(text, &action->backend) : "");
	}
	printf("\n");
	print_ends_of_drains(step);
}

/* The worst status of all tables. */
static int plan_status_of(const struct fleet_plan *fleet)
{
	int worst = EXIT_OK;

	for (unsigned int t = 0; t < fleet->table_count; t++)
		if (fleet->tables[t].status > worst)
			worst = fleet->tables[t].status;
	return worst;
}

static void print_plan(const struct table_plan *one)
{
	const struct glb_plan *plan = &one->plan;
	char name[PRINTABLE_NAME_LEN];

	printf("table %s: ", table_text(name, one->table, one->index));
	if (!plan->step_count) {
		printf("nothing to do\n");
		return;
	}
	printf("%u step%s\n", plan->step_count, plural(plan->step_count));
	if (plan->wait_first)
		printf("  0. wait: the old file still has flows from before\n");
	for (unsigned int i = 0; i < plan->step_count; i++)
		print_step(&plan->steps[i], i + 1);
	printf("  After each step reload every director; before the next wait for as long as the "
	       "longest\n  flow lives.\n");
}

static void print_fleet(const struct fleet_plan *fleet)
{
	char name[PRINTABLE_NAME_LEN];

	for (unsigned int t = 0; t < fleet->table_count; t++)
		if (fleet->tables[t].status == EXIT_OK)
			print_plan(&fleet->tables[t]);
	for (unsigned int t = 0; t < fleet->new->count; t++)
		if (tables_find(fleet->old, fleet->new->tables[t]) < 0)
			printf("table %s: new, and comes with the new file\n",
			       table_text(name, fleet->new->tables[t], t));
}

static void write_actions(struct writer *w, const struct glb_plan_step *step)
{
	char text[ADDR_TEXT_LEN];

	write_open(w, NULL, '[');
	for (unsigned int i = 0; i < step->action_count; i++) {
		const struct glb_plan_action *action = &step->actions[i];

		write_open(w, NULL, '{');
		write_string(w, "action", verb_text(action->verb));
		if (names_backend(action))
			write_string(w, "backend", addr_text(text, &action->backend));
		write_close(w, '}');
	}
	write_close(w, ']');
}

static void write_plan(struct writer *w, const struct table_plan *one)
{
	const struct glb_plan *plan = &one->plan;

	write_open(w, NULL, '{');
	write_table_id(w, one->table, one->index);
	write_bool(w, "wait_first", plan->wait_first);
	write_open(w, "steps", '[');
	for (unsigned int i = 0; i < plan->step_count; i++)
		write_actions(w, &plan->steps[i]);
	write_close(w, ']');
	write_close(w, '}');
}

static void write_fleet(const struct fleet_plan *fleet)
{
	struct writer w = {.out = stdout};

	write_open(&w, NULL, '{');
	write_bool(&w, "safe", plan_status_of(fleet) == EXIT_OK);
	write_open(&w, "tables", '[');
	for (unsigned int t = 0; t < fleet->table_count; t++)
		if (fleet->tables[t].status == EXIT_OK)
			write_plan(&w, &fleet->tables[t]);
	write_close(&w, ']');
	write_close(&w, '}');
}

/* Plans one table of the old file. Returns its status, after logging what prevents a plan. */
static int plan_table(struct table_plan *one, const struct glb_tables *new)
{
	int wanted = tables_find(new, one->table);
	struct glb_diag diag;
	char number[16];
	const char *name = table_name(number, one->table, one->index);

	if (wanted < 0) {
		log_error("table %s: gone from the new file, with all its flows", name);
		return EXIT_UNSAFE;
	}

	one->wanted_index = (unsigned int)wanted;
	one->wanted = new->tables[wanted];

	int err = glb_plan_make(&one->plan, &one->table->spec, &one->wanted->spec, &diag);

	if (!err)
		return EXIT_OK;
	log_error("table %s: %s", name, err == -ENOMEM ? "out of memory" : diag.text);
	return err == -EPERM ? EXIT_UNSAFE : EXIT_FAILED;
}

/* Plans all tables. Returns 0, or -ENOMEM after logging it. */
static int plan_fleet(struct fleet_plan *out, const struct glb_tables *old,
		      const struct glb_tables *new)
{
	*out = (struct fleet_plan){
		.tables = calloc(old->count, sizeof(*out->tables)),
		.table_count = old->count,
		.old = old,
		.new = new,
	};
	if (!out->tables) {
		log_error("out of memory");
		return -ENOMEM;
	}
	for (unsigned int t = 0; t < old->count; t++) {
		out->tables[t].table = old->tables[t];
		out->tables[t].index = t;
		out->tables[t].status = plan_table(&out->tables[t], new);
		if (out->tables[t].plan.step_count > out->step_count)
			out->step_count = out->tables[t].plan.step_count;
	}
	for (unsigned int t = 0; t < new->count && !out->step_count; t++)
		out->step_count = tables_find(old, new->tables[t]) < 0;
	return 0;
}

static void free_fleet(struct fleet_plan *fleet)
{
	for (unsigned int t = 0; t < fleet->table_count; t++)
		if (fleet->tables[t].status == EXIT_OK)
			glb_plan_free(&fleet->tables[t].plan);
	free(fleet->tables);
}

/* Writes the files of a plan if requested. Returns the exit status. */
static int write_steps(const struct fleet_plan *fleet, const struct step_files *files)
{
	char first[STEP_NAME_LEN];
	char last[STEP_NAME_LEN];
	int status = plan_status_of(fleet);

	if (!files->folder || status != EXIT_OK || !fleet->step_count)
		return status;
	if (steps_write(fleet, files))
		return EXIT_FAILED;
	log_info("%s: wrote %s to %s, to be put in force one after the other", files->folder,
		 step_name(first, fleet, 1), step_name(last, fleet, fleet->step_count));
	return EXIT_OK;
}

int table_plan(const struct command_line *line)
{
	struct conf_input inputs[] = {{.path = line->args[0]}, {.path = line->args[1]}};
	const struct step_files files = {line->values[OPTION_WRITE], &inputs[0], &inputs[1]};
	struct glb_tables old;
	struct glb_tables new;
	struct fleet_plan fleet;
	int status = EXIT_FAILED;

	if (load_change(&old, &new, inputs)) {
		if (!plan_fleet(&fleet, &old, &new)) {
			(command_has(line, OPTION_JSON) ? write_fleet : print_fleet)(&fleet);
			status = write_steps(&fleet, &files);
			free_fleet(&fleet);
		}
		glb_tables_free(&old);
		glb_tables_free(&new);
	}
	inputs_free(inputs, 2);
	return status;
}
