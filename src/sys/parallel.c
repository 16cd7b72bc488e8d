/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <sched.h>

#include "parallel.h"

struct work {
	void (*task)(void *arg, unsigned int part);
	void *arg;
	unsigned int part_count;
	unsigned int next; /* the next part to be taken; atomic */
};

static void *take_parts(void *arg)
{
	struct work *work = arg;

	for (;;) {
		unsigned int part = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED);

		if (part >= work->part_count)
			return NULL;
		work->task(work->arg, part);
	}
}

static unsigned int processors_here(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (unsigned int)CPU_COUNT(&set);
}

void parallel_run(void (*task)(void *arg, unsigned int part), void *arg, unsigned int part_count)
{
	struct work work = {.task = task, .arg = arg, .part_count = part_count};
	unsigned int processors = processors_here();
	pthread_t threads[PARALLEL_MAX];
	unsigned int started = 0;

	while (started + 1 < PARALLEL_MAX && started + 1 < processors && started + 1 < part_count &&
	       !pthread_create(&threads[started], NULL, take_parts, &work))
		started++;
	take_parts(&work);
	while (started > 0)
		pthread_join(threads[--started], NULL);
}
