/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which checks does a "healthchecks" object request?
 *
 * The original's keys are flat: "http" with "http_uri", "gue", "fou" and "tcp" are ports. Here each
 * may also be an object, as may the additional types; or an array of these for more than one.
 */
#ifndef CONF_HEALTH_CHECKS_H
#define CONF_HEALTH_CHECKS_H

#include "conf/health_check.h"
#include "conf/health_times.h"

/* Keys of this module, for a list of known ones. */
#define HEALTH_CHECK_KEYS                                                                          \
	"http", "http_uri", "https", "tcp", "udp", "exec", "gue", "fou", "tunnel", "second_chance"

/* Checks without a backend and a name yet. All zeros: none. */
struct health_list {
	struct health_check *checks; /* released with free() */
	unsigned int count;
	unsigned int room;
};

/*
 * Adds the valid checks of an object to a list. Problems go into the report. Returns 0, even if
 * there are some, or -ENOMEM.
 *
 * times  for checks that do not have their own
 * table  whose binds "tunnel" refers to
 */
GLB_NODISCARD int health_checks_read(struct health_list *list, struct health_memory **memory,
				     const struct conf_value *object,
				     const struct health_times *times,
				     const struct glb_table_spec *table);

#endif
