/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/decide.h"
#include "director/frame.h"
#include "director/outbox.h"

/* Carries out GLB_FORWARD, except for counting the verdict and sending. */
static void worker_forward(struct worker *w, const struct glb_generation *gen,
			   struct rte_mbuf *mbuf, const struct glb_packet *pkt)
{
	if (w->map)
		backend_stats_add(w->backend_stats, w->map, pkt);
	frame_adopt(mbuf, pkt, frame_offload(mbuf, pkt, gen->settings.udp_checksum));
}

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

/* Describes a burst, and prefetches the headers that will be read and written. */
static void describe_burst(struct worker *w, struct glb_packet *packets, struct rte_mbuf **mbufs,
			   unsigned int n)
{
	const uint32_t *frame_max = w->all->ports.frame_max;
	unsigned int merged = 0;

	for (unsigned int i = 0; i < n; i++) {
		frame_describe(&packets[i], mbufs[i]);
		rte_prefetch0(packets[i].data);
		__builtin_prefetch(packets[i].data - RTE_CACHE_LINE_SIZE, 1);
		merged += packets[i].len > frame_max[mbufs[i]->port];
	}
	w->counters.merged += merged;
}

/* Are all packets to be forwarded through one port? True for nearly every burst. */
static bool is_uniform(const struct glb_packet *packets, unsigned int n)
{
	unsigned int differences = 0;

	for (unsigned int i = 0; i < n; i++)
		differences |=
			(packets[i].verdict ^ GLB_FORWARD) | (packets[i].port ^ packets[0].port);
	return !differences;
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
		w->counters.verdicts[GLB_FORWARD]++;
		worker_forward(w, gen, mbufs[i], &packets[i]);
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

/* worker_decide() of n packets, at most TRACE_BURST, while a trace is active. */
static __attribute__((noinline, cold)) void decide_traced(struct worker *w,
							  struct trace_ring *trace,
							  const struct glb_generation *gen,
							  struct rte_mbuf **mbufs, unsigned int n)
{
	struct glb_packet packets[TRACE_BURST];
	struct outbox out;

	describe_burst(w, packets, mbufs, n);
	trace_before(trace, packets, n);
	glb_forward(gen, packets, n);
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

	if (GLB_UNLIKELY(trace)) {
		for (unsigned int at = 0; at < n; at += TRACE_BURST)
			decide_traced(w, trace, gen, mbufs + at,
				      RTE_MIN(n - at, (unsigned int)TRACE_BURST));
		return;
	}
	describe_burst(w, packets, mbufs, n);
	glb_forward(gen, packets, n);
	if (GLB_LIKELY(is_uniform(packets, n))) {
		w->counters.verdicts[GLB_FORWARD] += n;
		for (unsigned int i = 0; i < n; i++)
			worker_forward(w, gen, mbufs[i], &packets[i]);
		outbox_leave(w, glb_way_out(&gen->settings, packets[0].port), mbufs, (uint16_t)n);
		return;
	}
	settle_burst(w, gen, &out, packets, mbufs, n);
	send_burst(w, gen, &out);
}
