/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where on the ingress of a device is our program attached?
 *
 * In the tcx list, among the tc filters, or both while it is being moved. It is identified by its
 * name and the name of its counters, whatever its version.
 */
#ifndef GLB_REDIRECT_PLACES_H
#define GLB_REDIRECT_PLACES_H

#include <linux/bpf.h>

#include "syn_queue.h"
#include "tcx.h"

/* One attached program of ours, of any version. */
struct ours {
	uint32_t id;	 /* 0: none */
	int program_fd;	 /* to be closed; -1: none */
	int counters_fd; /* -1 also if the program has different counters */
	bool asks_conntrack;
	int senders_fd;	 /* -1 also if the program predates this map */
	int services_fd; /* -1 also if the map of its version is another one */
	int vips_fd;	 /* the same */
	int peers_fd;	 /* the same */
	int syn_key_fd;	 /* the same */
	int syn_queues_fd;
	struct syn_settings syn; /* of what answers to SYNs offer; zero: there are none */
};

/* Our programs on a device. Both places are in use while the program is being moved. */
struct places {
	bool has_tcx;	   /* supported by the kernel */
	bool clsact_taken; /* by someone else */
	uint32_t tcx_ids[TCX_PROGRAMS_MAX];
	uint32_t tcx_count;
	uint32_t tcx_at; /* index of ours in that list */
	struct ours tcx;
	struct ours second; /* another of ours there, from concurrent attachments */
	struct ours clsact;
};

/*
 * Looks for our program in both places.
 *
 * Returns 0, even if it is in neither, and fills *places, to be released with places_release();
 * -EPERM without CAP_NET_ADMIN or, if there are programs to inspect, CAP_SYS_ADMIN; or another
 * error of the kernel.
 */
GLB_NODISCARD int places_find(int ifindex, struct places *places);

void places_release(struct places *places);

/*
 * The one of our programs that packets reach first. NULL if there is none; *error is then -EEXIST
 * if someone else's filter has our place, otherwise -ENOENT.
 */
const struct ours *places_first(const struct places *places, int *error);

/*
 * Opens a program by id. Returns 0 and sets *fd, to be closed, and *info; -ENOENT if there is no
 * such program; or another error of the kernel.
 */
GLB_NODISCARD int places_open_program(uint32_t id, int *fd, struct bpf_prog_info *info);

#endif
