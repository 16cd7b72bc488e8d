/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel_attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

enum {
	/* From linux/bpf.h of Linux 6.6; Debian 12 has 6.1, and a libbpf that passes them
	 * through. */
	TCX_EGRESS = 47, /* BPF_TCX_EGRESS */
	BEFORE = 1 << 3, /* BPF_F_BEFORE; without a reference program: before all others */
	HANDLE = 1,
	PRIORITY = 19523,
};

int tunnel_attach_tcx(int ifindex, int program_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = BEFORE);

	return bpf_link_create(program_fd, ifindex, (enum bpf_attach_type)TCX_EGRESS, &opts);
}

int tunnel_attach_clsact(int ifindex, int program_fd)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, place, .handle = HANDLE, .priority = PRIORITY,
		    .prog_fd = program_fd, .flags = BPF_TC_F_REPLACE);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST)
		return err;
	return bpf_tc_attach(&hook, &place);
}
