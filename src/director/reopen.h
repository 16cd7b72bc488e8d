/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a port continue after the kernel device under it was deleted and recreated?
 *
 * What its driver opened belongs to the old device for good. So the port is closed, recreated by
 * the EAL from the same option, and started, while all workers pause: 5 ms with net_tap, up to 0.1
 * s with net_af_packet on a busy machine. The rings of other ports hold what arrives meanwhile.
 */
#ifndef DIRECTOR_REOPEN_H
#define DIRECTOR_REOPEN_H

#include "director/worker.h"

/*
 * Reopens the port with this number. Returns 0 with the workers running; or -errno with a diag that
 * names it: then the port is closed, and the workers are paused.
 */
GLB_NODISCARD int reopen_port(struct workers *workers, uint16_t id,
			      const struct director_conf *conf, struct glb_diag *diag);

#endif
