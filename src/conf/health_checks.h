/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which checks does one "healthchecks" object ask for?
 *
 * The original's keys are flat: "http" with "http_uri", "gue", "fou" and "tcp" are ports. Here each
 * may also be an object, and so may the types that the original does not have; or an array of
 * these, when there is to be more than one.
 */
#ifndef CONF_HEALTH_CHECKS_H
#define CONF_HEALTH_CHECKS_H

#include "conf/health_check.h"
#include "conf/health_times.h"

/* The keys of this module, for a list of known ones. */
#define HEALTH_CHECK_KEYS                                                                          \
	"http", "http_uri", "https", "tcp", "udp", "exec", "gue", "fou", "tunnel", "second_chance"

/* Checks of no backend yet, which have no name. All zeros: none. */
struct health_list {
	struct health_check *checks; /* released with free() */
	unsigned int count;
	unsigned int room;
};

/*
 * Adds the checks of an object to a list, as far as they are good. Problems go into the report. 0,
 * also if there were some, or -ENOMEM.
 *
 * times  where a check says nothing of its own
 * table  whose binds are what "tunnel" is about
 */
GLB_NODISCARD int health_checks_read(struct health_list *list, struct health_memory **memory,
				     const struct conf_value *object,
				     const struct health_times *times,
				     const struct glb_table_spec *table);

#endif
