/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does an index of binds become part of something larger?
 *
 * It lies in one stretch of memory, beginning to end, so that it can be written where there is
 * room, and copied as bytes.
 */
#ifndef CORE_BINDS_H
#define CORE_BINDS_H

#include <glb/area.h>
#include <glb/bind.h>

/* Bytes that the index of these tables takes. */
size_t binds_len(const struct glb_tables *tables);

/* Writes the index at `at`, which is aligned like a part of an area. Returns `at`. */
struct glb_binds *binds_write(void *at, const struct glb_tables *tables);

/* `binds` is the copy, in `to`, of an index in `from`: has it name its own parts. */
void binds_moved(struct glb_binds *binds, const struct glb_area *to, const struct glb_area *from);

#endif
