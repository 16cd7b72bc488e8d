/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which keys of director.json take effect at a restart only?
 */
#ifndef DIRECTOR_KEEP_H
#define DIRECTOR_KEEP_H

#include "conf/director.h"

/*
 * Keeps these keys as they are in `old`, the configuration in force, and warns of each whose value
 * in `new` differs, with both values. Everything else in `new` is unchanged.
 */
void keep_restart_only(struct director_conf *new, const struct director_conf *old);

#endif
