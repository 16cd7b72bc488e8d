/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does this program do when it is called by the name of one of the original's programs?
 *
 * Scripts and the original's health checker call `glb-director-cli build-config` and
 * `glb-config-check` and examine the exit status: 0, or 1 for any failure. Both names are links to
 * glbctl.
 */
#ifndef CTL_ORIGINAL_H
#define CTL_ORIGINAL_H

#include "sys/command.h"

/* The program of the original that argv[0] names, or NULL. */
const struct program *original_program(const char *path);

/*
 * Removes EAL options from a command line: `glb-config-check` accepts them in front of "--", as the
 * director does, and ignores them. "--" becomes argv[0].
 */
void original_skip_eal(const struct program *program, int *argc, char ***argv);

#endif
