/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the log say of the device under a port?
 */
#ifndef DIRECTOR_LINK_LOG_H
#define DIRECTOR_LINK_LOG_H

#include "director/link.h"

/* What the log calls the device, and one that is gone: a bond has none but its members. */
const char *link_device(const struct link *link);
const char *link_gone_device(const struct link *link);

/* A line for each change, which are those of device_hear(). */
void link_log_changes(const struct link *link, uint16_t id, unsigned int changes);

#endif
