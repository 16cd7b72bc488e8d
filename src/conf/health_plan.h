/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What would a health checker refuse in a tables file that a director accepts?
 */
#ifndef CONF_HEALTH_PLAN_H
#define CONF_HEALTH_PLAN_H

#include "conf/json.h"

/*
 * Warns of it. Returns 0, even if there is something, or -ENOMEM.
 *
 * spec  as read from the file with this root
 */
GLB_NODISCARD int health_warn(const struct glb_spec *spec, const struct conf_value *root);

#endif
