/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the kernel's statistics say about connections that this host could not take?
 *
 * Of /proc/net/netstat, which is about one network namespace, and /proc/net/sockstat with the
 * setting net.ipv4.tcp_mem, which are about the host. All functions parse text and read nothing.
 */
#ifndef GLB_REDIRECT_HOST_KERNEL_COUNTERS_H
#define GLB_REDIRECT_HOST_KERNEL_COUNTERS_H

#include <glb/bytes.h>

/* name, label, the kernel's name, sentence for docs/proxy.md */
#define KERNEL_COUNTERS(X)                                                                         \
	X(LISTEN_OVERFLOWS, "listen_overflows", "ListenOverflows",                                 \
	  "SYNs and completed handshakes that found an accept queue full")                         \
	X(LISTEN_DROPS, "listen_drops", "ListenDrops",                                             \
	  "all that listeners dropped: the overflows, dropped SYNs, and for lack of memory")       \
	X(SYN_COOKIES, "syn_cookies", "TCPReqQFullDoCookies",                                      \
	  "SYNs that were answered by a cookie, as a SYN queue was full")                          \
	X(SYN_DROPS, "syn_drops", "TCPReqQFullDrop",                                               \
	  "SYNs that were dropped, as a SYN queue was full and cookies are off")

enum kernel_counter {
#define KERNEL_COUNTER_ENUM(name, label, kernel, sentence) KERNEL_##name,
	KERNEL_COUNTERS(KERNEL_COUNTER_ENUM)
#undef KERNEL_COUNTER_ENUM
		KERNEL_COUNTER_COUNT
};

/* The label of a counter. A static string. */
const char *kernel_counter_label(enum kernel_counter counter);

/*
 * Parses /proc/net/netstat. Returns 0 and fills values[KERNEL_COUNTER_COUNT]; or -EINVAL, with
 * values untouched, if a counter is missing or is not a number.
 */
GLB_NODISCARD int kernel_counters_parse(uint64_t *values, const char *netstat);

/* Memory of TCP, in pages. */
struct kernel_memory {
	uint64_t used;
	uint64_t pressure; /* from here on, sockets get no more than they have */
	uint64_t most;	   /* from here on, data is dropped */
};

/*
 * Parses /proc/net/sockstat and the three numbers of net.ipv4.tcp_mem. Returns 0; or -EINVAL, with
 * *out untouched, if either is invalid or the limit is 0.
 */
GLB_NODISCARD int kernel_memory_parse(struct kernel_memory *out, const char *sockstat,
				      const char *tcp_mem);

#endif
