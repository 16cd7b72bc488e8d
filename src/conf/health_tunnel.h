/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which VIPs and ports does a "tunnel" check connect to?
 */
#ifndef CONF_HEALTH_TUNNEL_H
#define CONF_HEALTH_TUNNEL_H

#include "conf/health_checks.h"

enum { HEALTH_TUNNEL_BINDS_MAX = 32 };

/*
 * Reads "vip" and "port" of an object; what is not given is taken from each TCP bind of the table
 * with a single address or port, respectively. Adds a copy of `check` to the list for each. Having
 * none, or more than HEALTH_TUNNEL_BINDS_MAX, is a problem. Problems go into the report. Returns 0,
 * even if there are some, or -ENOMEM.
 */
GLB_NODISCARD int health_tunnel_read(struct health_list *list, const struct health_check *check,
				     const struct conf_value *object,
				     const struct glb_table_spec *table);

/* Adds a check to a list. Returns 0 or -ENOMEM. */
GLB_NODISCARD int health_list_add(struct health_list *list, const struct health_check *check);

#endif
