/* SPDX-License-Identifier: BSD-3-Clause */
/* What the steps of plans are; tests/unit/test_plan.c asks whether they lose flows. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glb/net.h>
#include <glb/plan.h>

#include "suite.h"

enum { BACKENDS_MAX = 6 };

/* A state: the hops of its rows, % for a max_load, and a word per backend, like "1 2d 3f/50@a". */
struct state {
	struct glb_backend backends[BACKENDS_MAX];
	struct glb_bind bind;
	struct glb_table_spec spec;
};

/*
 * Reads one backend: the last byte of its address; d draining, f filling, i inactive; ! down;
 * /weight; @zone, a letter but d, f and i.
 */
static void read_backend(struct state *state, const char *word)
{
	struct glb_backend *backend = &state->backends[state->spec.backend_count++];
	const char *weight = strchr(word, '/');
	const char *zone = strchr(word, '@');

	*backend = (struct glb_backend){
		.addr = {{10, 0, 0, (uint8_t)atoi(word)}, 4},
		.state = strchr(word, 'd')   ? GLB_DRAINING
			 : strchr(word, 'f') ? GLB_FILLING
			 : strchr(word, 'i') ? GLB_INACTIVE
					     : GLB_ACTIVE,
		.healthy = !strchr(word, '!'),
		.weight = (uint16_t)(weight ? atoi(weight + 1) : GLB_WEIGHT_DEFAULT),
	};
	if (zone)
		ck_assert_int_eq(
			glb_zone_number(&backend->zone, &state->spec, (char[]){zone[1], 0}), 0);
}

static void read_state(struct state *state, const char *text)
{
	char words[128];
	char *rest = words;
	char *word;

	*state = (struct state){.bind = {{{192, 0, 2, 10}, 4}, 32, GLB_PROTO_TCP, 80, 80, false}};
	state->spec.hops = (uint8_t)(text[0] - '0');
	state->spec.max_load = text[1] == '%' ? 105 : 0;
	(void)snprintf(words, sizeof(words), "%s", strchr(text, ' ') + 1);
	while ((word = strsep(&rest, " ")))
		read_backend(state, word);
	state->spec.backends = state->backends;
	state->spec.binds = &state->bind;
	state->spec.bind_count = 1;
}

static void free_state(struct state *state)
{
	free(state->spec.zones);
}

/* A plan in words: steps divided by ';'. */
static void write_plan(char *out, const struct glb_plan *plan)
{
	static const char *const verbs[] = {"add",    "activate", "drain",    "fill",  "reweigh",
					    "remove", "hops",	  "max_load", "zones", "finish"};
	char *at = out + sprintf(out, "%s", plan->wait_first ? "wait;" : "");

	for (unsigned int s = 0; s < plan->step_count; s++) {
		at += sprintf(at, "%s", s ? ";" : "");
		for (unsigned int a = 0; a < plan->steps[s].action_count; a++) {
			const struct glb_plan_action *action = &plan->steps[s].actions[a];

			at += sprintf(at, "%s%s", a ? "," : "", verbs[action->verb]);
			if (action->verb < GLB_PLAN_HOPS)
				at += sprintf(at, " %u", action->backend.bytes[3]);
		}
	}
}

static const struct {
	const char *old;
	const char *new;
	const char *plan; /* or why there is none */
	bool refused;
} plans[] = {
	{"0 1 2 3", "0 1 2 3", "", false},
	{"0 1 2 3", "0 1 2 3 4", "add 4;activate 4;finish", false},
	{"0 1 2 3", "0 1 2", "drain 3;remove 3;finish", false},
	{"0 1 2 3", "0 1 2 4", "add 4;activate 4,drain 3;remove 3;finish", false},
	{"0 1 2 3", "0 1 2 3!", "finish", false},
	{"0 1 2 3", "2 1 2 3", "finish", false},
	{"0 1 2 3", "3 1 2 3", "hops;finish", false},
	{"3 1 2 3", "2 1 2 3", "finish", false},
	{"0 1 2 3d", "0 1 2 3", "fill 3;activate 3;finish", false},
	{"0 1 2 3f", "0 1 2 3", "activate 3;finish", false},
	{"0 1 2 3d", "0 1 2", "wait;remove 3;finish", false},
	{"0 1 2 3f", "0 1 2 4", "drain 3;remove 3,add 4;activate 4;finish", false},
	{"0 1 2 3!", "0 1 2", "remove 3;finish", false},
	{"0 1 2 3!", "0 1 2 3 4", "add 4;activate 4;finish", false},
	{"0 1 2d 3d", "0 1 2 3", "fill 2,fill 3;activate 2,activate 3;finish", false},
	{"0 1 2f 3f", "0 1 2 3", "activate 2,activate 3;finish", false},
	{"0 1 2 3", "0 1 2 3 4 5", "add 4;activate 4,add 5;activate 5;finish", false},
	{"3 1 2 3", "3 1 2 3 4 5 6", "add 4,add 5;activate 4,activate 5,add 6;activate 6;finish",
	 false},
	{"3% 1 2 3", "3% 1 2 3 4 5", "add 4;activate 4,add 5;activate 5;finish", false},
	{"4% 1 2 3 4", "4% 1 2 3 4 5 6", "add 5,add 6;activate 5,activate 6;finish", false},
	{"3% 1 2 3 4", "3% 1 2 3 5", "add 5;activate 5,drain 4;remove 4;finish", false},
	{"3 1 2 3", "3% 1 2 3", "finish", false},
	{"3% 1 2 3", "3 1 2 3", "finish", false},
	{"2 1 2 3", "3% 1 2 3", "hops;finish", false},
	{"3% 1 2 3", "2 1 2 3", "finish", false},
	{"3% 1 2 3", "3 1@a 2@b 3@a", "max_load;finish", false},
	{"3% 1 2 3", "4 1@a 2@b 3@a", "hops;max_load;finish", false},
	/* no version has backends with zones beside others without, or zones beside a max_load */
	{"3% 1 2 3", "3 1@a 2@a 3@a", "finish", false},
	{"3% 1 2 3", "3 1@a 2@a 3@a 4@a", "max_load;zones;add 4;activate 4;finish", false},
	{"3% 1 2 3 4", "3 1@a 2@a 3@a", "max_load;zones;drain 4;remove 4;finish", false},
	{"3% 1 2 3", "3 1@a 2@b 3@a 4@b", "max_load;zones;add 4;activate 4;finish", false},
	{"3 1 2 3", "3 1@a 2@b 3@a 4@b", "zones;add 4;activate 4;finish", false},
	{"2 1 2 3", "3 1@a 2@b 3@c 4@b", "hops;zones;add 4;activate 4;finish", false},
	{"3 1@a 2@b 3@a", "3 1 2 3 4", "zones;add 4;activate 4;finish", false},
	{"3 1@a 2@b 3@a", "3% 1 2 3 4", "zones;add 4;activate 4;finish", false},
	{"3 1@a 2@b 3@a", "2 1 2 3 4", "zones;add 4;activate 4;finish", false},
	{"3 1 2 3d", "3 1@a 2@b", "zones;remove 3;finish", false},
	{"3% 1 2 3f", "3% 1 2 3 4", "activate 3;add 4;activate 4;finish", false},
	{"3% 1 2 3d", "3% 1 2", "wait;remove 3;finish", false},
	{"4 1 2 3", "4 1 2 3 4 5 6", "add 4,add 5;activate 4,activate 5,add 6;activate 6;finish",
	 false},
	{"4 1 2 3 4", "4 1 5 6",
	 "add 5,add 6,drain 2;activate 5,activate 6,remove 2,drain 3,drain 4;remove 3,remove "
	 "4;finish",
	 false},
	{"2 1 2 3", "4 1 2 3 4 5", "hops;add 4,add 5;activate 4,activate 5;finish", false},
	{"2 1 2 3", "2 1/50 2 3", "drain 1;reweigh 1;activate 1;finish", false},
	{"3 1 2 3 4", "3 1/50 2/50 3 4", "finish", false},
	{"3 1@a 2@b 3@a", "3 1@a 2@b 3@b", "finish", false},
	{"3 1@a 2@b 3@a", "3 2@b 1@a 3@a", "finish", false},
	{"3 1@a 2@b 3@a", "3 1@c 2@e 3@c", "finish", false},
	{"4 1@a 2@b 3@a", "4 1@a 2@b 3@a 4@b 5@a 6@b",
	 "add 4;activate 4,add 5;activate 5,add 6;activate 6;finish", false},
	{"0 1", "0 2", "add 2;activate 2,drain 1;remove 1;finish", false},
	{"0 1 2", "0 3 4",
	 "add 3;activate 3,add 4;activate 4,drain 1;remove 1,drain 2;remove 2;finish", false},
	{"0 1 2 3i", "0 1 2 3", "add 3;activate 3;finish", false},
	{"0 1 2 3", "0 1 2 3i", "drain 3;remove 3;finish", false},
	{"0 1 2 3", "0 1 2 3f", "finish", false},
	{"0 1 2 3", "0 1 2 3d", "drain 3;finish", false},
	{"0 1 2 3", "0 3 2 1", "finish", false},
	{"3 1@a 2@b 3@a 4@b", "3 2@b 1@a 3@a 4@b", "finish", false},
	{"3 1@a 2@b 3@a 4@b 5@a", "3 1@a 2@a 3@b 4@b 5@a", "finish", false},
	{"2 1 2 3 4", "2 1/50 2/50 3 4",
	 "drain 1;reweigh 1;activate 1,drain 2;reweigh 2;activate 2;finish", false},
	{"0 1f 2d 3", "0 1 2 3", "activate 1,fill 2;activate 2;finish", false},
	{"0 1f 2d 3", "0 1 3", "activate 1;remove 2;finish", false},
	{"0 1 2d 3f 4", "0 1 3 4", "activate 3;remove 2;finish", false},
	{"0 1 2d 3d 4", "0 1 4", "no step from here is safe while backends[1] is draining", true},
	{"0 1! 2f 3d", "0 1! 2 3", "activate 2,fill 3;activate 3;finish", false},
	{"0 1! 2! 3", "0 1! 2! 4", "drain 3;remove 3,add 4;activate 4;finish", false},
	{"0 1! 2! 3", "0 1! 2! 3 4", "no step from here is safe while backends[0] is unhealthy",
	 true},
	{"0 1 2! 3 4", "0 1 2! 3", "drain 4;remove 4;finish", false},
	{"0 1d", "0 2", "no step from here is safe while backends[0] is draining", true},
	{"0 1! 2d", "0 1!", "wait;remove 2;finish", false},
	{"0 1d 2d 3d", "0 1 2", "fill 1,fill 2;activate 1,activate 2;remove 3;finish", false},
	{"4 1 2 3 4 5d 6d", "4 1 2 3 4", "wait;remove 5,remove 6;finish", false},
	{"2 1 2 3 4", "2 1 2 5 6",
	 "add 5;activate 5,add 6;activate 6,drain 3;remove 3,drain 4;remove 4;finish", false},
	{"3 1@a 2@b 3@a 4@b", "3 1@a 2@b 3@a 4@b 5@a 6@b",
	 "add 5;activate 5,add 6;activate 6;finish", false},
	/* draining 2 would leave it the primary of rows it shares with 1 alone */
	{"2 2 3 4 1!", "2 3 4 1!", "no step from here is safe while backends[3] is unhealthy",
	 true},
	/* the names of zones count, not their numbers, which go by first appearance */
	{"3 1@a 2@b 3@a 4@b", "3 5@c 1@a 2@b 3@a 4@b", "add 5;activate 5;finish", false},
};

START_TEST(the_steps_of_a_plan_are_the_expected_ones)
{
	char text[1024] = "";
	struct glb_plan plan;
	struct glb_diag diag = {{0}};
	struct state old;
	struct state new;
	int err;

	read_state(&old, plans[_i].old);
	read_state(&new, plans[_i].new);
	err = glb_plan_make(&plan, &old.spec, &new.spec, &diag);
	ck_assert_int_eq(err, plans[_i].refused ? -EPERM : 0);
	if (!err) {
		write_plan(text, &plan);
		glb_plan_free(&plan);
	}
	ck_assert_str_eq(err ? diag.text : text, plans[_i].plan);
	free_state(&old);
	free_state(&new);
}
END_TEST

START_TEST(a_bind_that_is_widened_or_the_name_changes_in_one_step)
{
	struct glb_plan plan;
	struct state old;
	struct state new;

	read_state(&old, "0 1 2 3");
	read_state(&new, "0 1 2 3");
	new.spec.name = (char[]){"renamed"};
	ck_assert_int_eq(glb_plan_make(&plan, &old.spec, &new.spec, NULL), 0);
	ck_assert_uint_eq(plan.step_count, 0);
	glb_plan_free(&plan);
	for (unsigned int i = 0; i < 4; i++) {
		new.bind = old.bind;
		new.bind.port_first = i == 0 ? 79 : 80;
		new.bind.port_last = i == 1 ? 81 : 80;
		new.bind.prefix_len = i == 2 ? 31 : i == 3 ? 0 : 32;
		ck_assert_int_eq(glb_plan_make(&plan, &old.spec, &new.spec, NULL), 0);
		ck_assert_uint_eq(plan.step_count, 1);
		ck_assert_int_eq(plan.steps[0].actions[0].verb, GLB_PLAN_FINISH);
		ck_assert_uint_eq(plan.steps[0].spec.binds[0].port_last, new.bind.port_last);
		ck_assert_str_eq(plan.steps[0].spec.name, "renamed");
		glb_plan_free(&plan);
	}
	free_state(&old);
	free_state(&new);
}
END_TEST

/* What the old state says is what the new one would have to keep. */
START_TEST(no_plan_leads_to_where_a_bind_is_gone)
{
	struct glb_plan plan;
	struct glb_diag diag;
	struct state old;
	struct state new;

	for (unsigned int i = 0; i < 6; i++) {
		read_state(&old, "0 1 2 3");
		read_state(&new, "0 1 2 3");
		old.bind.port_last = 90;
		old.bind.prefix_len = 31;
		old.bind.proto = i == 5 ? GLB_PROTO_UDP : GLB_PROTO_TCP;
		new.bind = old.bind;
		old.bind.quic = i == 5;
		new.bind.port_first = i == 0 ? 81 : 80;
		new.bind.port_last = i == 1 ? 89 : 90;
		new.bind.proto = i == 2 ? GLB_PROTO_UDP : old.bind.proto;
		new.bind.prefix_len = i == 3 ? 32 : 31;
		new.bind.addr.bytes[3] = i == 4 ? 12 : 11;
		ck_assert_int_eq(glb_plan_make(&plan, &old.spec, &new.spec, &diag), -EPERM);
		ck_assert_str_eq(diag.text, "binds[0] goes, with all its flows");
		free_state(&old);
		free_state(&new);
	}
}
END_TEST

/* 1 to 3 have the IDs 41 to 43; what is asked for, and the plan or why there is none. */
START_TEST(a_plan_keeps_the_servers_that_connection_ids_name)
{
	static const struct {
		const char *new;
		uint16_t ids[4]; /* of those in `new`; 0: none */
		const char *plan;
	} cases[] = {
		{"3 1 2 3", {41, 42, 43}, ""},
		{"3 1 2 3",
		 {41, 42},
		 "server_id 43 of backends[2] goes, with the connections that name it"},
		{"3 1 2 3",
		 {42, 41, 43},
		 "server_id 41 of backends[0] goes, with the connections that name it"},
		{"3 1 2 3!", {41, 42, 44}, "finish"}, /* down: it has no connections left */
		{"3 1 2", {41, 42}, "drain 3;remove 3;finish"},
		{"3 1 2 3!i", {41, 42}, "remove 3;finish"},
		{"3 1 2 4", {41, 42, 43}, "drain 3;remove 3,add 4;activate 4;finish"},
		{"3 1 2 3/50", {41, 42, 44}, "drain 3;reweigh 3;activate 3;finish"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct glb_plan plan;
		struct glb_diag diag;
		struct state old;
		struct state new;
		char text[512];

		read_state(&old, "3 1 2 3");
		read_state(&new, cases[i].new);
		old.bind.proto = new.bind.proto = GLB_PROTO_UDP;
		old.bind.quic = new.bind.quic = true;
		for (unsigned int b = 0; b < 3; b++) {
			old.backends[b].has_server_id = true;
			old.backends[b].server_id = (uint16_t)(41 + b);
			new.backends[b].has_server_id = cases[i].ids[b];
			new.backends[b].server_id = cases[i].ids[b];
		}

		int err = glb_plan_make(&plan, &old.spec, &new.spec, &diag);

		if (!err) {
			write_plan(text, &plan);
			glb_plan_free(&plan);
		}
		ck_assert_str_eq(err ? diag.text : text, cases[i].plan);
		free_state(&old);
		free_state(&new);
	}
}
END_TEST

START_TEST(no_plan_leads_to_other_hashes)
{
	struct glb_plan plan;
	struct glb_diag diag;
	struct state old;
	struct state new;

	for (unsigned int i = 0; i < 2; i++) {
		read_state(&old, "0 1 2 3");
		read_state(&new, "0 1 2 3");
		(i ? new.spec.seed : new.spec.hash_key)[15] = 1;
		ck_assert_int_eq(glb_plan_make(&plan, &old.spec, &new.spec, &diag), -EPERM);
		ck_assert_str_eq(diag.text, "the seed or hash_key differs: "
					    "every flow would be on another row");
	}
}
END_TEST

START_TEST(no_plan_leads_to_a_state_that_serves_nobody)
{
	static const char *const states[][2] = {{"0 1 2", "0 1i"}, {"0 1i", "0 1 2"}};

	for (unsigned int i = 0; i < 2; i++) {
		struct glb_plan plan;
		struct state old;
		struct state new;

		read_state(&old, states[i][0]);
		read_state(&new, states[i][1]);
		ck_assert_int_eq(glb_plan_make(&plan, &old.spec, &new.spec, NULL), -EINVAL);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("plan_steps");
	TCase *steps = tcase_create("plan_steps");

	tcase_add_loop_test(steps, the_steps_of_a_plan_are_the_expected_ones, 0, COUNT_OF(plans));
	tcase_add_test(steps, a_bind_that_is_widened_or_the_name_changes_in_one_step);
	tcase_add_test(steps, no_plan_leads_to_where_a_bind_is_gone);
	tcase_add_test(steps, a_plan_keeps_the_servers_that_connection_ids_name);
	tcase_add_test(steps, no_plan_leads_to_other_hashes);
	tcase_add_test(steps, no_plan_leads_to_a_state_that_serves_nobody);
	suite_add_tcase(suite, steps);
	return suite;
}
