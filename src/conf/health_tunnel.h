/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which VIPs and ports does a "tunnel" check go to?
 */
#ifndef CONF_HEALTH_TUNNEL_H
#define CONF_HEALTH_TUNNEL_H

#include "conf/health_checks.h"

enum { HEALTH_TUNNEL_BINDS_MAX = 32 };

/*
 * Reads "vip" and "port" of an object, and finds in a table's TCP binds what they leave open: a
 * bind of one address is its VIP, and one of a single port its port. Adds a copy of `check` to the
 * list for each. Problems go into the report: there is none, or there are more than
 * HEALTH_TUNNEL_BINDS_MAX. 0, also if there were some, or -ENOMEM.
 */
GLB_NODISCARD int health_tunnel_read(struct health_list *list, const struct health_check *check,
				     const struct conf_value *object,
				     const struct glb_table_spec *table);

/* Adds a check to a list. 0 or -ENOMEM. */
GLB_NODISCARD int health_list_add(struct health_list *list, const struct health_check *check);

#endif
