/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which devices of the EAL does a director serve, and how are they related?
 *
 * All are ports, except the twin ports, which lead to the kernel, and members of a bond
 * (net_bonding), which carry packets of the bond; the bond is the port.
 */
#ifndef DIRECTOR_DEVICES_H
#define DIRECTOR_DEVICES_H

#include <glb/diag.h>
#include <glb/generation.h>

#include "conf/director.h"
#include "director/dpdk.h"

/* Losses counted by the devices themselves. */
#define PORT_LOSSES(X)                                                                             \
	X(rx_missed, imissed)                                                                      \
	X(rx_errors, ierrors)                                                                      \
	X(rx_no_mbuf, rx_nombuf)                                                                   \
	X(tx_errors, oerrors)

struct port_losses {
#define PORT_LOSS_FIELD(name, field) uint64_t name;
	PORT_LOSSES(PORT_LOSS_FIELD)
#undef PORT_LOSS_FIELD
};

/* The ports that a director serves, and the twin ports for punted packets. */
struct ports {
	uint16_t ids[GLB_PORTS_MAX]; /* DPDK port numbers, all below GLB_PORTS_MAX */
	uint16_t count;
	uint16_t queue_count;		  /* queue pairs per port */
	bool udp_checksum;		  /* the devices compute outer checksums on request */
	uint16_t twin_ids[GLB_PORTS_MAX]; /* by port: its twin, or PORT_NONE */
	uint16_t punt_via[GLB_PORTS_MAX]; /* by port: whose twin takes its punted packets */
	bool steered[GLB_PORTS_MAX]; /* by port: isolated, so that only rules (steer.h) lead to it
				      */
	uint32_t frame_max[RTE_MAX_ETHPORTS]; /* bytes on the wire of the largest frame of each
						 device */
	struct rte_mempool *pool;	      /* that frames are received into */
	struct rte_mempool *large_pool;	      /* for frames received in several segments */
	uint64_t link_downs;		      /* counted by src/director/link.h */
	uint64_t link_changes;
	struct port_losses before; /* of ports that were reopened since */
};

enum { PORT_NONE = UINT16_MAX };

/*
 * Iterates over all devices, ports and twins: each call has the next i, from 0. Returns false after
 * the last; otherwise *id is a device, or PORT_NONE for a port without a twin.
 */
bool ports_device(uint16_t *id, const struct ports *ports, unsigned int i);

/* The port whose twin the device is, by DPDK port number; PORT_NONE: none. */
uint16_t ports_twin_of(const struct ports *ports, uint16_t id);

/* Is the device a port, or the twin of one? Members of bonds are not. */
bool ports_has(const struct ports *ports, uint16_t id);

/*
 * The members of a bond, from its EAL option. Returns their number, each a DPDK port number; 0: it
 * is not a bond, or a member is unknown.
 */
unsigned int ports_members(uint16_t out[RTE_MAX_ETHPORTS], uint16_t id);

/*
 * Finds all devices of the EAL. Returns 0; or -errno with a diag that begins with the place in
 * director.json that names a device that does not exist.
 *
 * Configures bonds, as their members are not known before.
 */
GLB_NODISCARD int ports_find(struct ports *out, const struct director_conf *conf,
			     struct glb_diag *diag);

/* The port that packets received by another one are forwarded through. */
uint16_t ports_way_out(uint16_t id, const struct port_conf *own, const struct director_conf *conf);

/*
 * Can the ports be used in this way without a restart? Returns 0; or -errno with a diag that begins
 * with the place in director.json that prevents it.
 */
GLB_NODISCARD int ports_check(const struct ports *ports, const struct director_conf *conf,
			      struct glb_diag *diag);

#endif
