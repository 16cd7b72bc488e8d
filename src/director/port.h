/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which devices carry traffic, and through how many queues?
 *
 * Every port gets the same number of queue pairs: as many as there are workers, or as many as the
 * weakest port has. A queue that gets packets and has no worker is refused.
 */
#ifndef DIRECTOR_PORT_H
#define DIRECTOR_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>
#include <glb/generation.h>

#include "conf/director.h"

struct rte_mempool;

/* The ports a director serves, and the twin port that takes punted packets. */
struct ports {
	uint16_t ids[GLB_PORTS_MAX]; /* DPDK port numbers, all below GLB_PORTS_MAX */
	uint16_t count;
	uint16_t queue_count;		   /* queue pairs per port */
	uint16_t punt_id;		   /* or PORT_NONE */
	bool udp_checksum;		   /* the devices fill in outer checksums when told to */
	uint32_t frame_max[GLB_PORTS_MAX]; /* bytes of the largest frame on the wire */
	uint32_t punt_frame_max;	   /* likewise, of the twin */
	struct rte_mempool *large_pool;	   /* for frames that came in pieces */
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
 */
GLB_NODISCARD int ports_find(struct ports *out, const struct director_conf *conf,
			     struct glb_diag *diag);

/* Can they be used like that without a restart? Likewise. */
GLB_NODISCARD int ports_check(const struct ports *ports, const struct director_conf *conf,
			      struct glb_diag *diag);

/*
 * Configures and starts them, for `worker_count` workers. 0, or -errno with a diag that names the
 * device.
 */
GLB_NODISCARD int ports_start(struct ports *ports, const struct director_conf *conf,
			      unsigned int worker_count, struct glb_diag *diag);

/* Stops and closes them. */
void ports_stop(const struct ports *ports);

/* How a port is to be used, with its own name. */
struct port_conf ports_conf(uint16_t id, const struct director_conf *conf);

/*
 * What the data path has to know of every port, by DPDK port number, into a list of GLB_PORTS_MAX:
 * as configured, with the device's own MAC address, and its MTU where none is configured.
 */
void ports_describe(struct glb_port *out, const struct ports *ports,
		    const struct director_conf *conf);

#endif
