/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When are the SYNs for a port of a VIP answered with cookies, by the SYN queue of its listener?
 *
 * From the moment when the queue is full, at which the kernel would send cookies itself, until
 * neither the queue nor the cookies that nobody returned would fill half of it, for SYN_HOLD_NS. So
 * it begins with the first SYN that does not fit, and a flood that goes on does not make it end and
 * begin again. Time passes with SYNs only.
 *
 * Freestanding, as it runs in the eBPF program as well; the layout of its maps.
 */
#ifndef GLB_REDIRECT_SYN_QUEUE_H
#define GLB_REDIRECT_SYN_QUEUE_H

#include "syn_cookie.h"
#include "vip.h"

enum { SYN_QUEUES_MAX = 256 };
#define SYN_WINDOW_NS 1000000000ULL /* over which cookies without an answer are counted */
#define SYN_HOLD_NS   3000000000ULL

/* What a queue is for: the key of the map. Compared as bytes: no padding. */
struct syn_service {
	struct vip vip;
	uint64_t port;
};
_Static_assert(sizeof(struct syn_service) == 32, "no padding, which would be compared");

/* The value of the map. Times are of CLOCK_MONOTONIC. */
struct syn_queue {
	uint64_t since_ns;	    /* engaged since then; 0: it is not */
	uint64_t busy_ns;	    /* when it last could not have ended */
	uint64_t window_ns;	    /* when the window began */
	uint64_t window_unanswered; /* cookies that nobody had returned then */
	uint64_t engagements;
	uint64_t answered_ns; /* the last cookie */
	uint64_t answered;    /* SYNs, by a cookie */
	uint64_t completed;   /* handshakes, by returned cookies */
	uint64_t refused;     /* ACKs without a valid cookie and of no connection, while engaged */
};

/* Settings that attach finds out; in a map of its own, for the status. Nothing is answered if an
 * MSS is 0. */
struct syn_settings {
	uint16_t mss4; /* offered to clients of IPv4 */
	uint16_t mss6;
	uint8_t wscale; /* of windows offered */
	uint8_t zero[3];
};
_Static_assert(sizeof(struct syn_settings) == 8, "the size by which the map is known");

/* Cookies that nobody has returned so far. */
GLB_INLINE uint64_t syn_unanswered(const struct syn_queue *queue)
{
	return queue->answered - queue->completed;
}

/* Ends the engagement if nothing has kept it up for long enough. `len` of `max` are in the queue.
 */
GLB_INLINE void syn_end_window(struct syn_queue *queue, uint32_t len, uint32_t max, uint64_t now_ns)
{
	int64_t pending = (int64_t)(syn_unanswered(queue) - queue->window_unanswered);
	bool idle = now_ns - queue->window_ns >= SYN_HOLD_NS; /* no SYN came meanwhile */
	bool busy = len > max / 2 || (!idle && pending > (int64_t)(max / 2));

	queue->window_ns = now_ns;
	queue->window_unanswered = syn_unanswered(queue);
	if (busy)
		queue->busy_ns = now_ns;
	else if (now_ns - queue->busy_ns >= SYN_HOLD_NS)
		queue->since_ns = 0;
}

/*
 * A SYN has come, while `len` of `max` requests are in the queue. Is it to be answered with a
 * cookie? Several processors may ask at once: at worst, a window is counted twice.
 */
GLB_INLINE bool syn_is_engaged(struct syn_queue *queue, uint32_t len, uint32_t max, uint64_t now_ns)
{
	if (queue->since_ns && now_ns > queue->window_ns &&
	    now_ns - queue->window_ns >= SYN_WINDOW_NS)
		syn_end_window(queue, len, max, now_ns);
	if (!queue->since_ns && len && len >= max) {
		queue->window_ns = now_ns;
		queue->window_unanswered = syn_unanswered(queue);
		queue->busy_ns = now_ns;
		queue->engagements++;
		queue->since_ns = now_ns;
	}
	return queue->since_ns;
}

/* May a cookie be on its way back: one that was sent no longer ago than cookies are valid? */
GLB_INLINE bool syn_expects_cookies(const struct syn_queue *queue, uint64_t now_ns)
{
	return queue->answered && now_ns - queue->answered_ns <= SYN_COOKIE_LIFE_NS;
}

#endif
