/* SPDX-License-Identifier: BSD-3-Clause */
/* Replaces tunnel.c if its eBPF program cannot be built. */
#include "tunnel.h"

static int no_tunnel_start(struct probe *probe)
{
	probe_end(probe, PROBE_LOCAL,
		  "this program was built without libbpf, clang or bpftool, which that takes");
	return 0;
}

static void no_tunnel_stop(struct probe *probe)
{
	(void)probe;
}

const struct probe_type probe_tunnel = {.start = no_tunnel_start, .stop = no_tunnel_stop};
