/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes of one check, tried against sockets of the same process?
 */
#ifndef UNIT_PROBED_H
#define UNIT_PROBED_H

#include <stddef.h>

#include "healthcheck/probe/probe.h"
#include "sys/loop.h"

/* A loop and probes, and what has been reported since. */
struct probed {
	struct loop *loop;
	struct probes *probes;
	struct probe_result result; /* the last one */
	unsigned int results;
	unsigned int wanted; /* results that end a run */
	char steps[512];     /* all, each with ". " behind it */
};

void probed_open(struct probed *probed);
void probed_close(struct probed *probed);

/* Starts a probe; the results are the probed's. Must not fail. */
struct probe *probed_start(struct probed *probed, const struct health_check *check);

/* Runs the loop until `count` more results have come, or for 60 s. */
void probed_wait(struct probed *probed, unsigned int count);

/* Tries a check once. Returns the result, in the probed. */
const struct probe_result *probed_once(struct probed *probed, const struct health_check *check);

/* A check of 127.0.0.1 that has 10 s. */
struct health_check probed_check(enum health_check_type type, uint16_t port);

/* A socket of 127.0.0.1, SOCK_STREAM (which listens) or SOCK_DGRAM, and its port. */
int probed_socket(int type, uint16_t *port);

#endif
