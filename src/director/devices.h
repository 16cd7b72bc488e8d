/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which devices of the EAL does a director serve, and how do they belong together?
 *
 * All are ports but for the twin port, which leads to the kernel, and for members of a bond
 * (net_bonding): those carry the packets of the bond, which is the port.
 */
#ifndef DIRECTOR_DEVICES_H
#define DIRECTOR_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>
#include <glb/generation.h>

#include "conf/director.h"

struct rte_mempool;

/* What devices count themselves. */
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

/* The ports a director serves, and the twin port that takes punted packets. */
struct ports {
	uint16_t ids[GLB_PORTS_MAX]; /* DPDK port numbers, all below GLB_PORTS_MAX */
	uint16_t count;
	uint16_t queue_count;		   /* queue pairs per port */
	uint16_t punt_id;		   /* or PORT_NONE */
	bool udp_checksum;		   /* the devices fill in outer checksums when told to */
	uint32_t frame_max[GLB_PORTS_MAX]; /* bytes of the largest frame on the wire */
	uint32_t punt_frame_max;	   /* the same, of the twin */
	struct rte_mempool *pool;	   /* that frames are received into */
	struct rte_mempool *large_pool;	   /* for frames that came in pieces */
	uint64_t link_downs;		   /* counted by src/director/link.h */
	uint64_t link_changes;
	struct port_losses before; /* of ports that were opened again since */
};

enum { PORT_NONE = UINT16_MAX };

/* Bytes of the largest frame that a port, or the twin, takes or could get. */
static inline uint32_t ports_frame_max(const struct ports *ports, uint16_t id)
{
	return id == ports->punt_id ? ports->punt_frame_max : ports->frame_max[id];
}

/*
 * Finds every device of the EAL. 0, or -errno with a diag that begins with the place in
 * director.json which names a device that there is not.
 *
 * Bonds are configured for it, since only that makes their members known.
 */
GLB_NODISCARD int ports_find(struct ports *out, const struct director_conf *conf,
			     struct glb_diag *diag);

/*
 * Can they be used like that without a restart? 0, or -errno with a diag that begins with the place
 * in director.json which says otherwise.
 */
GLB_NODISCARD int ports_check(const struct ports *ports, const struct director_conf *conf,
			      struct glb_diag *diag);

#endif
