/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which files does the checker start from, and which settings may change while it runs?
 */
#ifndef HEALTHCHECK_CONFIGURATION_H
#define HEALTHCHECK_CONFIGURATION_H

#include "healthcheck/source.h"

/* Reads healthcheck.json and the source that it names. Returns 0, or -errno after logging why. */
GLB_NODISCARD int configuration_read(struct health_conf *conf, struct content **content,
				     const char *path);

/*
 * Reads healthcheck.json again and applies the settings that may change: reload_command,
 * director_socket, hold_ms, parallel_max. Changes of others are reported by a warning. Returns true
 * if the file was valid; otherwise nothing changes and the reason is logged.
 */
bool configuration_reload(struct health_conf *conf, const char *path);

#endif
