/* SPDX-License-Identifier: BSD-3-Clause */
/* What glb/cursor.h promises of glb_take(), for a cursor in any packet and any n. */
#include <glb/cursor.h>

/*@ requires cursor: \valid(cur);
    requires separated: \separated(cur, cur->at);
    requires one_packet: cur->at != \null && \base_addr(cur->at) == \base_addr(cur->end) && cur->at
   <= cur->end; requires short: cur->end - cur->at <= 0xffffffff; assigns cur->at; ensures taken:
   \result != \null ==> \result == \old(cur->at) && cur->at == \result + n; ensures there: \result
   != \null ==> cur->at <= cur->end; ensures unmoved: \result == \null ==> cur->at == \old(cur->at);
 */
static inline const uint8_t *glb_take(struct glb_cursor *cur, uint32_t n);
