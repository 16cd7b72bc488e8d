/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For which ports of VIPs are SYNs answered with cookies, and how many were?
 */
#ifndef GLB_REDIRECT_SYN_QUEUES_H
#define GLB_REDIRECT_SYN_QUEUES_H

#include "syn_queue.h"

/* The queue of a port of a VIP. */
struct syn_report {
	struct syn_service service;
	struct syn_queue queue;
	bool engaged;	       /* by the last SYN, which came recently */
	uint64_t since_ago_ms; /* since when it is engaged; 0 if it is not */
};

struct syn_reports {
	bool on; /* by the settings; otherwise there may be entries of before */
	uint32_t count;
	struct syn_report list[SYN_QUEUES_MAX]; /* by VIP and port */
};

/*
 * Reads the queues of the program on a device that have been full. Returns 0; -ENOENT or -EEXIST as
 * redirect_detach(); -ENOTSUP if the program is of another version; -ENOMEM; or another error of
 * the kernel. *out is untouched then.
 */
GLB_NODISCARD int redirect_read_syn_queues(int ifindex, struct syn_reports *out);

enum { SYN_SERVICE_TEXT_LEN = 64 };

/* Formats as `192.0.2.10:443` or `[2001:db8::10]:443`. Returns out. */
const char *syn_service_text(char out[SYN_SERVICE_TEXT_LEN], const struct syn_service *service);

/* All SYNs that were answered. */
uint64_t syn_reports_answered(const struct syn_reports *reports);

struct writer;

/* Writes the queues as an array of JSON objects named `syn_queues`. */
void syn_reports_write(struct writer *w, const struct syn_reports *reports);

#endif
