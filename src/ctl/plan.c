/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table plan: how does a fleet get from one file to another without losing a flow? */
#include <errno.h>

#include <glb/plan.h>

#include "commands.h"
#include "conf/addr.h"
#include "load.h"
#include "sys/log.h"
#include "writer.h"

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
		[GLB_PLAN_FINISH] = "put the new file in force",
	};

	return texts[verb];
}

static bool names_backend(const struct glb_plan_action *action)
{
	return action->verb < GLB_PLAN_HOPS;
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
}

static void print_plan(const struct glb_plan *plan, const char *name)
{
	if (!plan->step_count) {
		printf("table %s: nothing to do\n", name);
		return;
	}
	printf("table %s: %u steps\n", name, plan->step_count);
	if (plan->wait_first)
		printf("  0. wait: the old file still has flows from before\n");
	for (unsigned int i = 0; i < plan->step_count; i++)
		print_step(&plan->steps[i], i + 1);
	printf("  After each step reload every director; before the next wait for as long as the "
	       "longest\n  flow lives.\n");
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

static void write_plan(struct writer *w, const struct glb_plan *plan, const char *name)
{
	write_open(w, NULL, '{');
	write_string(w, "table", name);
	write_bool(w, "wait_first", plan->wait_first);
	write_open(w, "steps", '[');
	for (unsigned int i = 0; i < plan->step_count; i++)
		write_actions(w, &plan->steps[i]);
	write_close(w, ']');
	write_close(w, '}');
}

/* Plans one table of the old file. */
static int plan_table(struct writer *w, const struct glb_tables *old, unsigned int index,
		      const struct glb_tables *new)
{
	const struct glb_table *table = old->tables[index];
	int wanted = find_table(new, table);
	struct glb_diag diag;
	struct glb_plan plan;
	char number[16];
	const char *name = table_name(number, table, index);

	if (wanted < 0) {
		log_error("table %s: gone from the new file, with all its flows", name);
		return EXIT_UNSAFE;
	}

	int err = glb_plan_make(&plan, &table->spec, &new->tables[wanted]->spec, &diag);

	if (err) {
		log_error("table %s: %s", name, err == -ENOMEM ? "out of memory" : diag.text);
		return err == -EPERM ? EXIT_UNSAFE : EXIT_FAILED;
	}
	if (w)
		write_plan(w, &plan, name);
	else
		print_plan(&plan, name);
	glb_plan_free(&plan);
	return EXIT_OK;
}

static int plan_all(const struct glb_tables *old, const struct glb_tables *new, bool json)
{
	struct writer writer = {.out = stdout};
	struct writer *w = json ? &writer : NULL;
	int worst = EXIT_OK;

	if (w)
		write_open(w, NULL, '[');
	for (unsigned int t = 0; t < old->count; t++) {
		int status = plan_table(w, old, t, new);

		worst = status > worst ? status : worst;
	}
	if (w)
		write_close(w, ']');
	return worst;
}

int table_plan(const struct command_line *line)
{
	struct glb_tables old;
	struct glb_tables new;

	if (!load_change(&old, &new, line->args))
		return EXIT_FAILED;

	int status = plan_all(&old, &new, command_has(line, OPTION_JSON));

	glb_tables_free(&old);
	glb_tables_free(&new);
	return status;
}
