/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the main lcore do?
 *
 * It serves generations and never blocks except in its loop (sys/loop.h), which calls it on events:
 * files are read and tables built by a build (director/reload.h). A missing or invalid file changes
 * nothing and is logged. When the MAC address of a gateway, or the MTU or MAC address of a port
 * changes, it makes a successor that shares everything else. The kernel's messages about them are
 * read ten times a second, however many there are. Of several signals a stop is handled first.
 */
#ifndef DIRECTOR_CONTROL_H
#define DIRECTOR_CONTROL_H

#include "conf/director.h"
#include "director/eal.h"
#include "director/host.h"
#include "director/last_good.h"
#include "director/leave.h"
#include "director/link.h"
#include "director/live.h"
#include "director/neighbour.h"
#include "director/pool.h"
#include "director/ready.h"
#include "director/recorder.h"
#include "director/reload.h"
#include "director/stalls.h"
#include "director/status.h"
#include "director/steer.h"
#include "director/trace/trace.h"
#include "director/waiters.h"
#include "director/worker.h"
#include "director/xdp/bifurcation.h"
#include "sys/service.h"
#include "sys/sparing.h"

struct http;
struct loop;
struct rates;
struct sockets;
struct statsd;
struct telemetry;

struct control {
	struct reload reload;	   /* paths are set by the caller */
	struct build first;	   /* until it is served */
	struct director_conf conf; /* in force */
	uint64_t generation;	   /* number of the newest one */
	struct neighbours neighbours;
	struct links links;
	struct steering steering;
	struct host host;
	struct bifurcation bifurcation; /* ordered and closed by the caller */
	struct workers workers;
	struct service service; /* started by the caller */
	struct loop *loop;	/* while it serves */
	int end;		/* reason for ending: 0, on request, or -errno */
	struct stalls stalls;
	struct recorder recorder;
	struct live live;
	struct last_good last_good;
	enum readiness readiness;    /* as reported to routers and the service manager */
	struct eal_log eal_log;	     /* owned by the caller, not accessed here */
	struct status status;	     /* opened and closed by the caller */
	bool serving_last_good;	     /* the tables file was invalid at start, and has not been fixed
					     since */
	time_t started_at;	     /* wall-clock time of the start */
	uint64_t started_ms;	     /* the same by clock_ms() */
	struct reload_end last;	     /* the last reload */
	struct sockets *sockets;     /* control sockets; NULL: none */
	struct http *http;	     /* pages; NULL: none */
	struct rates *rates;	     /* while it serves */
	struct statsd *statsd;	     /* NULL: not open */
	struct telemetry *telemetry; /* NULL: not open */
	struct leave leave;
	struct waiters waiters;	   /* requests waiting for reloads */
	struct tracing tracing;	   /* packets being viewed */
	struct sparing orders;	   /* limits log lines about commands on the control socket */
	struct pool_watch buffers; /* packet buffers */
	struct sparing successors; /* limits log lines about changes of gateways or ports */
	bool ready;		   /* all workers have begun to serve */
	bool leaving;		   /* routers should use other paths: stopping, or about to */
	bool stopping;		   /* a stop was requested */
	bool ports_wait;	   /* changes of ports and gateways are waiting for a worker */
	bool has_devices; /* no other process needs them. Before that, do not close them: net_af_xdp
			     detaches any XDP program there is, by whomever */
	bool workers_left; /* workers are stuck: do not release ports and the EAL */
	bool left;	   /* a thread could not be joined: end the process with _exit() */
};

/*
 * Reads both files and builds what they describe. Needs no device. Returns 0, to be consumed by
 * control_run() or released with control_unload(); -ECANCELED if a stop came first; or -errno after
 * logging why.
 */
GLB_NODISCARD int control_load(struct control *control);

void control_unload(struct control *control);

/*
 * Starts ports and workers, serves what was loaded until a stop is requested, and stops them.
 * Returns 0, or -errno after logging why: -ENETDOWN if the devices of its ports disappeared, so
 * that another start may help.
 */
GLB_NODISCARD int control_run(struct control *control);

#endif
