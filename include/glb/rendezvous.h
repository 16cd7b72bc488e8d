/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which backends serve a row, and in what order?
 *
 * Rendezvous (highest random weight) hashing, Thaler and Ravishankar 1998: every backend gets a rank
 * in every row from a keyed hash of row and address alone, so that the relative order of two
 * backends never depends on a third, and adding or removing one moves only the rows it wins or won.
 *
 *   row seed = SipHash(seed, row as 4 big-endian bytes), its 8 bytes little-endian
 *   rank     = SipHash(seed, row seed | address), its 8 bytes read as a big-endian number
 *
 * The smallest rank is the row's first choice, the next its second.
 */
#ifndef GLB_RENDEZVOUS_H
#define GLB_RENDEZVOUS_H

#include <glb/spec.h>
#include <glb/table.h>

/*
 * Fills GLB_ROWS rows of two hops each. At least one backend must be usable. With one, it is both
 * primary and secondary of every row.
 *
 * A first choice that is draining or unhealthy yields to a second choice that is active, whatever
 * the health of the latter: fleets mix directors, so this rule of the original is kept as it is.
 */
void glb_rendezvous(struct glb_row *rows, const struct glb_table_spec *spec);

#endif
