/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a device become a port that carries traffic, and with how many queues?
 *
 * All ports get the same number of queue pairs: as many as there are workers, or as the port with
 * the fewest supports. A queue that receives packets but has no worker is refused.
 */
#ifndef DIRECTOR_PORT_H
#define DIRECTOR_PORT_H

#include "director/devices.h"

/*
 * Configures and starts the ports for `worker_count` workers. Returns 0, or -errno with a diag that
 * names the device.
 */
GLB_NODISCARD int ports_start(struct ports *ports, const struct director_conf *conf,
			      unsigned int worker_count, struct glb_diag *diag);

/*
 * Starts a port that was started before and has been recreated under its number; its losses must
 * have been saved with ports_add_losses() before it was closed. Returns 0, or -errno with a diag
 * that names the device.
 */
GLB_NODISCARD int ports_restart(struct ports *ports, uint16_t id, const struct director_conf *conf,
				struct glb_diag *diag);

/* Adds the losses counted by a device itself. */
void ports_add_losses(struct port_losses *sum, uint16_t id);

/* Adopts the current MTU of a port, as far as packet buffers permit; logs if they do not. */
void ports_measure(struct ports *ports, uint16_t id);

/*
 * Gives the twin of a port, if any, the port's MAC address: what the kernel sends through it, above
 * all ARP, announces the address that frames for it must have. Logs if the twin does not accept it.
 */
void ports_match_twin(const struct ports *ports, uint16_t id, const uint8_t mac[GLB_MAC_LEN]);

/*
 * Fits a port that was started to the twin that it punts to, if any: gives its own twin the port's
 * address, and has the port receive all multicast frames. The kernel behind the twin joins groups,
 * of IPv6 neighbours, of OSPF, of VRRP, that the NIC does not know. Logs what a driver does not
 * accept.
 */
void ports_suit_twin(const struct ports *ports, uint16_t id);

/* Stops and closes all ports. */
void ports_stop(const struct ports *ports);

/* How a port is to be used, with its own name. */
struct port_conf ports_conf(uint16_t id, const struct director_conf *conf);

/*
 * Describes every port for the data path, by DPDK port number, in a list of GLB_PORTS_MAX: as
 * configured, with the device's own MAC address, and its MTU if none is configured. The MAC
 * addresses of the twin, and of the kernel device under the port, are accepted as well.
 */
void ports_describe(struct glb_port *out, const struct ports *ports,
		    const struct director_conf *conf);

/*
 * Makes running devices receive frames to all addresses in such a list. Failures are logged;
 * devices that do not filter need nothing. Addresses removed from the list may still be received.
 */
void ports_listen(const struct ports *ports, const struct glb_port *described);

#endif
