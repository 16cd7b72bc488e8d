/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much memory has this process, and how much can it take before somebody ends it?
 *
 * The kernel promises more than there is and kills when it is used. Who is about to take much asks
 * first.
 */
#ifndef SYS_MEMORY_H
#define SYS_MEMORY_H

#include <stdint.h>

struct memory_left {
	uint64_t bytes;
	const char *limit; /* what sets it, for people: `of the machine's memory`; static */
};

/*
 * The least of: what the machine has available, what the cgroups of this process and those above
 * allow (version 1 or 2; page cache that is not in use counts as free), and what RLIMIT_AS and
 * RLIMIT_DATA leave. What the process has freed and kept is part of it. UINT64_MAX where nothing
 * can be read. Opens some small files, so not for the data path. For any thread.
 */
struct memory_left memory_left(void);

/* Bytes of this process that are in memory; 0 where that cannot be read. For any thread. */
uint64_t memory_resident(void);

#endif
