/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/decide.h"
#include "director/frame.h"
#include "director/outbox.h"

/* Carries out any other verdict, except for sending. */
static void worker_settle(struct worker *w, const struct glb_generation *gen, struct rte_mbuf *mbuf,
			  struct glb_packet *pkt, struct outbox *out)
{
	if (glb_verdict_is_icmp_reply(pkt->verdict))
		glb_icmp_reply_within(&w->reply_limits, gen, pkt, worker_now_ns(w));
	w->counters.verdicts[pkt->verdict]++;
	if (glb_verdict_is_icmp_reply(pkt->verdict)) {
		frame_adopt(mbuf, pkt, 0);
		outbox_add(out, pkt->port, mbuf);
	} else if (glb_verdict_is_punt(pkt->verdict) && w->all->twins.count) {
		out->punted[out->punt_count++] = mbuf;
	} else {
		out->freed[out->free_count++] = mbuf;
	}
}

/* Describes a burst, and prefetches what is read of it. Returns the length of the longest frame. */
static uint32_t describe_burst(struct glb_packet *packets, struct rte_mbuf **mbufs, unsigned int n)
{
	uint32_t longest = 0;

	for (unsigned int i = 0; i < n; i++) {
		frame_describe(&packets[i], mbufs[i]);
		rte_prefetch0(packets[i].data);
		longest = RTE_MAX(longest, packets[i].len);
	}
	return longest;
}

/* How many frames are larger than their port may have received them? */
static unsigned int count_merged(const struct ports *ports, const struct glb_packet *packets,
				 unsigned int n)
{
	unsigned int merged = 0;

	for (unsigned int i = 0; i < n; i++)
		merged += packets[i].len > ports->frame_max[packets[i].port];
	return merged;
}

/* Has a burst come in by one port? */
static bool is_of_one_port(const struct ports *ports, struct rte_mbuf **mbufs, unsigned int n)
{
	unsigned int differences = 0;

	if (GLB_LIKELY(ports->count == 1))
		return true;
	for (unsigned int i = 0; i < n; i++)
		differences |= mbufs[i]->port ^ mbufs[0]->port;
	return !differences;
}

/* A burst as packets. True: all of them are of one port. */
static bool prepare_burst(struct worker *w, struct glb_packet *packets, struct rte_mbuf **mbufs,
			  unsigned int n)
{
	const struct ports *ports = &w->all->ports;
	const bool one_port = is_of_one_port(ports, mbufs, n);
	const uint32_t longest = describe_burst(packets, mbufs, n);

	if (GLB_UNLIKELY(!one_port || longest > ports->frame_max[mbufs[0]->port]))
		w->counters.merged += count_merged(ports, packets, n);
	return one_port;
}

/* forward_all(), which has constants for `map` and `mode` where they are the usual ones. */
GLB_INLINE void forward_each(const struct worker *w, const struct backend_stats_map *map,
			     enum glb_udp_checksum mode, struct rte_mbuf **mbufs,
			     const struct glb_packet *packets, unsigned int n)
{
	struct backend_stats_count *counts = w->backend_stats;

	for (unsigned int i = 0; i < n; i++) {
		if (map)
			backend_stats_add(counts, map, &packets[i]);
		frame_adopt(mbufs[i], &packets[i], frame_offload(mbufs[i], &packets[i], mode));
	}
}

/* Carries out GLB_FORWARD of a whole burst, except for sending. */
static void forward_all(struct worker *w, const struct glb_generation *gen, struct rte_mbuf **mbufs,
			const struct glb_packet *packets, unsigned int n)
{
	const struct backend_stats_map *map = w->map;

	w->counters.verdicts[GLB_FORWARD] += n;
	if (GLB_UNLIKELY(gen->settings.udp_checksum == GLB_UDP_OFFLOAD))
		forward_each(w, map, GLB_UDP_OFFLOAD, mbufs, packets, n);
	else if (map)
		forward_each(w, map, GLB_UDP_INNER, mbufs, packets, n);
	else
		forward_each(w, NULL, GLB_UDP_INNER, mbufs, packets, n);
}

/* Carries out the verdicts of a burst, except for sending. */
static void settle_burst(struct worker *w, const struct glb_generation *gen, struct outbox *out,
			 struct glb_packet *packets, struct rte_mbuf **mbufs, unsigned int n)
{
	outbox_empty(out);
	for (unsigned int i = 0; i < n; i++) {
		if (packets[i].verdict != GLB_FORWARD) {
			worker_settle(w, gen, mbufs[i], &packets[i], out);
			continue;
		}
		forward_all(w, gen, &mbufs[i], &packets[i], 1);
		outbox_add(out, glb_way_out(&gen->settings, packets[i].port), mbufs[i]);
	}
}

static void send_burst(struct worker *w, const struct glb_generation *gen, struct outbox *out)
{
	outbox_flush(w, out);
	if (out->punt_count)
		twins_punt(w, gen, out->punted, out->punt_count);
	if (out->free_count)
		rte_pktmbuf_free_bulk(out->freed, out->free_count);
}

/* Lets the data path decide, and meters with it, if there are any. */
GLB_INLINE unsigned int forward_by_time(const struct worker *w, const struct glb_generation *gen,
					struct glb_packet *packets, unsigned int n)
{
	if (GLB_UNLIKELY(gen->settings.meters != NULL))
		return glb_forward_metered(gen, packets, n, worker_now_ns(w));
	return glb_forward(gen, packets, n);
}

/* worker_decide() of n packets, at most TRACE_BURST, while a trace is active. */
static __attribute__((noinline, cold)) void decide_traced(struct worker *w,
							  struct trace_ring *trace,
							  const struct glb_generation *gen,
							  struct rte_mbuf **mbufs, unsigned int n)
{
	struct glb_packet packets[TRACE_BURST];
	struct outbox out;

	(void)prepare_burst(w, packets, mbufs, n);
	trace_before(trace, packets, n);
	(void)forward_by_time(w, gen, packets, n);
	trace_decided(trace, packets, n);
	settle_burst(w, gen, &out, packets, mbufs, n);
	trace_settled(trace, gen, packets, n, rte_rdtsc());
	send_burst(w, gen, &out);
}

void worker_decide(struct worker *w, const struct glb_generation *gen, struct rte_mbuf **mbufs,
		   unsigned int n)
{
	struct trace_ring *trace = __atomic_load_n(&w->trace, __ATOMIC_ACQUIRE);
	struct glb_packet packets[HANDOFF_BURST];
	struct outbox out;
	bool one_port;

	if (GLB_UNLIKELY(trace)) {
		for (unsigned int at = 0; at < n; at += TRACE_BURST)
			decide_traced(w, trace, gen, mbufs + at,
				      RTE_MIN(n - at, (unsigned int)TRACE_BURST));
		return;
	}
	one_port = prepare_burst(w, packets, mbufs, n);
	if (GLB_LIKELY(forward_by_time(w, gen, packets, n) == n && one_port)) {
		forward_all(w, gen, mbufs, packets, n);
		outbox_leave(w, glb_way_out(&gen->settings, packets[0].port), mbufs, (uint16_t)n);
		return;
	}
	settle_burst(w, gen, &out, packets, mbufs, n);
	send_burst(w, gen, &out);
}
