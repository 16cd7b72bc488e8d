/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a port go on after the kernel's device under it was deleted and made again?
 *
 * What its driver has opened belongs to the old device for good. So the port is closed, made again
 * by the EAL from the same option, and started, while all workers rest: 5 ms with net_tap, up to
 * 0.1 s with net_af_packet on a busy machine. The other ports' rings take what arrives meanwhile.
 */
#ifndef DIRECTOR_REOPEN_H
#define DIRECTOR_REOPEN_H

#include "director/worker.h"

/*
 * Opens the port with this number again. 0 with the workers at work, or -errno with a diag that
 * names it: then the port is closed, and the workers rest.
 */
GLB_NODISCARD int reopen_port(struct workers *workers, uint16_t id,
			      const struct director_conf *conf, struct glb_diag *diag);

#endif
