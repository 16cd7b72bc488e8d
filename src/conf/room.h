/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is there enough memory for what a file requires?
 *
 * A small file can require much: a table with one backend takes a MiB, and three bytes of JSON two
 * hundred. A process that allocates it although it is not available is killed by the kernel, and
 * stops forwarding.
 */
#ifndef CONF_ROOM_H
#define CONF_ROOM_H

#include <glb/diag.h>

/*
 * Are `need` bytes available, with some to spare (sys/memory.h)? Returns 0; or -ENOMEM with a diag
 * that says how many are needed, how many are available, and what limits them. Less than 16 MiB is
 * not checked.
 */
GLB_NODISCARD int room_check(uint64_t need, struct glb_diag *diag);

/* An upper bound of the bytes needed to parse a JSON text: its values and their positions. */
uint64_t room_of_json(const char *text, size_t len);

#endif
