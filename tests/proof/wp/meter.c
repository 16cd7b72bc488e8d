/* SPDX-License-Identifier: BSD-3-Clause */
/* What src/core/meter.c works out about tokens, for any bucket, rate and time. */
#include <glb/meter.h>

/*@ requires room: room <= 4611686018427387903;
    assigns \nothing;
    ensures within: \result <= room;
    ensures ahead: now <= full_at <= now + room ==> \result == full_at - now;
    ensures past: full_at <= now <= full_at + 4611686018427387903 ==> \result == 0;
 */
static uint64_t taken_of(uint64_t full_at, uint64_t now, uint64_t room);

/*@ requires cost: 1 <= cost <= 256000000000;
    requires wanted: wanted <= 64;
    assigns \nothing;
    ensures no_more: \result <= wanted;
    ensures paid: \result * cost <= ticks;
    ensures as_many: \result == wanted || ticks < (\result + 1) * cost; */
static uint32_t affordable(uint64_t ticks, uint64_t cost, uint32_t wanted);

#include "core/meter.c"
