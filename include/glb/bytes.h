/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do we read and write integers at any address, in the byte order the wire or the file wants?
 *
 * Layer 0: freestanding, so that the eBPF program on the proxies runs the same text. This is the
 * only header that knows about compilers and targets.
 */
#ifndef GLB_BYTES_H
#define GLB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef GLB_INLINE /* coverage can be told of functions, but not of copies: tests/README.md */
#define GLB_INLINE static inline __attribute__((always_inline))
#endif
#define GLB_NODISCARD		    __attribute__((warn_unused_result))
#define GLB_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
#define GLB_LIKELY(x)		    __builtin_expect(!!(x), 1)
#define GLB_UNLIKELY(x)		    __builtin_expect(!!(x), 0)

/*
 * Are there n bytes between at and end? The eBPF verifier learns the bounds of a packet only from
 * `at + n <= end`; elsewhere the difference is compared, which cannot overflow.
 */
#ifdef __bpf__
#define GLB_FITS(at, end, n) ((at) + (n) <= (end))
#else
#define GLB_FITS(at, end, n) ((size_t)((end) - (at)) >= (size_t)(n))
#endif

/*
 * No-op outside eBPF. Bounds a length that was read from a packet and is below 16 KiB already, as
 * that of any header or list of headers here: the verifier of kernels before 6.9 forgets what a
 * comparison has said about a value that the compiler has spilled, so the bound is stated again
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
 * Nothing: at is less than 16 KiB behind from, as in any frame that a device receives in one piece,
 * and stays where it is. The eBPF verifier, which looks at what follows once for each way that
 * leads here, forgets by which one it came.
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

/* Native order: for sums and copies in which the order of bytes does not matter. */
GLB_INLINE uint16_t glb_load16(const void *at)
{
	uint16_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

GLB_INLINE uint32_t glb_load32(const void *at)
{
	uint32_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

GLB_INLINE uint64_t glb_load64(const void *at)
{
	uint64_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

GLB_INLINE void glb_store16(void *at, uint16_t value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

GLB_INLINE void glb_store32(void *at, uint32_t value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

GLB_INLINE void glb_store64(void *at, uint64_t value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

/* Network order. */
GLB_INLINE uint16_t glb_load_be16(const void *at)
{
	return GLB_BE16(glb_load16(at));
}

GLB_INLINE uint32_t glb_load_be32(const void *at)
{
	return GLB_BE32(glb_load32(at));
}

GLB_INLINE void glb_store_be16(void *at, uint16_t value)
{
	glb_store16(at, GLB_BE16(value));
}

GLB_INLINE void glb_store_be32(void *at, uint32_t value)
{
	glb_store32(at, GLB_BE32(value));
}

/* Little-endian: SipHash and the table image. */
GLB_INLINE uint16_t glb_load_le16(const void *at)
{
	return GLB_LE16(glb_load16(at));
}

GLB_INLINE uint32_t glb_load_le32(const void *at)
{
	return GLB_LE32(glb_load32(at));
}

GLB_INLINE uint64_t glb_load_le64(const void *at)
{
	return GLB_LE64(glb_load64(at));
}

GLB_INLINE void glb_store_le16(void *at, uint16_t value)
{
	glb_store16(at, GLB_LE16(value));
}

GLB_INLINE void glb_store_le32(void *at, uint32_t value)
{
	glb_store32(at, GLB_LE32(value));
}

GLB_INLINE void glb_store_le64(void *at, uint64_t value)
{
	uint64_t le = GLB_LE64(value);

	__builtin_memcpy(at, &le, sizeof(le));
}

#endif
