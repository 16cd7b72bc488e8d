/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcx.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

/* From linux/bpf.h of Linux 6.6; Debian 12 has 6.1, and a libbpf that passes them through. */
enum {
	TCX_INGRESS = 46, /* BPF_TCX_INGRESS */
	REPLACE = 1 << 2, /* BPF_F_REPLACE */
	BEFORE = 1 << 3,  /* BPF_F_BEFORE; without a reference program: before all others */
};

int tcx_list(int ifindex, uint32_t ids[TCX_PROGRAMS_MAX], uint32_t *count)
{
	uint32_t found = TCX_PROGRAMS_MAX;

	if (!bpf_prog_query(ifindex, (enum bpf_attach_type)TCX_INGRESS, 0, NULL, ids, &found)) {
		*count = found;
		return 0;
	}
	return errno == EINVAL ? -ENOTSUP : -errno;
}

int tcx_attach(int ifindex, int program_fd, int replaced_fd)
{
	LIBBPF_OPTS(bpf_prog_attach_opts, opts, .flags = replaced_fd < 0 ? BEFORE : REPLACE,
		    .replace_prog_fd = replaced_fd < 0 ? 0 : replaced_fd);
	int failed =
		bpf_prog_attach_opts(program_fd, ifindex, (enum bpf_attach_type)TCX_INGRESS, &opts);

	return failed ? -errno : 0;
}

int tcx_detach(int ifindex, int program_fd)
{
	return bpf_prog_detach2(program_fd, ifindex, (enum bpf_attach_type)TCX_INGRESS) ? -errno
											: 0;
}
