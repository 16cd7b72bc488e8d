/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In place of program.c in a build without libbpf.
 */
#include "director/xdp/program.h"

const struct xdp_programs xdp_programs = {.object = NULL};
