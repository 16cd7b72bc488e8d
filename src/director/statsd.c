/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "director/control.h"
#include "director/ethdev.h"
#include "director/statsd.h"
#include "sys/loop.h"

enum { LINE_LEN = 100, QUEUES_MAX = 16 /* both of the original */, TAGS_LEN = 32 };

struct statsd {
	int fds[2]; /* IPv4 and IPv6; -1: not supported here */
	struct sockaddr_storage to;
	socklen_t to_len;
	int fd;					   /* one of them */
	struct rte_eth_stats ports[GLB_PORTS_MAX]; /* as last sent */
	unsigned int worker_count;
	struct worker_counters workers[]; /* as last sent */
};

/* Resolves the configured receiver. False if none is configured. */
static bool find_receiver(struct statsd *statsd, const struct listen_conf *at)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&statsd->to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&statsd->to;

	statsd->to = (struct sockaddr_storage){0};
	statsd->fd = statsd->fds[at->addr.version == 6];
	if (at->addr.version == 6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(at->port);
		memcpy(&v6->sin6_addr, at->addr.bytes, sizeof(v6->sin6_addr));
		statsd->to_len = sizeof(*v6);
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(at->port);
		memcpy(&v4->sin_addr, at->addr.bytes, sizeof(v4->sin_addr));
		statsd->to_len = sizeof(*v4);
	}
	return at->port && statsd->fd >= 0;
}

static void statsd_put(const struct statsd *statsd, const char *name, uint64_t change,
		       const char *tags)
{
	char line[LINE_LEN];
	int len = snprintf(line, sizeof(line), "glb_director_ng.%s:%" PRIu64 "|c|#%s", name, change,
			   tags);

	if (len > 0 && len < (int)sizeof(line))
		(void)sendto(statsd->fd, line, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL,
			     (const struct sockaddr *)&statsd->to, statsd->to_len);
}

/* The verdicts that the original distinguishes. */
struct outcome {
	uint64_t all;
	uint64_t to_kernel;
	uint64_t failed;
};

static struct outcome outcome_of(const struct worker_counters *now,
				 const struct worker_counters *before)
{
	struct outcome outcome = {0};

	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++) {
		uint64_t change = now->verdicts[v] - before->verdicts[v];

		outcome.all += change;
		if (glb_verdict_is_punt(v))
			outcome.to_kernel += change;
		else if (v != GLB_FORWARD && !glb_verdict_is_icmp_reply(v))
			outcome.failed += change;
	}
	return outcome;
}

static void put_worker(struct statsd *statsd, unsigned int index, const struct worker *worker)
{
	const struct worker_counters now = worker->counters;
	const struct worker_counters *before = &statsd->workers[index];
	const struct outcome outcome = outcome_of(&now, before);
	char tags[TAGS_LEN];

	(void)snprintf(tags, sizeof(tags), "core:%02u", worker_lcore(index));
	statsd_put(statsd, "core.packets.total", now.rx - before->rx, tags);
	statsd_put(statsd, "core.packets.matched", outcome.all - outcome.to_kernel, tags);
	statsd_put(statsd, "core.packets.unmatched", 0, tags);
	statsd_put(statsd, "core.packets.rx_errors", 0, tags);
	statsd_put(statsd, "core.packets.kni", outcome.to_kernel, tags);
	statsd_put(statsd, "core.packets.encap.success",
		   now.verdicts[GLB_FORWARD] - before->verdicts[GLB_FORWARD], tags);
	statsd_put(statsd, "core.packets.encap.failure", outcome.failed, tags);
	statsd_put(statsd, "core.packets.eth_tx_sent", now.tx - before->tx, tags);
	statsd_put(statsd, "core.packets.kni_tx_sent", now.punted - before->punted, tags);
	statsd_put(statsd, "core.config_reload_count", now.generation - before->generation, tags);
	statsd->workers[index] = now;
}

static void put_queues(const struct statsd *statsd, uint16_t id, unsigned int count,
		       const struct rte_eth_stats *now, const struct rte_eth_stats *before)
{
	char tags[TAGS_LEN];

	for (unsigned int q = 0; q < count && q < QUEUES_MAX; q++) {
		(void)snprintf(tags, sizeof(tags), "port:%02u,queue:%02u", id, q);
		statsd_put(statsd, "queue.packets.rx", now->q_ipackets[q] - before->q_ipackets[q],
			   tags);
		statsd_put(statsd, "queue.packets.tx", now->q_opackets[q] - before->q_opackets[q],
			   tags);
		statsd_put(statsd, "queue.packets.rx_errors",
			   now->q_errors[q] - before->q_errors[q], tags);
		statsd_put(statsd, "queue.bytes.rx", now->q_ibytes[q] - before->q_ibytes[q], tags);
		statsd_put(statsd, "queue.bytes.tx", now->q_obytes[q] - before->q_obytes[q], tags);
	}
}

static void statsd_put_port(struct statsd *statsd, uint16_t id, unsigned int queue_count)
{
	struct rte_eth_stats *before = &statsd->ports[id];
	struct rte_eth_stats now;
	char tags[TAGS_LEN];

	if (rte_eth_stats_get(id, &now))
		return;
	if (now.ipackets < before->ipackets || now.opackets < before->opackets)
		*before = (struct rte_eth_stats){0}; /* the port was reopened */
	(void)snprintf(tags, sizeof(tags), "port:%02u", id);
	statsd_put(statsd, "port.packets.rx", now.ipackets - before->ipackets, tags);
	statsd_put(statsd, "port.packets.tx", now.opackets - before->opackets, tags);
	statsd_put(statsd, "port.packets.rx_missed", now.imissed - before->imissed, tags);
	statsd_put(statsd, "port.packets.rx_errors", now.ierrors - before->ierrors, tags);
	statsd_put(statsd, "port.packets.tx_errors", now.oerrors - before->oerrors, tags);
	statsd_put(statsd, "port.packets.rx_nombuf", now.rx_nombuf - before->rx_nombuf, tags);
	statsd_put(statsd, "port.bytes.rx", now.ibytes - before->ibytes, tags);
	statsd_put(statsd, "port.bytes.tx", now.obytes - before->obytes, tags);
	put_queues(statsd, id, queue_count, &now, before);
	*before = now;
}

static void put_all(void *arg)
{
	const struct control *control = arg;
	struct statsd *statsd = control->statsd;
	const struct workers *all = &control->workers;

	if (!find_receiver(statsd, &control->conf.statsd))
		return;
	for (unsigned int i = 0; i < statsd->worker_count; i++)
		put_worker(statsd, i, &all->workers[i]);
	for (unsigned int i = 0; i < all->ports.count; i++)
		statsd_put_port(statsd, all->ports.ids[i], all->ports.queue_count);
}

int statsd_open(struct control *control)
{
	const unsigned int count = control->workers.count;
	struct statsd *statsd = calloc(1, sizeof(*statsd) + count * sizeof(statsd->workers[0]));

	if (!statsd)
		return -ENOMEM;
	statsd->worker_count = count;
	for (unsigned int i = 0; i < 2; i++)
		statsd->fds[i] = socket(i ? AF_INET6 : AF_INET,
					SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	control->statsd = statsd;
	return loop_every(control->loop, STATSD_PERIOD_MS, put_all, control);
}

void statsd_close(struct control *control)
{
	struct statsd *statsd = control->statsd;

	if (!statsd)
		return;
	for (unsigned int i = 0; i < 2; i++)
		if (statsd->fds[i] >= 0)
			(void)close(statsd->fds[i]);
	free(statsd);
	control->statsd = NULL;
}
