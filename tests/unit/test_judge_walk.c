/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the judge promises, whatever happens: random walks over settings, evidence and time, the
 * same in every run.
 */
#include <string.h>

#include "healthcheck/judge.h"
#include "suite.h"

enum {
	BACKENDS_MAX = 9,
	WALKS = 400,
	STEPS = 120,
	CHANGES_MAX = 4096,
	MINUTE_MS = 60000,
	ROUNDS_MAX = 4000, /* judgements until a table with stable evidence is settled */
};

struct scene {
	struct judge_table table;
	struct judge_backend backends[BACKENDS_MAX];
	struct judge_evidence evidence[BACKENDS_MAX];
	unsigned int count;
	struct health_limits limits;
	uint64_t now_ms;
	struct judge_verdict verdict;
};

/* A scene and what was seen of it on the way. */
struct walk {
	struct scene scene;
	uint64_t random;
	unsigned int number;
	unsigned int step;
	uint64_t changes_ms[CHANGES_MAX];  /* that count, of all backends */
	unsigned int changed[CHANGES_MAX]; /* which backend */
	unsigned int change_count;
};

/* Says where it happened. */
#define HOLDS(walk, condition)                                                                     \
	ENSURE(condition, "walk %u, step %u: not so: %s", (walk)->number, (walk)->step, #condition)

static void judge(struct scene *scene)
{
	scene->verdict = judge_table(&scene->table, scene->backends, scene->evidence, scene->count,
				     &scene->limits, scene->now_ms);
}

/* --- What happens --- */

static uint64_t below(struct walk *walk, uint64_t limit)
{
	return next_random(&walk->random) % limit;
}

static const struct judge_evidence *any_evidence(struct walk *walk)
{
	static const struct judge_evidence all[] = {
		{JUDGE_UP, false, true, false},	     {JUDGE_UP, false, true, false},
		{JUDGE_UP, false, true, false},	     {JUDGE_DOWN, false, true, false},
		{JUDGE_DOWN, false, true, false},    {JUDGE_DOWN, true, true, false},
		{JUDGE_UP, true, true, false},	     {JUDGE_UP, true, true, false},
		{JUDGE_UNKNOWN, false, true, false}, {JUDGE_UNKNOWN, true, false, false},
		{JUDGE_UP, false, false, false},
	};

	/* inactive ones and the unknown are rare, so that there is something to judge */
	return &all[below(walk, below(walk, 4) ? 8 : COUNT_OF(all))];
}

static void change_evidence(struct walk *walk)
{
	struct scene *scene = &walk->scene;
	unsigned int kind = (unsigned int)below(walk, 16);

	if (!kind) { /* all say the same, as when the checker's own link is down */
		const struct judge_evidence *same = any_evidence(walk);

		for (unsigned int i = 0; i < scene->count; i++)
			if (scene->evidence[i].takes_flows)
				scene->evidence[i] = (struct judge_evidence){
					same->status, same->degraded, true, false};
	} else if (kind == 1) { /* another is listed, or no longer */
		unsigned int count = 1 + (unsigned int)below(walk, BACKENDS_MAX);

		for (unsigned int i = scene->count; i < count; i++) {
			scene->backends[i] = (struct judge_backend){0};
			scene->evidence[i] = *any_evidence(walk);
		}
		scene->count = count;
	} else if (kind < 10) {
		scene->evidence[below(walk, scene->count)] = *any_evidence(walk);
	}
}

/* Some waver, for a while. */
static void have_waver(struct walk *walk)
{
	unsigned int one_in = below(walk, 4) ? 8 : 2;

	for (unsigned int i = 0; i < walk->scene.count; i++)
		walk->scene.evidence[i].wavers = walk->step % 16 < 8 && !below(walk, one_in);
}

static void let_pass(struct walk *walk)
{
	static const uint64_t most_ms[] = {1,	 1,	500,   500,    3000,
					   3000, 20000, 70000, 700000, UINT64_C(1) << 50};

	walk->scene.now_ms += below(walk, most_ms[below(walk, COUNT_OF(most_ms))]);
}

/* --- What is to be seen --- */

struct tally {
	unsigned int known;
	unsigned int unhealthy; /* of the known */
	unsigned int down;	/* of the known, or unhealthy and not known to be up */
	unsigned int held;
	unsigned int degraded;
	unsigned int suspects; /* of those that are not down */
	unsigned int room;     /* as many may be unhealthy */
};

/* Is it down, and healthy until it is clear that it stays down? */
static bool is_kept(const struct scene *scene, unsigned int i)
{
	return scene->evidence[i].status == JUDGE_DOWN && scene->evidence[i].wavers &&
	       scene->backends[i].healthy;
}

static struct tally tally(const struct scene *scene)
{
	struct tally tally = {0};

	for (unsigned int i = 0; i < scene->count; i++) {
		const struct judge_backend *backend = &scene->backends[i];
		const struct judge_evidence *evidence = &scene->evidence[i];

		if (!evidence->takes_flows || !backend->is_known)
			continue;
		tally.known++;
		tally.unhealthy += !backend->healthy;
		if (evidence->status == JUDGE_UNKNOWN)
			tally.down += !backend->healthy;
		else if (evidence->status == JUDGE_DOWN)
			tally.down += !is_kept(scene, i);
		else if (evidence->degraded)
			tally.degraded++;
		else
			tally.held += backend->held;
		if (evidence->wavers)
			tally.suspects += evidence->status == JUDGE_UP || backend->healthy;
	}
	tally.room = tally.known * scene->limits.max_unhealthy_percent / 100;
	return tally;
}

static bool takes_flows(const struct scene *scene, unsigned int i)
{
	return scene->evidence[i].takes_flows;
}

static bool begins(const struct scene *before)
{
	for (unsigned int i = 0; i < before->count; i++)
		if (takes_flows(before, i) && before->backends[i].is_known)
			return false;
	return true;
}

static bool is_fit(const struct scene *scene, unsigned int i)
{
	return scene->evidence[i].status == JUDGE_UP && !scene->evidence[i].degraded;
}

/* The share is never exceeded by the judge's own doing, and too many open it. */
static void check_share(struct walk *walk, const struct scene *before)
{
	const struct scene *after = &walk->scene;
	struct tally now = tally(after);
	bool opens = now.down > now.room;

	HOLDS(walk, (after->table.distrust == JUDGE_FAILS_OPEN) == opens);
	for (unsigned int i = 0; i < after->count; i++) {
		const struct judge_backend *was = &before->backends[i];
		bool was_healthy = begins(before) || (was->is_known && was->healthy);

		if (!takes_flows(after, i) || !was_healthy || after->backends[i].healthy)
			continue;
		HOLDS(walk, !opens && now.unhealthy <= now.room);
		HOLDS(walk, now.down + now.suspects <= now.room);
	}
}

/* Those whose failure was noticed with those that opened the table are healthy, others stay. */
static void check_doubt(struct walk *walk, const struct scene *before)
{
	const struct scene *after = &walk->scene;
	uint64_t since_ms = after->table.open_since_ms;

	HOLDS(walk, !since_ms == (after->table.distrust != JUDGE_FAILS_OPEN));
	HOLDS(walk,
	      since_ms == before->table.open_since_ms || !since_ms || since_ms == after->now_ms);
	for (unsigned int i = 0; since_ms && i < after->count; i++) {
		const struct judge_backend *is = &after->backends[i];
		bool recent =
			is->flaps_ms[0] && since_ms - is->flaps_ms[0] < after->limits.notice_ms;

		if (!takes_flows(after, i) || !is->is_known ||
		    after->evidence[i].status != JUDGE_DOWN || after->evidence[i].wavers)
			continue;
		HOLDS(walk, !recent || is->healthy || after->limits.max_changes_per_minute);
		HOLDS(walk,
		      recent || !is->healthy || before->backends[i].healthy || begins(before));
	}
}

/* Degraded ones come back before those that are held, and both before the table fails open. */
static void check_order(struct walk *walk)
{
	const struct scene *scene = &walk->scene;
	struct tally now = tally(scene);

	if (scene->limits.max_changes_per_minute || now.down + now.suspects > now.room)
		return;
	for (unsigned int i = 0; i < scene->count; i++) {
		const struct judge_backend *backend = &scene->backends[i];
		bool fits = now.down + now.held <= now.room;
		bool all_fit = now.down + now.held + now.degraded <= now.room;

		if (!takes_flows(scene, i) || !backend->is_known ||
		    scene->evidence[i].status != JUDGE_UP)
			continue;
		if (scene->evidence[i].degraded)
			HOLDS(walk, backend->healthy == !all_fit);
		else
			HOLDS(walk, backend->healthy == !(backend->held && fits));
	}
}

/* No backend is healthy before its first rise, unless it is inactive or none is known. */
static void check_rises(struct walk *walk, const struct scene *before)
{
	const struct scene *after = &walk->scene;

	for (unsigned int i = 0; i < after->count; i++) {
		if (!takes_flows(after, i) || begins(before) || before->backends[i].is_known)
			continue;
		HOLDS(walk, !after->backends[i].healthy || is_fit(after, i));
		HOLDS(walk, after->backends[i].healthy == after->backends[i].is_known);
	}
}

/* Of all that is known, only what has changed is said to have. */
static void check_said(struct walk *walk, const struct scene *before)
{
	const struct scene *after = &walk->scene;
	unsigned int changed = 0;

	for (unsigned int i = 0; i < after->count; i++) {
		const struct judge_backend *was = &before->backends[i];
		const struct judge_backend *is = &after->backends[i];
		bool other = was->healthy != is->healthy;
		HOLDS(walk, !(is->changed & JUDGE_CHANGED_HEALTHY) == !other);
		HOLDS(walk,
		      !(is->changed & JUDGE_CHANGED_DEGRADED) == (was->degraded == is->degraded));
		HOLDS(walk, !other || is->since_ms == after->now_ms);
		/* a new one may have been made unhealthy and risen at once */
		HOLDS(walk, is->since_ms == was->since_ms || other || !was->is_known);
		HOLDS(walk, takes_flows(after, i) || (is->healthy && !is->is_known));
		changed += is->changed != 0;
	}
	HOLDS(walk, after->verdict.changed == changed);
}

/* What is kept of the evidence is the newest there was, and the unknown leaves all as it is. */
static void check_evidence(struct walk *walk, const struct scene *before)
{
	const struct scene *after = &walk->scene;

	for (unsigned int i = 0; i < after->count; i++) {
		const struct judge_evidence *evidence = &after->evidence[i];
		const struct judge_backend *was = &before->backends[i];
		const struct judge_backend *is = &after->backends[i];

		if (!evidence->takes_flows)
			continue;
		if (evidence->status != JUDGE_UNKNOWN) {
			HOLDS(walk,
			      is->degraded == (evidence->status == JUDGE_UP && evidence->degraded));
			HOLDS(walk, !is->is_known || is->fit == is_fit(after, i));
			continue;
		}
		HOLDS(walk, is->degraded == was->degraded);
		HOLDS(walk, !was->is_known || is->healthy == was->healthy);
		HOLDS(walk, !was->is_known || is->fit == was->fit);
	}
}

/* No more changes in any minute than may be. Those of the operator's making are not counted. */
static void check_minute(struct walk *walk, const struct scene *before)
{
	const struct scene *after = &walk->scene;
	unsigned int limit = after->limits.max_changes_per_minute;
	unsigned int lately = 0;

	for (unsigned int i = 0; i < after->count; i++) {
		bool was = before->backends[i].healthy;

		if (!takes_flows(after, i))
			continue;
		if (begins(before))
			was = true;
		else if (!before->backends[i].is_known)
			was = false;
		if (was == after->backends[i].healthy)
			continue;
		HOLDS(walk, walk->change_count < CHANGES_MAX);
		walk->changed[walk->change_count] = i;
		walk->changes_ms[walk->change_count++] = after->now_ms;
	}
	for (unsigned int i = walk->change_count;
	     i-- > 0 && after->now_ms - walk->changes_ms[i] < MINUTE_MS;)
		lately++;
	HOLDS(walk, !limit || lately <= limit);
	HOLDS(walk, limit || after->table.distrust != JUDGE_LIMITED);
}

/* --- What would be --- */

static bool same_written(const struct scene *a, const struct scene *b)
{
	for (unsigned int i = 0; i < a->count; i++)
		if (a->backends[i].healthy != b->backends[i].healthy ||
		    a->backends[i].degraded != b->backends[i].degraded)
			return false;
	return true;
}

/* To judge twice changes nothing, and time alone does so when it was said, not before. */
static void check_again(struct walk *walk)
{
	struct scene again = walk->scene;
	uint64_t look_again_ms = again.verdict.look_again_ms;

	judge(&again);
	HOLDS(walk, !again.verdict.changed && again.verdict.look_again_ms == look_again_ms);
	for (unsigned int i = 0; i < again.count; i++)
		again.backends[i].changed = walk->scene.backends[i].changed;
	HOLDS(walk, !memcmp(again.backends, walk->scene.backends, sizeof(again.backends)));
	HOLDS(walk, !memcmp(&again.table, &walk->scene.table, sizeof(again.table)));

	HOLDS(walk, !look_again_ms || look_again_ms > again.now_ms);
	again.now_ms = look_again_ms ? look_again_ms - 1 : again.now_ms + (UINT64_C(1) << 40);
	judge(&again);
	HOLDS(walk, same_written(&again, &walk->scene));
}

/* Is it as the evidence says, nothing being in the way? */
static void check_settled(struct walk *walk, const struct scene *scene)
{
	struct tally now = tally(scene);

	for (unsigned int i = 0; i < scene->count && !now.suspects; i++) {
		bool healthy = scene->backends[i].healthy;

		HOLDS(walk, !scene->backends[i].held);
		if (!takes_flows(scene, i) || is_fit(scene, i))
			HOLDS(walk, healthy);
		else if (scene->evidence[i].status == JUDGE_DOWN && now.down <= now.room)
			HOLDS(walk, !healthy);
		else if (scene->evidence[i].status == JUDGE_UP && scene->backends[i].is_known)
			HOLDS(walk, healthy == (now.down + now.degraded > now.room));
	}
}

/* Evidence that is stable is what is written, in time. */
static void check_settles(struct walk *walk)
{
	struct scene scene = walk->scene;
	unsigned int limit = scene.limits.max_changes_per_minute;
	/* each backend changes three times at most: for want of room, when it is held no longer,
	 * and to what the evidence says */
	uint64_t minutes = limit ? 3 * scene.count / (limit - limit / 2) + 2 : 0;
	uint64_t end_ms =
		scene.now_ms + scene.limits.flap_window_s * UINT64_C(1000) + minutes * 61000;

	for (unsigned int round = 0; scene.verdict.look_again_ms; round++) {
		scene.now_ms = scene.verdict.look_again_ms;
		HOLDS(walk, round < ROUNDS_MAX && scene.now_ms <= end_ms);
		judge(&scene);
	}
	check_settled(walk, &scene);
}

/*
 * Better evidence makes no backend worse off, and worse evidence none better, where nothing but the
 * share is in the way.
 */
static void check_monotone(struct walk *walk, const struct scene *before)
{
	unsigned int i = (unsigned int)below(walk, before->count);
	struct scene plain = *before;
	struct scene better;
	struct scene worse;

	if (!takes_flows(before, i))
		return;
	plain.limits.flap_limit = plain.limits.max_changes_per_minute = 0;
	plain.limits.notice_ms = 0;
	for (unsigned int b = 0; b < plain.count; b++)
		plain.backends[b].held = plain.evidence[b].wavers = false;
	better = worse = plain;
	better.evidence[i] = (struct judge_evidence){JUDGE_UP, false, true, false};
	worse.evidence[i] = (struct judge_evidence){JUDGE_DOWN, false, true, false};
	judge(&plain);
	judge(&better);
	judge(&worse);
	HOLDS(walk, better.backends[i].healthy);
	HOLDS(walk, plain.backends[i].healthy || !worse.backends[i].healthy);
}

/* --- The walks --- */

static void start(struct walk *walk, unsigned int number)
{
	static const uint8_t percents[] = {0, 10, 25, 34, 50, 50, 50, 67, 99, 100};
	static const uint16_t per_minute[] = {0, 0, 0, 1, 2, 3, 5, 1000};
	static const uint16_t flap_limits[] = {0, 0, 1, 2, 4, 5, 16, 99};
	static const uint32_t windows_s[] = {0, 1, 30, 300, 300};
	static const uint32_t notice_ms[] = {0, 7000, 7000, 100000};

	memset(walk, 0, sizeof(*walk));
	walk->number = number;
	walk->random = 1 + number;
	walk->scene.now_ms = 1 + below(walk, 100000);
	walk->scene.count = 1 + (unsigned int)below(walk, BACKENDS_MAX);
	walk->scene.limits = (struct health_limits){
		.max_unhealthy_percent = percents[below(walk, COUNT_OF(percents))],
		.max_changes_per_minute = per_minute[below(walk, COUNT_OF(per_minute))],
		.flap_limit = flap_limits[below(walk, COUNT_OF(flap_limits))],
		.flap_window_s = windows_s[below(walk, COUNT_OF(windows_s))],
		.notice_ms = notice_ms[below(walk, COUNT_OF(notice_ms))],
	};
	for (unsigned int i = 0; i < walk->scene.count; i++) {
		walk->scene.evidence[i] = *any_evidence(walk);
		walk->scene.evidence[i].status = JUDGE_UNKNOWN;
	}
}

static void step(struct walk *walk)
{
	struct scene before;

	change_evidence(walk);
	have_waver(walk);
	let_pass(walk);
	before = walk->scene;
	judge(&walk->scene);
	check_share(walk, &before);
	check_doubt(walk, &before);
	check_order(walk);
	check_rises(walk, &before);
	check_said(walk, &before);
	check_evidence(walk, &before);
	check_minute(walk, &before);
	check_again(walk);
	check_monotone(walk, &before);
	if (walk->step % 8 == 0)
		check_settles(walk);
}

START_TEST(whatever_happens_the_promises_hold)
{
	static struct walk walk;

	for (unsigned int number = 0; number < WALKS; number++) {
		start(&walk, number);
		for (walk.step = 0; walk.step < STEPS; walk.step++)
			step(&walk);
	}
}
END_TEST

/* The damped rate: flap_limit changes in a window, and the one that ends the hold. */
static void check_damped(struct walk *walk, const struct scene *before)
{
	uint64_t window_ms = walk->scene.limits.flap_window_s * UINT64_C(1000);

	check_minute(walk, before);
	for (unsigned int i = 0; i < walk->scene.count; i++) {
		unsigned int lately = 0;

		for (unsigned int c = walk->change_count; c-- > 0;)
			lately += walk->changed[c] == i &&
				  walk->scene.now_ms - walk->changes_ms[c] < window_ms;
		HOLDS(walk, lately <= walk->scene.limits.flap_limit + 1U);
	}
}

START_TEST(flapping_moves_a_table_at_the_damped_rate)
{
	static struct walk walk;

	for (unsigned int number = 0; number < 40; number++) {
		start(&walk, number);
		walk.scene.limits = (struct health_limits){
			.max_unhealthy_percent = 100,
			.flap_limit = (uint16_t)(1 + number % JUDGE_FLAPS_MAX),
			.flap_window_s = 60,
		};
		for (unsigned int i = 0; i < walk.scene.count; i++)
			walk.scene.evidence[i] =
				(struct judge_evidence){JUDGE_UP, false, true, false};
		for (walk.step = 0; walk.step < 600; walk.step++) {
			struct scene before = walk.scene;
			unsigned int i = (unsigned int)below(&walk, walk.scene.count);

			walk.scene.now_ms += below(&walk, below(&walk, 10) ? 2000 : 90000);
			walk.scene.evidence[i].status = below(&walk, 2) ? JUDGE_UP : JUDGE_DOWN;
			before.evidence[i] = walk.scene.evidence[i];
			judge(&walk.scene);
			check_damped(&walk, &before);
		}
		HOLDS(&walk, walk.change_count > 2);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("judge by random walks");
	TCase *walks = tcase_create("walks");

	tcase_add_test(walks, whatever_happens_the_promises_hold);
	tcase_add_test(walks, flapping_moves_a_table_at_the_damped_rate);
	suite_add_tcase(suite, walks);
	return suite;
}
