/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are integers at any address read and written in the byte order of the wire or of a file?
 *
 * Layer 0: freestanding, so that the eBPF program on the proxies uses the same code. This is the
 * only header that depends on compilers and targets.
 */
#ifndef GLB_BYTES_H
#define GLB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef GLB_INLINE /* coverage reports functions, but not their inlined copies: tests/README.md */
#define GLB_INLINE static inline __attribute__((always_inline))
#endif
/* The result of a call must be used: it says whether the call has succeeded. */
#define GLB_NODISCARD __attribute__((warn_unused_result))
/*
 * Arguments are checked like those of printf(): the format is number fmt_at, its arguments begin at
 * args_at.
 */
#define GLB_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
/*
 * Hints to the compiler about which way a branch goes nearly always. They affect the layout of the
 * code, not its meaning.
 */
#define GLB_LIKELY(x)	__builtin_expect(!!(x), 1)
#define GLB_UNLIKELY(x) __builtin_expect(!!(x), 0)

/*
 * Are there n bytes between at and end? Both point into, or just past, one packet, and at <= end.
 *
 * In eBPF the verifier learns the bounds of a packet only from `at + n <= end`; n is bounded by
 * GLB_BOUND() or constant, so the sum does not overflow. Elsewhere the difference is compared
 * instead: end - at is not negative, so the conversion is exact for any n.
 */
#ifdef __bpf__
#define GLB_FITS(at, end, n) ((at) + (n) <= (end))
#else
#define GLB_FITS(at, end, n) ((size_t)((end) - (at)) >= (size_t)(n))
#endif

/*
 * No-op outside eBPF. Restates the bound of a length that was read from a packet and is below 16
 * KiB already, as all headers and lists of headers here are: the verifier of kernels before 6.9
 * loses what a comparison has shown about a value once the compiler spills it, so it is repeated
 * where the length is used.
 */
#ifdef __bpf__
#define GLB_BOUND(n)                                                                               \
	do {                                                                                       \
		__asm__ volatile("" : "+r"(n));                                                    \
		(n) &= 0x3fff;                                                                     \
	} while (0)
#else
#define GLB_BOUND(n) ((void)0)
#endif

/*
 * No-op outside eBPF. Bounds `at`, which must be less than 16 KiB past `from`, so that the verifier
 * merges paths: it verifies the code that follows once, rather than once per path that leads here.
 * `at` is not changed.
 */
#ifdef __bpf__
#define GLB_REJOIN(at, from)                                                                       \
	do {                                                                                       \
		uint64_t behind = (uint64_t)((at) - (from));                                       \
                                                                                                   \
		__asm__ volatile("" : "+r"(behind));                                               \
		(at) = (from) + (behind & 0x3fff);                                                 \
	} while (0)
#else
#define GLB_REJOIN(at, from) ((void)0)
#endif

/*
 * No-op outside eBPF. States that `at`, a multiple of 4 bytes past the Ethernet header, may be read
 * by words of 4 bytes: the kernel aligns packets so where its processor requires it. Otherwise
 * compilers for eBPF read byte after byte.
 */
#ifdef __bpf__
#define GLB_IN_HEADER(at) __builtin_assume_aligned(at, 4)
#else
#define GLB_IN_HEADER(at) (at)
#endif

/*
 * Conversion between native and big-endian (BE) or little-endian (LE) order. Each is its own
 * inverse, and constant for a constant argument; the argument must have the type of that width.
 */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define GLB_BE16(v) __builtin_bswap16(v)
#define GLB_BE32(v) __builtin_bswap32(v)
#define GLB_BE64(v) __builtin_bswap64(v)
#define GLB_LE16(v) (v)
#define GLB_LE32(v) (v)
#define GLB_LE64(v) (v)
#else
#define GLB_BE16(v) (v)
#define GLB_BE32(v) (v)
#define GLB_BE64(v) (v)
#define GLB_LE16(v) __builtin_bswap16(v)
#define GLB_LE32(v) __builtin_bswap32(v)
#define GLB_LE64(v) __builtin_bswap64(v)
#endif

/*
 * Reads 16 bits in native byte order: for sums, comparisons and copies, in which it does not
 * matter.
 *
 * All functions below take an `at` of any alignment, and access exactly the bytes of their width.
 * They are memcpy() of a constant length, which is one instruction where the processor can do it,
 * and does not break aliasing rules as a cast pointer would.
 */
GLB_INLINE uint16_t glb_load16(const void *at)
{
	uint16_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

/* Reads 32 bits in native byte order. */
GLB_INLINE uint32_t glb_load32(const void *at)
{
	uint32_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

/* Reads 64 bits in native byte order. */
GLB_INLINE uint64_t glb_load64(const void *at)
{
	uint64_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

/*
 * Writes 16 bits in native order. Nothing else is modified: stores of neighbouring fields may be in
 * any order.
 */
GLB_INLINE void glb_store16(void *at, uint16_t value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

/* Writes 32 bits in native byte order. */
GLB_INLINE void glb_store32(void *at, uint32_t value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

/* Writes 64 bits in native byte order. */
GLB_INLINE void glb_store64(void *at, uint64_t value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

/* Reads a big-endian number of 16 bits: network byte order, as in all headers. */
GLB_INLINE uint16_t glb_load_be16(const void *at)
{
	return GLB_BE16(glb_load16(at));
}

/* Reads a big-endian number of 32 bits. */
GLB_INLINE uint32_t glb_load_be32(const void *at)
{
	return GLB_BE32(glb_load32(at));
}

/* Writes a number of 16 bits in network byte order. */
GLB_INLINE void glb_store_be16(void *at, uint16_t value)
{
	glb_store16(at, GLB_BE16(value));
}

/* Writes a number of 32 bits in network byte order. */
GLB_INLINE void glb_store_be32(void *at, uint32_t value)
{
	glb_store32(at, GLB_BE32(value));
}

/* Reads a little-endian number of 16 bits: the order of SipHash and of the table image. */
GLB_INLINE uint16_t glb_load_le16(const void *at)
{
	return GLB_LE16(glb_load16(at));
}

/* Reads a little-endian number of 32 bits. */
GLB_INLINE uint32_t glb_load_le32(const void *at)
{
	return GLB_LE32(glb_load32(at));
}

/* Reads a little-endian number of 64 bits. */
GLB_INLINE uint64_t glb_load_le64(const void *at)
{
	return GLB_LE64(glb_load64(at));
}

/* Writes a number of 16 bits in little-endian order. */
GLB_INLINE void glb_store_le16(void *at, uint16_t value)
{
	glb_store16(at, GLB_LE16(value));
}

/* Writes a number of 32 bits in little-endian order. */
GLB_INLINE void glb_store_le32(void *at, uint32_t value)
{
	glb_store32(at, GLB_LE32(value));
}

/* Writes a number of 64 bits in little-endian order. */
GLB_INLINE void glb_store_le64(void *at, uint64_t value)
{
	uint64_t le = GLB_LE64(value);

	__builtin_memcpy(at, &le, sizeof(le));
}

#endif
