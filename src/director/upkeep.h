/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Are gateways, ports and their devices still what the generation in force says?
 *
 * All functions are for the control thread.
 */
#ifndef DIRECTOR_UPKEEP_H
#define DIRECTOR_UPKEEP_H

#include "director/control.h"

/*
 * Opens ports again whose devices are back, and serves a successor of the generation in force when
 * a gateway or a device is another one now. To be called in every turn. 0, or -ENETDOWN after
 * logging why that is the end.
 */
GLB_NODISCARD int upkeep_ports(struct control *control);

#endif
