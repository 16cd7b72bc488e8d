/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do a director and the kernel of its host share one network device?
 *
 * A port of net_af_xdp takes every frame away from the kernel. With "bifurcate" its XDP program is
 * the director's own (director/xdp/bifurcate.bpf.c): it hands over packets for VIPs and errors
 * about them, and leaves all else to the kernel. The driver loads and attaches it, from the option
 * that the EAL is given here, and detaches it when the port is closed. The VIPs of a generation are
 * in the program before it is served, and those of its predecessor leave it afterwards.
 *
 * All functions must be called on the control thread. A build without libbpf refuses "bifurcate".
 */
#ifndef DIRECTOR_XDP_BIFURCATION_H
#define DIRECTOR_XDP_BIFURCATION_H

#include "director/port.h"
#include "director/xdp/program.h"

/* A port with the program. */
struct bifurcated {
	uint16_t id;
	uint32_t ifindex;
	struct xdp_program program;
	bool is_lost;			 /* somebody has detached or replaced the program since */
	uint64_t before[XDP_FATE_COUNT]; /* packets of devices that the port had earlier */
};

struct bifurcation {
	int object_fd; /* the program as a file, for the driver; 0: no port asks for it */
	char *words[GLB_PORTS_MAX]; /* EAL options that were made */
	unsigned int word_count;
	struct bifurcated ports[GLB_PORTS_MAX];
	unsigned int count;
	struct xdp_vips now;	   /* in the program of every port */
	struct xdp_vips was, next; /* between bifurcation_begin() and bifurcation_end() */
};

/*
 * Before the EAL starts: has those --vdev that are to be bifurcated load the program, by changing
 * elements of argv. Returns 0; or -errno with a diag: -EINVAL if a --vdev names a program of its
 * own, -ENOTSUP in a build without libbpf. To be closed in either case.
 */
GLB_NODISCARD int bifurcation_order(struct bifurcation *bifurcation,
				    const struct director_conf *conf, int argc, char **argv,
				    struct glb_diag *diag);

/*
 * Before ports are started: refuses those that cannot be bifurcated, and detaches the program of a
 * director that was killed. The devices must be claimed. Returns 0; or -errno with a diag that
 * names the port: -EEXIST if its device has a program that is not a director's, which stays.
 */
GLB_NODISCARD int bifurcation_clear(const struct ports *ports, const struct director_conf *conf,
				    struct glb_diag *diag);

/*
 * Once ports are started: takes packets for the VIPs of the first generation from the kernel.
 * Returns 0, or -errno with a diag.
 */
GLB_NODISCARD int bifurcation_open(struct bifurcation *bifurcation, const struct ports *ports,
				   const struct director_conf *conf,
				   const struct glb_generation *first, struct glb_diag *diag);

/* The same for a port that was opened again on a new device. Ports that are not bifurcated are
 * ignored. */
GLB_NODISCARD int bifurcation_reopened(struct bifurcation *bifurcation, uint16_t id,
				       struct glb_diag *diag);

/*
 * Takes packets for the VIPs of a generation that is about to be served, besides those of the one
 * in force. Returns 0, to be followed by bifurcation_end(); or -errno with a diag, and nothing has
 * changed.
 */
GLB_NODISCARD int bifurcation_begin(struct bifurcation *bifurcation,
				    const struct glb_generation *next, struct glb_diag *diag);

/* Leaves to the kernel what is for no VIP of the generation in force: the next one, if it is
 * served. */
void bifurcation_end(struct bifurcation *bifurcation, bool served);

/* To be called now and then: notices, and logs, that somebody has detached or replaced the program
 * of a port, which gets no packets from then on. */
void bifurcation_watch(struct bifurcation *bifurcation);

/* Has the device of a port the program? Also true for ports that are not bifurcated. */
bool bifurcation_is_whole(const struct bifurcation *bifurcation, uint16_t id);

/* Adds the packets that a port's program has counted. False if the port has none. */
bool bifurcation_count(uint64_t sum[XDP_FATE_COUNT], const struct bifurcation *bifurcation,
		       uint16_t id);

/* Releases everything but the program, which is the port's. All zeros are fine. */
void bifurcation_close(struct bifurcation *bifurcation);

#endif
