/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often is a check tried, when is its result believed, and how much may a table change?
 *
 * What an object lacks is inherited from the enclosing one: a check from its backend, that from its
 * table, that from the file.
 */
#ifndef CONF_HEALTH_TIMES_H
#define CONF_HEALTH_TIMES_H

#include "conf/health.h"
#include "conf/json.h"

struct health_times {
	uint32_t timeout_ms;
	uint32_t interval_ms;
	uint8_t rise;
	uint8_t fall;
};

/* Keys of either, for a list of known ones. */
#define HEALTH_TIME_KEYS "timeout_ms", "interval_ms", "trigger", "rise", "fall"
#define HEALTH_LIMIT_KEYS                                                                          \
	"max_unhealthy_percent", "max_changes_per_minute", "flap_limit", "flap_window_s"

/* Used where the file says nothing. */
extern const struct health_times health_times_default;
extern const struct health_limits health_limits_default;

/*
 * Applies the members of an object over those inherited; 0 and null count as absent. Problems go
 * into the report.
 */
void health_times_read(struct health_times *times, const struct conf_value *object);

/* The same for limits, in which 0 means no limit, except for max_unhealthy_percent and
 * flap_window_s. */
void health_limits_read(struct health_limits *limits, const struct conf_value *object);

/* Finds a member that is not null: the original writes null for absent values. */
bool health_find(struct conf_value *out, const struct conf_value *object, const char *key);

#endif
