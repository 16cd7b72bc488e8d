/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often is a check tried, when is its result believed, and how much may a table change?
 *
 * An object has what it says, and the rest from the one around it: a check from its backend, that
 * from its table, that from the file.
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

/* The keys of either, for a list of known ones. */
#define HEALTH_TIME_KEYS "timeout_ms", "interval_ms", "trigger", "rise", "fall"
#define HEALTH_LIMIT_KEYS                                                                          \
	"max_unhealthy_percent", "max_changes_per_minute", "flap_limit", "flap_window_s"

/* Where the file says nothing. */
extern const struct health_times health_times_default;
extern const struct health_limits health_limits_default;

/*
 * Reads what an object says, over what the one around it says; 0 and null as if they were absent.
 * What is wrong is in the report.
 */
void health_times_read(struct health_times *times, const struct conf_value *object);

/* The same of limits, of which 0 means none, but for max_unhealthy_percent and flap_window_s. */
void health_limits_read(struct health_limits *limits, const struct conf_value *object);

/* A member that is not null: the original writes that for what is absent. */
bool health_find(struct conf_value *out, const struct conf_value *object, const char *key);

#endif
