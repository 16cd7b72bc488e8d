/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a NIC that is shared with the kernel send packets to VIPs to the director?
 *
 * Its driver must be able to isolate a port, as mlx5 does: then the port receives only what rules
 * of rte_flow say, and the kernel gets everything else. There is a rule for each prefix that binds
 * receive (conf/steer_prefixes.h), which spreads its packets over the port's queues.
 *
 * All functions must be called on the control thread, while no port is opened or closed.
 */
#ifndef DIRECTOR_STEER_H
#define DIRECTOR_STEER_H

#include "director/devices.h"

struct steer_rule;

/* The rules in force. Zeroed: none. */
struct steering {
	struct steer_rule *rules; /* sorted by port and address */
	struct steer_rule *next;  /* those of a generation that is not served yet, or NULL */
	uint32_t count;
	uint32_t next_count;
};

/*
 * Isolates a port, which must not be configured yet. Returns 0; or -errno with a diag that names
 * the port and its driver: -ENOTSUP if the driver cannot isolate.
 */
GLB_NODISCARD int steer_isolate(uint16_t id, struct glb_diag *diag);

/*
 * Makes the rules that are missing for tables, on the ports that are to be steered. Those that are
 * no longer needed stay until steer_commit(). Returns 0, to be followed by steer_commit() or
 * steer_revert(); or -errno with a diag that names port and prefix, and the rules are as before.
 */
GLB_NODISCARD int steer_prepare(struct steering *steering, const struct ports *ports,
				const struct director_conf *conf, const struct glb_tables *tables,
				struct glb_diag *diag);

/* The tables are served: removes rules that they do not need. */
void steer_commit(struct steering *steering);

/* They are not: removes the rules that were made for them. */
void steer_revert(struct steering *steering);

/* A port was closed and is open again: makes its rules again. Returns as steer_prepare(). */
GLB_NODISCARD int steer_restore(const struct steering *steering, const struct ports *ports,
				uint16_t id, struct glb_diag *diag);

/* Removes all rules; the ports must still be open. */
void steer_end(struct steering *steering, const struct ports *ports);

#endif
