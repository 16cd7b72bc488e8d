/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where on the ingress of a device is our program?
 *
 * It may be in the tcx list or among the tc filters, and in both while it moves from one to the
 * other. It is known by its name and by the name of its counters, whatever its version.
 */
#ifndef GLB_REDIRECT_PLACES_H
#define GLB_REDIRECT_PLACES_H

#include <linux/bpf.h>

#include "tcx.h"

/* One attached program of ours, of whatever version. */
struct ours {
	uint32_t id;	 /* 0: there is none */
	int program_fd;	 /* -1, or to be closed */
	int counters_fd; /* -1 also when the program counts other things */
	bool asks_conntrack;
	int senders_fd; /* -1 also when the program is older than its map */
};

/* What is found of us on a device. Both places are taken while the program moves. */
struct places {
	bool has_tcx;	   /* the kernel does */
	bool clsact_taken; /* by somebody else */
	uint32_t tcx_ids[TCX_PROGRAMS_MAX];
	uint32_t tcx_count;
	uint32_t tcx_at; /* place of ours in that list */
	struct ours tcx;
	struct ours second; /* of ours in that list, when two commands put one there at once */
	struct ours clsact;
};

/*
 * Looks for our program in both places.
 *
 * Returns 0, also when it is in neither, and fills *places, to be released with places_release();
 * -EPERM without CAP_NET_ADMIN, or, where there are programs to look at, CAP_SYS_ADMIN; or another
 * error of the kernel.
 */
GLB_NODISCARD int places_find(int ifindex, struct places *places);

void places_release(struct places *places);

/*
 * The program of ours that packets meet first. NULL when there is none; then *error is -EEXIST if
 * somebody else's filter is in our place among the filters, otherwise -ENOENT.
 */
const struct ours *places_first(const struct places *places, int *error);

/*
 * Reads what the kernel knows about a program. Returns 0 and sets *fd, to be closed; -ENOENT when
 * there is no such program, or another error of the kernel.
 */
GLB_NODISCARD int places_open_program(uint32_t id, int *fd, struct bpf_prog_info *info);

#endif
