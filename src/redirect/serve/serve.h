/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does `glb-redirect serve` know, and what does it say about it?
 *
 * Private to serve*.c.
 */
#ifndef GLB_REDIRECT_SERVE_SERVE_H
#define GLB_REDIRECT_SERVE_SERVE_H

#include <time.h>

#include "pressure.h"
#include "redirect/attachment.h"
#include "redirect/evidence.h"
#include "redirect/peers.h"
#include "redirect/syn_queues.h"
#include "sys/exposition.h"

struct agent;
struct ending;
struct http;
struct http_site;
struct loop;

struct server {
	const char *device;
	const struct host_vips *given; /* VIPs that are configured; NULL: they are found */
	time_t started;
	struct ending *ending;
	struct loop *loop;
	struct http *http;
	struct agent *agent; /* NULL: none */
	int ifindex;	     /* 0: there is no such device now */
	int status_error;    /* of redirect_read_status(); `status` is valid if it is 0 */
	struct redirect_status status;
	struct pressure pressure;
	struct grade_judge judge;
};

enum { SERVER_WHY_LEN = 224 };

/* Is the program attached, and the grade not down? Writes what is said of that. */
bool server_is_ready(const struct server *server, char why[SERVER_WHY_LEN]);

/* The pages: /healthz, /readyz, /metrics and /grade. */
extern const struct http_site server_site;

/* What is exposed: counters as they were when the exposition began. */
struct proxy_figures {
	const struct server *server;
	bool knows_counters;
	uint64_t counters[GLB_REDIRECT_COUNTER_COUNT];
	bool knows_vips;
	struct redirect_vips vips;
	bool knows_peers;
	struct redirect_peers peers;
	bool knows_evidence;
	struct evidence_list evidence;
	struct syn_reports syn; /* empty if it cannot be read */
};

/* Families of metrics, one sample or more for each VIP. */
exposition_put_fn put_vip_packets;
exposition_put_fn put_vip_needed;
exposition_put_fn put_vip_sockets;
exposition_put_fn put_vip_tracked;

/* One sample or more for each hop that packets came from or went to. */
exposition_put_fn put_peer_packets;

/* Families of metrics, one sample or more for each SYN queue that has been full. */
exposition_put_fn put_syn_engaged;
exposition_put_fn put_syn_engagements;
exposition_put_fn put_syn_cookies;

/* Begins an exposition of the metrics. NULL: out of memory. */
struct exposition *server_expose(const struct server *server, bool is_old);

#endif
