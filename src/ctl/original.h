/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does this program do when it is called by the name of one of the original's?
 *
 * Scripts and the original's health checker call `glb-director-cli build-config` and
 * `glb-config-check`, and look at their exit status: 0, or 1 for whatever is wrong. Both names are
 * links to glbctl.
 */
#ifndef CTL_ORIGINAL_H
#define CTL_ORIGINAL_H

#include "sys/command.h"

/* The original's program that argv[0] names, or NULL. */
const struct program *original_program(const char *path);

/*
 * Takes the words for the EAL off a command line, which `glb-config-check` may get in front of "--"
 * as the director does, and has no use for. "--" becomes argv[0].
 */
void original_skip_eal(const struct program *program, int *argc, char ***argv);

#endif
