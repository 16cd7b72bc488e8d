/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is the device under a port described in the log?
 */
#ifndef DIRECTOR_LINK_LOG_H
#define DIRECTOR_LINK_LOG_H

#include "director/link.h"

/* The name of the device, even if it is gone; a bond has none of its own. */
const char *link_device(const struct link *link);
const char *link_gone_device(const struct link *link);

/* Logs a line per change, as returned by device_hear(). */
void link_log_changes(const struct link *link, uint16_t id, unsigned int changes);

#endif
