/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which XDP program does a network device have, and is it a director's?
 *
 * A director's is recognised by its name and its maps (director/xdp/bifurcate.bpf.c). It stays
 * attached when the process is killed, and does no harm then: it finds no socket.
 */
#ifndef DIRECTOR_XDP_PROGRAM_H
#define DIRECTOR_XDP_PROGRAM_H

#include "director/xdp/vips.h"

enum { XDP_NAME_LEN = 16 };

struct xdp_program {
	uint32_t id;	     /* 0: the device has none, and nothing else is set */
	uint32_t mode_flags; /* how it is attached, for the kernel */
	char name[XDP_NAME_LEN];
	bool is_ours;
	int fd; /* from here on file descriptors; those of maps only if it is ours */
	int vips_fd;
	int prefixes_fd;
	int packets_fd;
};

/* What there is to do with programs. Without libbpf all are NULL, and no port is bifurcated. */
struct xdp_programs {
	/* The object file of the program, which a driver loads. */
	const uint8_t *(*object)(size_t *len);

	/*
	 * Finds the program of a device. Returns 0 and sets *out, to be released; or -errno:
	 * -EPERM without CAP_SYS_ADMIN.
	 */
	GLB_NODISCARD int (*find)(struct xdp_program *out, uint32_t ifindex);

	/* Sets *out: is it still the program of the device? Returns 0 or -errno. */
	GLB_NODISCARD int (*is_attached)(bool *out, const struct xdp_program *program,
					 uint32_t ifindex);

	/* Releases the descriptors; the program stays attached. All zeros are fine. */
	void (*release)(struct xdp_program *program);

	/* Detaches the program, unless the device has another one by now. Returns 0 or -errno. */
	GLB_NODISCARD int (*detach)(const struct xdp_program *program, uint32_t ifindex);

	/* Changes what is the director's from one set to another. Returns 0, or -errno with a part
	 * of the changes made. */
	GLB_NODISCARD int (*change)(const struct xdp_program *program, const struct xdp_vips *from,
				    const struct xdp_vips *to);

	/* Adds what the program has counted, by enum xdp_fate. Returns 0 or -errno. */
	GLB_NODISCARD int (*count)(uint64_t sum[XDP_FATE_COUNT], const struct xdp_program *program);
};

extern const struct xdp_programs xdp_programs;

#endif
