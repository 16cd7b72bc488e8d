/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a device become a port that carries traffic, and through how many queues?
 *
 * Every port gets the same number of queue pairs: as many as there are workers, or as many as the
 * weakest port has. A queue that gets packets and has no worker is refused.
 */
#ifndef DIRECTOR_PORT_H
#define DIRECTOR_PORT_H

#include "director/devices.h"

/*
 * Configures and starts them, for `worker_count` workers. 0, or -errno with a diag that names the
 * device.
 */
GLB_NODISCARD int ports_start(struct ports *ports, const struct director_conf *conf,
			      unsigned int worker_count, struct glb_diag *diag);

/*
 * Starts one that was started before, and has been made again since under its number: what is
 * counted before it is closed has to be kept with ports_add_losses(). 0, or -errno with a diag that
 * names the device.
 */
GLB_NODISCARD int ports_restart(struct ports *ports, uint16_t id, const struct director_conf *conf,
				struct glb_diag *diag);

/* Adds what a device counted itself. */
void ports_add_losses(struct port_losses *sum, uint16_t id);

/* Takes over the MTU that a port has now, as far as packet buffers reach; logs if that is not far.
 */
void ports_measure(struct ports *ports, uint16_t id);

/*
 * Gives the twin of a port, if it has one, the port's MAC address: what the kernel says through it,
 * above all in ARP, names the address that frames for it must have. Logs if it does not take it.
 */
void ports_match_twin(const struct ports *ports, uint16_t id, const uint8_t mac[GLB_MAC_LEN]);

/* Stops and closes them. */
void ports_stop(const struct ports *ports);

/* How a port is to be used, with its own name. */
struct port_conf ports_conf(uint16_t id, const struct director_conf *conf);

/*
 * What the data path has to know of every port, by DPDK port number, into a list of GLB_PORTS_MAX:
 * as configured, with the device's own MAC address, and its MTU where none is configured. The MAC
 * addresses of the twin, and of the device of the kernel a port is on top of, are the port's, too.
 */
void ports_describe(struct glb_port *out, const struct ports *ports,
		    const struct director_conf *conf);

/*
 * Has running devices receive frames to all addresses of such a list. What one cannot, it logs;
 * those that filter nothing need not. An address that is no longer listed may still be received.
 */
void ports_listen(const struct ports *ports, const struct glb_port *described);

#endif
