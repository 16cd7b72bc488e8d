/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which VIPs does a director.json meter, and at what rate?
 */
#ifndef CONF_METERS_H
#define CONF_METERS_H

#include "conf/director.h"
#include "conf/json.h"

/* Reads `meters`; problems go into the report, and the meters must not be used then. */
void meters_read(struct director_conf *conf, const struct conf_value *root);

/* Warns of meters whose VIP no bind has, which therefore meter nothing. */
void meters_warn_unbound(const struct director_conf *conf, const struct glb_tables *tables,
			 struct report *report);

/*
 * Makes the meters of a configuration: glb_meters_make(), which keeps buckets and counters of
 * `before`. Without any *out is NULL. Returns 0 or -ENOMEM.
 */
GLB_NODISCARD int meters_make(struct glb_meters **out, const struct director_conf *conf,
			      const struct glb_meters *before);

#endif
