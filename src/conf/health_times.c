/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/health_times.h"

enum {
	TIMEOUT_MS_MAX = 600000,
	INTERVAL_MS_MAX = 3600000,
	FLAP_WINDOW_S_MAX = 86400,
};

const struct health_times health_times_default = {
	.timeout_ms = 1000, /* as in the original */
	.interval_ms = 2000,
	.rise = 3,
	.fall = 3,
};

const struct health_limits health_limits_default = {
	.max_unhealthy_percent = 50,
	.max_changes_per_minute = 0,
	.flap_limit = 6,
	.flap_window_s = 600,
};

bool health_find(struct conf_value *out, const struct conf_value *object, const char *key)
{
	return conf_find(out, object, key) && !conf_is_null(out);
}

/* True, with *out set, if a number other than 0 is given. */
static bool health_times_read_number(uint32_t *out, uint32_t max, const struct conf_value *object,
				     const char *key)
{
	struct conf_value value;
	uint32_t number;

	if (!health_find(&value, object, key) || conf_uint(&number, 0, max, &value) || !number)
		return false;
	*out = number;
	return true;
}

static void read_count(uint8_t *out, const struct conf_value *object, const char *key)
{
	uint32_t count;

	if (health_times_read_number(&count, UINT8_MAX, object, key))
		*out = (uint8_t)count;
}

/* A check started before the previous attempt has ended would leave two in progress. */
static void check_times(const struct health_times *times, const struct conf_value *object,
			bool is_timeout)
{
	struct conf_value value;

	if (times->timeout_ms < times->interval_ms)
		return;
	(void)conf_find(&value, object, is_timeout ? "timeout_ms" : "interval_ms");
	if (is_timeout)
		(void)conf_refuse(&value, "%u is not less than interval_ms, which is %u",
				  times->timeout_ms, times->interval_ms);
	else
		(void)conf_refuse(&value, "%u is not more than timeout_ms, which is %u",
				  times->interval_ms, times->timeout_ms);
}

void health_times_read(struct health_times *times, const struct conf_value *object)
{
	bool is_timeout =
		health_times_read_number(&times->timeout_ms, TIMEOUT_MS_MAX, object, "timeout_ms");
	bool is_interval = health_times_read_number(&times->interval_ms, INTERVAL_MS_MAX, object,
						    "interval_ms");
	uint32_t trigger;

	if (is_timeout || is_interval)
		check_times(times, object, is_timeout);
	if (health_times_read_number(&trigger, UINT8_MAX, object, "trigger"))
		times->rise = times->fall = (uint8_t)trigger;
	read_count(&times->rise, object, "rise");
	read_count(&times->fall, object, "fall");
}

void health_limits_read(struct health_limits *limits, const struct conf_value *object)
{
	struct conf_value value;
	uint32_t number;

	if (health_times_read_number(&number, 100, object, "max_unhealthy_percent"))
		limits->max_unhealthy_percent = (uint8_t)number;
	if (health_times_read_number(&number, FLAP_WINDOW_S_MAX, object, "flap_window_s"))
		limits->flap_window_s = number;
	if (health_find(&value, object, "max_changes_per_minute") &&
	    !conf_uint(&number, 0, HEALTH_CHANGES_MAX, &value))
		limits->max_changes_per_minute = (uint16_t)number;
	if (health_find(&value, object, "flap_limit") &&
	    !conf_uint(&number, 0, HEALTH_FLAPS_MAX, &value))
		limits->flap_limit = (uint16_t)number;
}
