/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What would a health checker refuse in a tables file that a director takes?
 */
#ifndef CONF_HEALTH_PLAN_H
#define CONF_HEALTH_PLAN_H

#include "conf/json.h"

/*
 * Warns of it. 0, also if there is something, or -ENOMEM.
 *
 * spec  as it was read from the file whose root this is
 */
GLB_NODISCARD int health_warn(const struct glb_spec *spec, const struct conf_value *root);

#endif
