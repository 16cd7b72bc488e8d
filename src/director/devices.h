/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which devices of the EAL does a director serve, and how do they belong together?
 *
 * All are ports but for the twin port, which leads to the kernel, and for members of a bond
 * (net_bonding): those carry the packets of the bond, which is the port.
 */
#ifndef DIRECTOR_DEVICES_H
#define DIRECTOR_DEVICES_H

#include <glb/diag.h>
#include <glb/generation.h>

#include "conf/director.h"
#include "director/dpdk.h"

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
	uint16_t queue_count;		      /* queue pairs per port */
	bool udp_checksum;		      /* the devices fill in outer checksums when told to */
	uint16_t twin_ids[GLB_PORTS_MAX];     /* by port: what leads to the kernel, or PORT_NONE */
	uint16_t punt_via[GLB_PORTS_MAX];     /* by port: whose twin takes what is punted */
	uint32_t frame_max[RTE_MAX_ETHPORTS]; /* bytes of the largest frame of any device, on the
						 wire */
	struct rte_mempool *pool;	      /* that frames are received into */
	struct rte_mempool *large_pool;	      /* for frames that came in pieces */
	uint64_t link_downs;		      /* counted by src/director/link.h */
	uint64_t link_changes;
	struct port_losses before; /* of ports that were opened again since */
};

enum { PORT_NONE = UINT16_MAX };

/*
 * Walks over all devices, ports and twins: each call has the next i, from 0. False: that was all;
 * else *id is a device, or PORT_NONE for a port that has no twin.
 */
bool ports_device(uint16_t *id, const struct ports *ports, unsigned int i);

/* The port whose twin a device is, by DPDK port number; PORT_NONE: of none. */
uint16_t ports_twin_of(const struct ports *ports, uint16_t id);

/* Is a device a port, or the twin of one? Members of bonds are not. */
bool ports_has(const struct ports *ports, uint16_t id);

/*
 * The members of a bond, by its EAL option. How many, each a DPDK port number; 0: it is no bond, or
 * it is not known which device one of them is.
 */
unsigned int ports_members(uint16_t out[RTE_MAX_ETHPORTS], uint16_t id);

/*
 * Finds every device of the EAL. 0, or -errno with a diag that begins with the place in
 * director.json which names a device that there is not.
 *
 * Bonds are configured for it, since only that makes their members known.
 */
GLB_NODISCARD int ports_find(struct ports *out, const struct director_conf *conf,
			     struct glb_diag *diag);

/* The port by which packets leave that another one received and that are forwarded. */
uint16_t ports_way_out(uint16_t id, const struct port_conf *own, const struct director_conf *conf);

/*
 * Can they be used like that without a restart? 0, or -errno with a diag that begins with the place
 * in director.json which says otherwise.
 */
GLB_NODISCARD int ports_check(const struct ports *ports, const struct director_conf *conf,
			      struct glb_diag *diag);

#endif
