/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much memory does this process use, and how much more can it use before it is killed?
 *
 * The kernel overcommits memory, and kills processes when the memory is touched. Callers about to
 * allocate much ask first.
 */
#ifndef SYS_MEMORY_H
#define SYS_MEMORY_H

#include <stdint.h>

struct memory_left {
	uint64_t bytes;
	const char
		*limit; /* which limit this is, for messages: "of the machine's memory"; static */
};

/*
 * Memory still available: the least of what the machine has available, what the cgroups of this
 * process and their ancestors allow (version 1 or 2; inactive page cache counts as free), and what
 * RLIMIT_AS and RLIMIT_DATA leave. Includes memory that the process has freed but kept. UINT64_MAX
 * if nothing can be read. Reads some small files, so not for the data path. Callable from any
 * thread.
 */
struct memory_left memory_left(void);

/* Resident bytes of this process; 0 if unknown. Callable from any thread. */
uint64_t memory_resident(void);

#endif
