/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does glb-healthcheck consist of?
 *
 *   source.h -> monitor.h -> effect.h
 *
 * One thread runs the loop and everything but the reading and writing of files, which are done by
 * background.h.
 */
#ifndef HEALTHCHECK_CHECKER_H
#define HEALTHCHECK_CHECKER_H

#include <time.h>

#include "healthcheck/effect.h"
#include "healthcheck/monitor.h"
#include "healthcheck/source.h"
#include "sys/service.h"

struct state_file;
struct show;

/* For show.h to look at, and for checker.c to change. */
struct checker {
	const char *conf_path;
	struct health_conf conf;
	time_t started;	     /* time of day */
	uint64_t started_ms; /* clock_ms() */
	struct loop *loop;
	struct background *background;
	struct probes *probes;
	struct source *source;
	struct monitor *monitor;
	struct effect *effect;
	struct state_file *state; /* NULL: it is not kept */
	struct show *show;	  /* sockets that answer; NULL: none */
	struct service service;
	unsigned int descriptors; /* how many files may be open */
	bool is_ready;		  /* the service manager heard so */
	char status[256];	  /* that the service manager was sent last */
};

/*
 * Runs until SIGTERM or SIGINT, which are blocked, as service_start() does. Returns the exit
 * status.
 */
int checker_run(const char *conf_path);

/* Reads the files, says what is in them or wrong. Returns the exit status. */
int checker_check(const char *conf_path);

#endif
