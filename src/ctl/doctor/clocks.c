/* SPDX-License-Identifier: BSD-3-Clause */
/* Do the workers' processors run at full speed, and is their clock reliable? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define CPU_FOLDER "/sys/devices/system/cpu"

static void check_governors(struct doctor *doctor)
{
	struct finding finding = {
		.check = "cpus.governor",
		.why = "a processor that was slowed down takes milliseconds to be fast again, when "
		       "a burst "
		       "has come already",
	};
	const struct cpu_set *workers = &doctor->subject.worker_cpus;
	struct cpu_set slow = {{0}};
	unsigned int known = 0;
	char name[HOST_TEXT_LEN] = "";
	char list[CPU_LIST_LEN];

	for (unsigned int cpu = cpu_set_next(workers, 0); cpu < CPUS_MAX;
	     cpu = cpu_set_next(workers, cpu + 1)) {
		char path[HOST_PATH_LEN];
		char one[HOST_TEXT_LEN];

		host_path(path, CPU_FOLDER "/cpu%u/cpufreq/scaling_governor", cpu);
		if (host_text(one, doctor->root, path))
			continue; /* a virtual machine has no frequency scaling; nothing to report
				   */
		known++;
		if (!strcmp(one, "performance"))
			continue;
		cpu_set_add(&slow, cpu);
		memcpy(name, one, sizeof(name));
		memcpy(finding.where, path, sizeof(path));
	}
	if (!known)
		return;
	if (!cpu_set_count(&slow)) {
		finding_text(finding.seen, "processors of workers are set to performance");
	} else {
		finding.level = LEVEL_ADVICE;
		finding_text(finding.seen, "governor \"%.40s\" on processors of workers: %s", name,
			     cpu_set_text(list, &slow));
		finding_text(finding.fix, "cpupower -c %s frequency-set -g performance",
			     cpu_set_text(list, &slow));
	}
	doctor_add(doctor, &finding);
}

static void check_source(struct doctor *doctor)
{
	/* clock sources that hypervisors derive from the TSC */
	static const char *const good[] = {"tsc", "kvm-clock", "xen", "hyperv_clocksource_tsc_page",
					   "arch_sys_counter"};
	struct finding finding = {
		.check = "cpus.clock",
		.where = "/sys/devices/system/clocksource/clocksource0/current_clocksource",
		.why = "the kernel does not trust the counter that workers measure their time "
		       "with: "
		       "stalls and limits per second may be wrong, and each look at the clock is "
		       "slow",
	};
	char name[HOST_TEXT_LEN];

	if (host_text(name, doctor->root, finding.where)) {
		doctor_skip(doctor, finding.check, "%s cannot be read", finding.where);
		return;
	}
	finding_text(finding.seen, "the kernel's clock is %.40s", name);
	finding.level = LEVEL_ADVICE;
	for (unsigned int i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!strcmp(name, good[i]))
			finding.level = LEVEL_OK;
	if (finding.level != LEVEL_OK)
		finding_text(finding.fix, "see why: dmesg | grep -i -e tsc -e clocksource");
	doctor_add(doctor, &finding);
}

/* Time stolen by the hypervisor on a processor, and total time. False: not available. */
static bool read_steal(uint64_t *stolen, uint64_t *all, const char *text, unsigned int cpu)
{
	enum { STEAL = 7, FIELDS = 8 };
	char name[16];
	const char *line;
	char *end;

	(void)snprintf(name, sizeof(name), "\ncpu%u ", cpu);
	line = strstr(text, name);
	if (!line)
		return false;
	line += strlen(name);
	for (unsigned int i = 0; i < FIELDS; i++) {
		uint64_t ticks = strtoull(line, &end, 10);

		if (end == line)
			return false;
		*all += ticks;
		*stolen += i == STEAL ? ticks : 0;
		line = end;
	}
	return true;
}

static void check_steal(struct doctor *doctor)
{
	enum { PERMILLE_MAX = 5 };
	struct finding finding = {
		.check = "cpus.stolen",
		.where = "/proc/stat",
		.why = "a worker is stalled while its processor runs another guest",
	};
	const struct cpu_set *workers = &doctor->subject.worker_cpus;
	char text[HOST_TEXT_LEN];
	uint64_t stolen = 0;
	uint64_t all = 0;
	uint64_t permille;
	bool known = !host_text(text, doctor->root, finding.where);

	for (unsigned int cpu = cpu_set_next(workers, 0); known && cpu < CPUS_MAX;
	     cpu = cpu_set_next(workers, cpu + 1))
		known = read_steal(&stolen, &all, text, cpu);
	if (!known) {
		doctor_skip(doctor, finding.check, "%s does not have the processors of workers",
			    finding.where);
		return;
	}
	permille = all ? (uint64_t)((double)stolen * 1000 / (double)all) : 0;
	finding_text(finding.seen,
		     "a hypervisor took %" PRIu64 ".%" PRIu64
		     " %% of the time of workers' processors, "
		     "since the boot",
		     permille / 10, permille % 10);
	if (permille >= PERMILLE_MAX) {
		finding.level = LEVEL_ADVICE;
		finding_text(finding.fix,
			     "have its host give this guest processors of its own; glbctl "
			     "stalls says when it hurt");
	}
	doctor_add(doctor, &finding);
}

void doctor_clocks(struct doctor *doctor)
{
	check_source(doctor);
	if (!doctor->subject.worker_count)
		return;
	check_governors(doctor);
	check_steal(doctor);
}
