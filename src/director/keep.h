/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which keys of director.json does only a restart change?
 */
#ifndef DIRECTOR_KEEP_H
#define DIRECTOR_KEEP_H

#include "conf/director.h"

/*
 * Keeps what only a restart changes as it is in `old`, the configuration in force, and warns of
 * each such key that has another value in `new`, with both. Everything else in `new` stays.
 */
void keep_restart_only(struct director_conf *new, const struct director_conf *old);

#endif
