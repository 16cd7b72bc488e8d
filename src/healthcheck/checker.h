/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What are the parts of glb-healthcheck?
 *
 *   source.h -> monitor.h -> effect.h
 *
 * One thread runs the loop and everything except file access, which background.h does.
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

/* Read by show.h, modified by checker.c only. */
struct checker {
	const char *conf_path;
	struct health_conf conf;
	time_t started;	     /* wall-clock time */
	uint64_t started_ms; /* clock_ms() */
	struct loop *loop;
	struct background *background;
	struct probes *probes;
	struct source *source;
	struct monitor *monitor;
	struct effect *effect;
	struct state_file *state; /* NULL: the state is not saved */
	struct show *show;	  /* control sockets; NULL: none */
	struct service service;
	unsigned int descriptors; /* limit on open files */
	bool is_ready;		  /* reported to the service manager */
	char status[256];	  /* last status sent to the service manager */
};

/*
 * Runs until SIGTERM or SIGINT, which must be blocked as by service_start(). Returns the exit
 * status.
 */
int checker_run(const char *conf_path);

/* Reads the files and prints a summary, or what is wrong. Returns the exit status. */
int checker_check(const char *conf_path);

#endif
