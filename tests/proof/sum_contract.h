/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is taken of glb_sum() where packets are summed: it reads the bytes that it is given, and
 * they must be initialised. The target sum proves that it reads no others. Included before
 * glb/net.h, with -eva-use-spec glb_sum.
 */
#ifndef PROOF_SUM_CONTRACT_H
#define PROOF_SUM_CONTRACT_H

#include <stdint.h>

/*@ requires readable: \valid_read(bytes + (0 .. len - 1));
    requires there: \initialized(bytes + (0 .. len - 1));
    assigns \result \from sum, bytes[0 .. len - 1], len; */
static inline uint64_t glb_sum(uint64_t sum, const uint8_t *bytes, uint32_t len);

#endif
