/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do gateways, ports and their devices still agree with the generation in force?
 *
 * All functions must be called on the control thread.
 */
#ifndef DIRECTOR_UPKEEP_H
#define DIRECTOR_UPKEEP_H

#include "director/control.h"

/*
 * Reopens ports whose devices are back, and serves a successor of the generation in force when a
 * gateway or a device has changed. To be called in every turn. Returns 0; or -ENETDOWN, after
 * logging why, if the director must end.
 */
GLB_NODISCARD int upkeep_ports(struct control *control);

#endif
