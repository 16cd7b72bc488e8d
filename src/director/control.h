/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the main lcore do?
 *
 * It serves generations and never waits but for its loop (sys/loop.h), which calls it when there is
 * something to do: files are read and tables worked out by a build (director/reload.h). A file that
 * is missing or wrong changes nothing but the log. When a gateway has another MAC address, or a
 * port another MTU or MAC address, it makes a successor that shares everything else. What the
 * kernel says of them is read in every turn, ten times a second, however much it is. Of several
 * signals a stop comes first.
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
#include "director/trace.h"
#include "director/waiters.h"
#include "director/worker.h"
#include "sys/service.h"
#include "sys/sparing.h"

struct http;
struct loop;
struct rates;
struct sockets;
struct statsd;
struct telemetry;

struct control {
	struct reload reload;	   /* its paths are set by the caller */
	struct build first;	   /* until it is served */
	struct director_conf conf; /* in force */
	uint64_t generation;	   /* number of the newest one */
	struct neighbours neighbours;
	struct links links;
	struct host host;
	struct workers workers;
	struct service service; /* started by the caller */
	struct loop *loop;	/* while it serves */
	int end;		/* why it ends: 0, as asked, or -errno */
	struct stalls stalls;
	struct recorder recorder;
	struct live live;
	struct last_good last_good;
	enum readiness readiness; /* as routers and the service manager see it */
	struct eal_log eal_log;	  /* of the caller, and not touched here */
	struct status status;	  /* opened and closed by the caller */
	bool serving_last_good; /* the tables file was no good at start, and was not mended since */
	time_t started_at;	/* time of day of the process */
	uint64_t started_ms;	/* the same by clock_ms() */
	struct reload_end last; /* reload */
	struct sockets *sockets;     /* control sockets; NULL: none */
	struct http *http;	     /* pages; NULL: none */
	struct rates *rates;	     /* while it serves */
	struct statsd *statsd;	     /* NULL: not open */
	struct telemetry *telemetry; /* NULL: not open */
	struct leave leave;
	struct waiters waiters;	   /* for reloads */
	struct tracing tracing;	   /* packets that somebody looks at */
	struct sparing orders;	   /* of the control socket that are logged */
	struct pool_watch buffers; /* of packets */
	struct sparing successors; /* the same, with other gateways or ports */
	bool ready;		   /* all workers have begun to serve */
	bool leaving;	   /* routers are to find other ways: a stop, or what comes before it */
	bool stopping;	   /* a stop was asked for */
	bool ports_wait;   /* changes of ports and gateways do, for a worker */
	bool workers_left; /* the same of workers: leave ports and the EAL alone, too */
	bool left; /* a thread goes on that could not be waited for: end the process by _exit() */
};

/*
 * Reads both files and works out what they say. 0, to be used up by control_run() or given up by
 * control_unload(); -ECANCELED when a stop came first; else -errno after logging why. Needs no
 * device.
 */
GLB_NODISCARD int control_load(struct control *control);

void control_unload(struct control *control);

/*
 * Starts ports and workers, serves what was loaded until a stop is asked for, and stops them. 0, or
 * -errno after logging why: -ENETDOWN if the devices of its ports went away while it served, so
 * that another start may help.
 */
GLB_NODISCARD int control_run(struct control *control);

#endif
