/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do gcc's builtins promise? Contracts for WP, which reads a call by its contract alone.
 * Included before everything else.
 */
#ifndef PROOF_WP_MODEL_H
#define PROOF_WP_MODEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*@ requires \valid((uint8_t *)to + (0 .. n - 1));
    requires \valid_read((uint8_t *)from + (0 .. n - 1));
    assigns ((uint8_t *)to)[0 .. n - 1]; */
void model_memcpy(void *to, const void *from, size_t n);
/*@ assigns \nothing; ensures \result == (v % 256) * 256 + v / 256; */
uint16_t model_bswap16(uint16_t v);
/*@ assigns \nothing; */
uint32_t model_bswap32(uint32_t v);
/*@ assigns \nothing; */
uint64_t model_bswap64(uint64_t v);
/*@ requires \valid(sum);
    assigns *sum;
    ensures *sum == (a + b) % 18446744073709551616;
    ensures \result == (a + b >= 18446744073709551616 ? 1 : 0); */
_Bool model_add64(uint64_t a, uint64_t b, uint64_t *sum);

#define __builtin_memcpy(to, from, n)	  model_memcpy(to, from, n)
#define __builtin_memcmp(a, b, n)	  memcmp(a, b, n)
#define __builtin_expect(x, likely)	  (x)
#define __builtin_constant_p(x)		  0
#define __builtin_bswap16(v)		  model_bswap16(v)
#define __builtin_bswap32(v)		  model_bswap32(v)
#define __builtin_bswap64(v)		  model_bswap64(v)
#define __builtin_add_overflow(a, b, sum) model_add64(a, b, sum)

#endif
