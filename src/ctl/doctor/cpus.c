/* SPDX-License-Identifier: BSD-3-Clause */
/* Does each worker have a processor to itself? */
#include "doctor.h"
#include "sys/words.h"

#define CPU_FOLDER "/sys/devices/system/cpu"

/* Processors of workers that are not in a list of the kernel's; all of them if there is no such
 * list. */
static struct cpu_set missing_in(const struct doctor *doctor, const char *path)
{
	struct cpu_set listed = {{0}};

	if (host_cpus(&listed, doctor->root, path))
		listed = (struct cpu_set){{0}};
	return cpu_set_less(&doctor->subject.worker_cpus, &listed);
}

/* Processors available to the first process, and so to every service that does not set its own. */
static bool read_everybody(struct cpu_set *out, const struct doctor *doctor)
{
	char text[HOST_TEXT_LEN];
	char list[CPU_LIST_LEN];

	return !host_text(text, doctor->root, "/proc/1/status") &&
	       host_field(list, sizeof(list), text, "Cpus_allowed_list") &&
	       !cpu_set_read(out, list);
}

static void check_isolated(struct doctor *doctor)
{
	struct finding finding = {
		.check = "cpus.isolated",
		.where = CPU_FOLDER "/isolated",
		.why = "whatever else the kernel runs there makes a worker stand still, and "
		       "packets wait "
		       "or are lost",
	};
	struct cpu_set open = missing_in(doctor, finding.where);
	struct cpu_set everybody;
	char list[CPU_LIST_LEN];

	if (cpu_set_count(&open) && read_everybody(&everybody, doctor)) {
		/* CPUAffinity of system.conf keeps services off the workers' processors, but
		 * nothing else */
		open = cpu_set_both(&open, &everybody);
	}
	if (!cpu_set_count(&open)) {
		finding_text(finding.seen, "processors of workers are kept free of other work: %s",
			     cpu_set_text(list, &doctor->subject.worker_cpus));
		doctor_add(doctor, &finding);
		return;
	}
	finding.level = LEVEL_ADVICE;
	finding_text(finding.seen, "other work may run on processors of workers: %s",
		     cpu_set_text(list, &open));
	finding_text(
		finding.fix,
		"boot with isolcpus=%s on the kernel's command line, or keep services away with "
		"CPUAffinity= in /etc/systemd/system.conf",
		cpu_set_text(list, &doctor->subject.worker_cpus));
	doctor_add(doctor, &finding);
}

static void check_ticks(struct doctor *doctor)
{
	struct finding finding = {
		.check = "cpus.nohz_full",
		.where = CPU_FOLDER "/nohz_full",
		.why = "the kernel interrupts a worker there up to a thousand times a second, for "
		       "some "
		       "microseconds each time",
	};
	struct cpu_set ticking = missing_in(doctor, finding.where);
	char list[CPU_LIST_LEN];

	if (!cpu_set_count(&ticking)) {
		finding_text(finding.seen, "the kernel's tick is off where workers run alone");
	} else {
		finding.level = LEVEL_ADVICE;
		finding_text(finding.seen, "the kernel's tick runs on processors of workers: %s",
			     cpu_set_text(list, &ticking));
		finding_text(finding.fix, "boot with nohz_full=%s rcu_nocbs=%s",
			     cpu_set_text(list, &doctor->subject.worker_cpus), list);
	}
	doctor_add(doctor, &finding);
}

/* A worker with several processors migrates between them; two workers on one processor share it. */
static void check_pins(struct doctor *doctor)
{
	const struct subject *subject = &doctor->subject;
	struct finding finding = {.check = "cpus.pinned", .where = "glbctl workers"};
	struct cpu_set taken = subject->control_cpus;
	struct cpu_set shared = {{0}};
	unsigned int loose = 0;
	char list[CPU_LIST_LEN];

	for (unsigned int i = 0; i < subject->worker_count; i++) {
		struct cpu_set both = cpu_set_both(&subject->workers[i].cpus, &taken);

		shared = cpu_set_either(&shared, &both);
		taken = cpu_set_either(&taken, &subject->workers[i].cpus);
		loose += cpu_set_count(&subject->workers[i].cpus) != 1;
	}
	if (cpu_set_count(&shared)) {
		finding.level = LEVEL_PROBLEM;
		finding.why =
			"threads of the director take turns there, and a worker that waits for its "
			"turn forwards nothing for milliseconds";
		finding_text(finding.seen, "several lcores share processors: %s",
			     cpu_set_text(list, &shared));
		finding_text(finding.fix, "give each lcore one of its own: EAL option -l, in "
					  "/etc/default/glb-director");
	} else if (loose) {
		finding.level = LEVEL_ADVICE;
		finding.why =
			"the kernel moves a worker between processors, whose caches are cold then";
		finding_text(finding.seen, "%u worker%s may run on more than one processor", loose,
			     loose == 1 ? "" : "s");
		finding_text(finding.fix,
			     "give each lcore one: EAL option -l rather than --lcores");
	} else {
		finding_text(finding.seen, "each of %u worker%s has a processor of its own",
			     subject->worker_count, plural(subject->worker_count));
	}
	doctor_add(doctor, &finding);
}

static bool read_siblings(struct cpu_set *out, const struct doctor *doctor, unsigned int cpu)
{
	char path[HOST_PATH_LEN];

	return !host_cpus(out, doctor->root,
			  host_path(path, CPU_FOLDER "/cpu%u/topology/thread_siblings_list", cpu));
}

/* Reports pairs of hyperthreads: two workers, or a worker beside a processor open to anything. */
static void check_siblings(struct doctor *doctor)
{
	const struct subject *subject = &doctor->subject;
	struct finding finding = {
		.level = LEVEL_ADVICE,
		.check = "cpus.siblings",
		.where = CPU_FOLDER "/cpuN/topology/thread_siblings_list",
		.why = "two threads of a core share its units and caches: each gets little more "
		       "than half",
	};
	struct cpu_set twins = {{0}};
	struct cpu_set others = {{0}};
	char list[CPU_LIST_LEN];

	for (unsigned int cpu = cpu_set_next(&subject->worker_cpus, 0); cpu < CPUS_MAX;
	     cpu = cpu_set_next(&subject->worker_cpus, cpu + 1)) {
		struct cpu_set self = {{0}};
		struct cpu_set siblings;
		struct cpu_set workers;

		cpu_set_add(&self, cpu);
		if (!read_siblings(&siblings, doctor, cpu)) {
			doctor_skip(doctor, finding.check, "%s of processor %u cannot be read",
				    finding.where, cpu);
			return;
		}
		siblings = cpu_set_less(&siblings, &self);
		workers = cpu_set_both(&siblings, &subject->worker_cpus);
		twins = cpu_set_either(&twins, &workers);
		others = cpu_set_either(&others, &siblings);
	}
	if (cpu_set_count(&twins)) {
		finding_text(finding.seen, "workers share cores: processors %s",
			     cpu_set_text(list, &twins));
		finding_text(finding.fix,
			     "give workers processors of different cores (lscpu -e), or count "
			     "such a pair as little more than one");
	} else if (cpu_set_count(&others)) {
		finding_text(finding.seen,
			     "the other threads of workers' cores are in use: processors %s",
			     cpu_set_text(list, &others));
		finding_text(finding.fix,
			     "leave them idle: echo 0 >" CPU_FOLDER "/cpuN/online for each");
	} else {
		finding.level = LEVEL_OK;
		finding_text(finding.seen, "no worker shares its core");
	}
	doctor_add(doctor, &finding);
}

static void check_online(struct doctor *doctor)
{
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = "cpus.online",
		.where = CPU_FOLDER "/online",
		.why = "the EAL does not start with an lcore that is not there",
	};
	struct cpu_set online;
	struct cpu_set absent;
	char list[CPU_LIST_LEN];

	if (host_cpus(&online, doctor->root, finding.where)) {
		doctor_skip(doctor, finding.check, "%s cannot be read", finding.where);
		return;
	}
	absent = cpu_set_less(&doctor->subject.worker_cpus, &online);
	if (!cpu_set_count(&absent))
		return;
	finding_text(finding.seen, "processors of workers are not there: %s",
		     cpu_set_text(list, &absent));
	finding_text(finding.fix, "choose lcores among %s", cpu_set_text(list, &online));
	doctor_add(doctor, &finding);
}

void doctor_cpus(struct doctor *doctor)
{
	if (!doctor->subject.worker_count) {
		doctor_skip(doctor, "cpus",
			    "which processors workers use is not known: --lcores LIST");
		return;
	}
	check_online(doctor);
	check_pins(doctor);
	check_isolated(doctor);
	check_ticks(doctor);
	check_siblings(doctor);
}
