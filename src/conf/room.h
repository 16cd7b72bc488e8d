/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is there memory for what a file asks for?
 *
 * A small file can ask for much: a table of one backend takes a MiB, and three bytes of JSON two
 * hundred. Whoever takes that although it is not there is killed by the kernel, and forwards no
 * more.
 */
#ifndef CONF_ROOM_H
#define CONF_ROOM_H

#include <glb/diag.h>

/*
 * Are so many bytes left, with some to spare (sys/memory.h)? 0; or -ENOMEM, and the diag says how
 * many are needed, how many are left, and what limits them. Less than 16 MiB is not looked at.
 */
GLB_NODISCARD int room_check(uint64_t need, struct glb_diag *diag);

/* Bytes that it takes to read a JSON text, at most: its values, and where they stand. */
uint64_t room_of_json(const char *text, size_t len);

#endif
