/* SPDX-License-Identifier: BSD-3-Clause */
/* Are workers interrupted by devices? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

enum { NAMED_MAX = 4 };

/* The search for interrupts delivered to workers. */
struct search {
	const struct doctor *doctor;
	unsigned int count;
	unsigned int allowed; /* could be delivered to workers, but none was so far */
	char named[FINDING_TEXT_LEN / 2];
};

/* Interrupts of one kind delivered to the workers' processors; the file lists a count per
 * processor. */
static uint64_t times_of(const struct doctor *doctor, const char *irq)
{
	char path[HOST_PATH_LEN];
	char text[HOST_TEXT_LEN];
	uint64_t times = 0;
	const char *at = text;

	/* if the counts are not available, assume that they are delivered */
	if (host_text(text, doctor->root, host_path(path, "/sys/kernel/irq/%s/per_cpu_count", irq)))
		return 1;
	for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++) {
		char *end;
		uint64_t one = strtoull(at, &end, 10);

		if (end == at)
			break;
		if (cpu_set_has(&doctor->subject.worker_cpus, cpu))
			times += one;
		at = end + (*end == ',');
	}
	return times;
}

static bool goes_to_workers(const struct doctor *doctor, const char *irq)
{
	static const char *const files[] = {"effective_affinity_list", "smp_affinity_list"};
	struct cpu_set cpus = {{0}};
	char path[HOST_PATH_LEN];

	for (unsigned int i = 0; i < 2 && !cpu_set_count(&cpus); i++)
		if (host_cpus(&cpus, doctor->root,
			      host_path(path, "/proc/irq/%s/%s", irq, files[i])))
			cpus = (struct cpu_set){{0}};
	cpus = cpu_set_both(&cpus, &doctor->subject.worker_cpus);
	return cpu_set_count(&cpus);
}

static void take_irq(void *arg, const char *irq)
{
	struct search *search = arg;
	char path[HOST_PATH_LEN];
	char name[HOST_TEXT_LEN];
	size_t len = strlen(search->named);

	if (strspn(irq, "0123456789") != strlen(irq) || !goes_to_workers(search->doctor, irq))
		return;
	if (!times_of(search->doctor, irq)) {
		search->allowed++;
		return;
	}
	if (host_text(name, search->doctor->root,
		      host_path(path, "/sys/kernel/irq/%s/actions", irq)))
		*name = '\0';
	if (search->count++ < NAMED_MAX)
		(void)snprintf(search->named + len, sizeof(search->named) - len, "%s%s %.32s",
			       len ? ", " : "", irq, *name ? name : "?");
}

void doctor_interrupts(struct doctor *doctor)
{
	struct finding finding = {
		.check = "cpus.interrupts",
		.where = "/proc/irq/N/effective_affinity_list",
		.why = "each one takes some microseconds from a worker, when its device likes",
	};
	struct search search = {.doctor = doctor};
	struct cpu_set others;
	char list[CPU_LIST_LEN];

	if (!doctor->subject.worker_count)
		return;
	if (host_entries(doctor->root, "/proc/irq", take_irq, &search)) {
		doctor_skip(doctor, finding.check, "/proc/irq cannot be read");
		return;
	}
	if (search.count) {
		others = (struct cpu_set){{0}};
		if (!host_cpus(&others, doctor->root, "/sys/devices/system/cpu/online"))
			others = cpu_set_less(&others, &doctor->subject.worker_cpus);
		finding.level = LEVEL_ADVICE;
		finding_text(finding.seen, "devices interrupt workers, by %u interrupt%s: %s%s",
			     search.count, search.count == 1 ? "" : "s", search.named,
			     search.count > NAMED_MAX ? ", ..." : "");
		finding_text(finding.fix,
			     "echo %s >/proc/irq/N/smp_affinity_list for each, and keep irqbalance "
			     "away: "
			     "IRQBALANCE_BANNED_CPULIST in /etc/default/irqbalance",
			     cpu_set_text(list, &others));
	} else {
		finding_text(finding.seen, "no device has interrupted a worker, %u might",
			     search.allowed);
	}
	doctor_add(doctor, &finding);
}
