/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "director/ethdev.h"
#include "director/twin.h"
#include "director/worker.h"

enum {
	RING_LEN = 1024,
	BURST = 32,
	NAP_MIN_US = 50, /* while busy; doubles with each idle round */
	NAP_MAX_US = 1000,
};

static struct rte_ring *make_ring(const char *what, uint16_t port, unsigned int flags)
{
	char name[RTE_RING_NAMESIZE];

	(void)snprintf(name, sizeof(name), "glb-%s-%u", what, port);
	return rte_ring_create(name, RING_LEN, (int)rte_socket_id(), RING_F_SC_DEQ | flags);
}

static void free_ring(struct rte_ring *ring)
{
	void *mbuf;

	while (ring && !rte_ring_dequeue(ring, &mbuf))
		rte_pktmbuf_free(mbuf);
	rte_ring_free(ring);
}

static bool make_twin(struct twin *out, const struct ports *ports, uint16_t port,
		      unsigned int workers)
{
	*out = (struct twin){
		.port = port,
		.id = ports->twin_ids[port],
		.frame_max = &ports->frame_max[ports->twin_ids[port]],
		.to_kernel = make_ring("punt", port, workers == 1 ? RING_F_SP_ENQ : 0),
		.to_wire = make_ring("kernel", port, RING_F_SP_ENQ),
	};
	return out->to_kernel && out->to_wire;
}

int twins_make(struct twins *out, const struct ports *ports, unsigned int workers)
{
	struct twins twins = {
		.list = aligned_alloc(RTE_CACHE_LINE_SIZE, ports->count * sizeof(*twins.list))};

	if (!twins.list)
		return -ENOMEM;
	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t port = ports->ids[i];

		if (ports->twin_ids[port] == PORT_NONE)
			continue;
		twins.of_port[port] = &twins.list[twins.count++];
		if (!make_twin(twins.of_port[port], ports, port, workers)) {
			twins_free(&twins);
			return -ENOMEM;
		}
	}
	for (unsigned int i = 0; i < ports->count; i++)
		twins.of_port[ports->ids[i]] = twins.of_port[ports->punt_via[ports->ids[i]]];
	*out = twins;
	return 0;
}

void twins_free(struct twins *twins)
{
	for (unsigned int i = 0; i < twins->count; i++) {
		free_ring(twins->list[i].to_kernel);
		free_ring(twins->list[i].to_wire);
	}
	free(twins->list);
	twins->list = NULL;
	twins->count = 0;
}

static bool passes(struct twin *twin, uint32_t interval_ns, uint64_t now_ns,
		   const struct rte_mbuf *mbuf)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);

	return punt_pass_shared(&twin->budget, interval_ns, now_ns) ||
	       punt_pass(&twin->budget, interval_ns, now_ns,
			 punt_kinds(&twin->hosts, frame, rte_pktmbuf_data_len(mbuf)));
}

void twins_punt(struct worker *w, const struct glb_generation *gen, struct rte_mbuf **mbufs,
		unsigned int n)
{
	const struct twins *twins = &w->all->twins;
	uint64_t now_ns = worker_now_ns(w);
	struct rte_mbuf *cut[HANDOFF_BURST];
	unsigned int cut_count = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct twin *twin = twins->of_port[mbufs[i]->port];

		if (twin && passes(twin, gen->settings.punt_interval_ns, now_ns, mbufs[i])) {
			w->counters.punt_dropped += handoff_put(twin->to_kernel, &mbufs[i], 1);
			continue;
		}
		w->counters.punt_limited += twin != NULL;
		cut[cut_count++] = mbufs[i];
	}
	if (cut_count)
		rte_pktmbuf_free_bulk(cut, cut_count);
}

/*
 * Has worker 0 send the kernel's packets while their rate allows. Otherwise they wait in the ring,
 * which fills, and the kernel's sockets block. A burst may overdraw the rate.
 */
static unsigned int send_for_kernel(struct worker *w, struct twin *twin, uint32_t interval_ns)
{
	struct rte_mbuf *mbufs[BURST];
	uint64_t now_ns;
	unsigned int n;

	if (rte_ring_empty(twin->to_wire))
		return 0;
	now_ns = worker_now_ns(w);
	if (twin->spent_until_ns > now_ns)
		return 0;
	n = rte_ring_dequeue_burst(twin->to_wire, (void **)mbufs, BURST, NULL);
	twin->spent_until_ns = now_ns + (uint64_t)n * interval_ns;
	for (unsigned int i = 0; i < n; i++)
		punt_learn(&twin->hosts, rte_pktmbuf_mtod(mbufs[i], const uint8_t *),
			   rte_pktmbuf_data_len(mbufs[i]), now_ns);
	w->counters.from_kernel += n;
	worker_send(w, twin->port, mbufs, (uint16_t)n);
	return n;
}

unsigned int twins_serve(struct worker *w, const struct glb_generation *gen)
{
	const struct twins *twins = &w->all->twins;
	unsigned int done = 0;

	for (unsigned int i = 0; i < twins->count; i++)
		done += send_for_kernel(w, &twins->list[i], gen->settings.punt_interval_ns);
	return done;
}

/* Hands up to a burst to the kernel behind one twin. Returns the number of packets. */
static unsigned int hand_to_kernel(struct twins *twins, struct twin *twin)
{
	const struct tx_queue tx = {
		.port = twin->id, .frame_max = __atomic_load_n(twin->frame_max, __ATOMIC_RELAXED)};
	struct rte_mbuf *mbufs[BURST];
	unsigned int n = rte_ring_dequeue_burst(twin->to_kernel, (void **)mbufs, BURST, NULL);
	uint16_t sent = transmit(&tx, mbufs, (uint16_t)n);

	twins->sent += sent;
	twins->not_sent += n - sent;
	return n;
}

/* Takes up to a burst from the kernel, if there is room for one. Returns the number of packets. */
static unsigned int take_from_kernel(struct twin *twin)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int n = 0;

	if (rte_ring_free_count(twin->to_wire) >= BURST)
		n = rte_eth_rx_burst(twin->id, 0, mbufs, BURST);
	if (n) /* all fit: there is no other writer */
		(void)handoff_put(twin->to_wire, mbufs, n);
	return n;
}

/* Sleeps instead of spinning: others may need the processor. */
static void twin_rest(unsigned int *nap_us, unsigned int done)
{
	const struct timespec nap = {.tv_nsec = (long)*nap_us * 1000};

	(void)nanosleep(&nap, NULL);
	*nap_us = done ? NAP_MIN_US : RTE_MIN(2 * *nap_us, (unsigned int)NAP_MAX_US);
}

static void *twin_run(void *arg)
{
	struct twins *twins = arg;
	unsigned int nap_us = NAP_MIN_US;
	unsigned int done;

	do {
		done = 0;
		for (unsigned int i = 0; i < twins->count; i++) {
			done += hand_to_kernel(twins, &twins->list[i]);
			done += take_from_kernel(&twins->list[i]);
		}
		if (done < BURST)
			twin_rest(&nap_us, done);
	} while (!__atomic_load_n(&twins->stop, __ATOMIC_ACQUIRE));
	for (unsigned int i = 0; i < twins->count; i++)
		while (hand_to_kernel(twins, &twins->list[i]))
			;
	return NULL;
}

int twins_start(struct twins *twins)
{
	int err;

	twins->stop = false;
	err = twins->count ? -pthread_create(&twins->thread, NULL, twin_run, twins) : 0;

	twins->started = twins->count && !err;
	return err;
}

void twins_stop(struct twins *twins)
{
	if (!twins->started)
		return;
	__atomic_store_n(&twins->stop, true, __ATOMIC_RELEASE);
	(void)pthread_join(twins->thread, NULL);
	twins->started = false;
}
