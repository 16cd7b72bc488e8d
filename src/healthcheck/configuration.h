/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which files does the checker start from, and what of them may change while it runs?
 */
#ifndef HEALTHCHECK_CONFIGURATION_H
#define HEALTHCHECK_CONFIGURATION_H

#include "healthcheck/source.h"

/* Reads healthcheck.json and the source that it names. 0, or -errno after logging why. */
GLB_NODISCARD int configuration_read(struct health_conf *conf, struct content **content,
				     const char *path);

/*
 * Reads healthcheck.json again, and takes over what can change: reload_command, director_socket,
 * hold_ms, parallel_max. What else has changed is named in a warning. True: it was good; else it
 * stays as it was, and why was logged.
 */
bool configuration_reload(struct health_conf *conf, const char *path);

#endif
