/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a test get another process that does not outlive it?
 */
#ifndef UNIT_CHILD_H
#define UNIT_CHILD_H

#include <sys/types.h>

/* As fork(), which must not fail. The child is killed when its parent ends. */
pid_t child_start(void);

/* Waits for the child, which must end with status 0. */
void child_ends_well(pid_t child);

#endif
