/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is DPDK's environment started, and if it fails, what must be done about it?
 *
 * The EAL logs what it does and returns an error number; which device failed, why, and whether for
 * lack of hugepages is determined here.
 */
#ifndef DIRECTOR_EAL_H
#define DIRECTOR_EAL_H

#include <glb/bytes.h>

#include "director/dpdk.h"

enum { EAL_WHY_LEN = 256 };

/* What the EAL and its drivers have logged about the first device that failed. Initially all
 * zeros. */
struct eal_log {
	char said[EAL_WHY_LEN]; /* by drivers since the last line of the EAL's own */
	char device[RTE_DEV_NAME_MAX_LEN];
	char why[EAL_WHY_LEN];	/* "": the driver gave no reason */
	char last[EAL_WHY_LEN]; /* the EAL's own latest line that may be an error; "": none */
};

/*
 * Are there options among the EAL's words that DPDK has renamed since its version 17, which the
 * original director was made for? 0; or -EINVAL after logging today's name of each.
 */
GLB_NODISCARD int eal_check_words(int argc, char *const *argv);

/*
 * Starts the EAL, with its log in ours, and makes sure that there is a device for every --vdev,
 * without which the EAL would go on. `argv` is what rte_eal_init() is to get. `log` is written to
 * until the process ends. Logs a warning when the EAL does without hugepages.
 *
 * Returns 0, or -errno after logging the reason: which --vdev it is and what its driver says, or
 * how many hugepages are free and how to do without. The EAL may be initialised nevertheless.
 */
GLB_NODISCARD int eal_start(struct eal_log *log, int argc, char **argv);

#endif
