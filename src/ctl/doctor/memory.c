/* SPDX-License-Identifier: BSD-3-Clause */
/* Is there enough memory of the right kind? */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define HUGEPAGE_FOLDER "/sys/kernel/mm/hugepages"

/* Hugepages of all sizes, in KiB. */
struct hugepages {
	const struct doctor *doctor;
	const char *folder;
	uint64_t all_kib;
	uint64_t free_kib;
};

static void add_size(void *arg, const char *name)
{
	static const char prefix[] = "hugepages-";
	struct hugepages *sum = arg;
	char path[HOST_PATH_LEN];
	int64_t count = 0;
	uint64_t kib;

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return;
	kib = strtoull(name + strlen(prefix), NULL, 10);
	if (kib > UINT32_MAX)
		return;
	host_path(path, "%s/%s/nr_hugepages", sum->folder, name);
	if (!host_number(&count, sum->doctor->root, path) && count > 0 && count < INT32_MAX)
		sum->all_kib += kib * (uint64_t)count;
	host_path(path, "%s/%s/free_hugepages", sum->folder, name);
	if (!host_number(&count, sum->doctor->root, path) && count > 0 && count < INT32_MAX)
		sum->free_kib += kib * (uint64_t)count;
}

static bool count_hugepages(struct hugepages *out, const struct doctor *doctor, const char *folder)
{
	*out = (struct hugepages){.doctor = doctor, .folder = folder};
	return !host_entries(doctor->root, folder, add_size, out);
}

static void check_hugepages(struct doctor *doctor)
{
	const struct subject *subject = &doctor->subject;
	struct finding finding = {
		.level = LEVEL_ADVICE,
		.check = "memory.hugepages",
		.where = HUGEPAGE_FOLDER,
		.why = "without hugepages a third to a half of the rate is lost",
		.fix = "sysctl vm.nr_hugepages=N, and take --no-huge out of the EAL options in "
		       "/etc/default/glb-director",
	};
	struct hugepages pages;

	if (subject->knows_hugepages && subject->has_hugepages) {
		finding.level = LEVEL_OK;
		finding_text(finding.seen, "the director uses hugepages");
		doctor_add(doctor, &finding);
		return;
	}
	if (!count_hugepages(&pages, doctor, HUGEPAGE_FOLDER)) {
		doctor_skip(doctor, finding.check, HUGEPAGE_FOLDER " cannot be read");
		return;
	}
	if (subject->knows_hugepages) {
		finding_text(finding.seen,
			     "the director does without hugepages, %" PRIu64 " MiB are free",
			     pages.free_kib / 1024);
	} else if (!pages.free_kib) {
		finding_text(finding.seen, "no hugepage is free, of %" PRIu64 " MiB",
			     pages.all_kib / 1024);
	} else {
		finding.level = LEVEL_OK;
		finding_text(finding.seen, "%" PRIu64 " MiB of hugepages are free",
			     pages.free_kib / 1024);
	}
	doctor_add(doctor, &finding);
}

static void check_transparent(struct doctor *doctor)
{
	struct finding finding = {
		.check = "memory.transparent",
		.where = "/sys/kernel/mm/transparent_hugepage/enabled",
		.why = "tables are read at random, and with small pages each look may miss the TLB",
		.fix = "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled, then start the "
		       "director again",
	};
	char text[HOST_TEXT_LEN];

	if (host_text(text, doctor->root, finding.where)) {
		doctor_skip(doctor, finding.check, "%s cannot be read", finding.where);
		return;
	}
	finding.level = strstr(text, "[never]") ? LEVEL_ADVICE : LEVEL_OK;
	finding_text(finding.seen, finding.level == LEVEL_OK
					   ? "tables may have huge pages"
					   : "tables have small pages: transparent ones are off");
	doctor_add(doctor, &finding);
}

static void check_balancing(struct doctor *doctor)
{
	struct finding finding = {
		.level = LEVEL_ADVICE,
		.check = "memory.numa_balancing",
		.where = "/proc/sys/kernel/numa_balancing",
		.why = "the kernel takes pages from workers to see who uses them, and each look "
		       "that follows "
		       "is a page fault; the director has placed its memory already",
		.fix = "sysctl kernel.numa_balancing=0",
	};
	int64_t on;

	if (host_number(&on, doctor->root, finding.where))
		return; /* not supported by the kernel or the machine */
	if (on) {
		finding_text(finding.seen, "automatic NUMA balancing is on");
	} else {
		finding.level = LEVEL_OK;
		finding_text(finding.seen, "automatic NUMA balancing is off");
	}
	doctor_add(doctor, &finding);
}

/* A line such as "MemTotal:  16384 kB". */
static bool read_kib(uint64_t *out, const char *text, const char *name)
{
	char value[64];

	if (!host_field(value, sizeof(value), text, name))
		return false;
	*out = strtoull(value, NULL, 10);
	return true;
}

static void check_available(struct doctor *doctor)
{
	enum { PERCENT_LEAST = 5 };
	struct finding finding = {
		.check = "memory.available",
		.where = "/proc/meminfo",
		.why = "a reload needs memory for the new tables beside the old, and is refused "
		       "without",
		.fix = "see who has it: ps -eo rss,comm --sort=-rss | head",
	};
	char text[HOST_TEXT_LEN];
	uint64_t total;
	uint64_t available;

	if (host_text(text, doctor->root, finding.where) || !read_kib(&total, text, "MemTotal") ||
	    !read_kib(&available, text, "MemAvailable")) {
		doctor_skip(doctor, finding.check, "%s cannot be read", finding.where);
		return;
	}
	if (available < total / 100 * PERCENT_LEAST)
		finding.level = LEVEL_ADVICE;
	finding_text(finding.seen, "%" PRIu64 " of %" PRIu64 " MiB are available", available / 1024,
		     total / 1024);
	doctor_add(doctor, &finding);
}

static void check_swapped(struct doctor *doctor)
{
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = "memory.swapped",
		.why = "a worker that needs such a page is stalled until it is read from disk",
		.fix = "swapoff -a, or MemorySwapMax=0 in a drop-in of the unit",
	};
	char text[HOST_TEXT_LEN];
	uint64_t swapped;

	if (!doctor->subject.pid)
		return;
	host_path(finding.where, "/proc/%u/status", doctor->subject.pid);
	if (host_text(text, doctor->root, finding.where) || !read_kib(&swapped, text, "VmSwap")) {
		doctor_skip(doctor, finding.check, "%s cannot be read", finding.where);
		return;
	}
	if (!swapped)
		finding.level = LEVEL_OK;
	finding_text(finding.seen, "%" PRIu64 " KiB of the director are on the disk", swapped);
	doctor_add(doctor, &finding);
}

void doctor_memory(struct doctor *doctor)
{
	check_hugepages(doctor);
	check_transparent(doctor);
	check_balancing(doctor);
	check_available(doctor);
	check_swapped(doctor);
}
