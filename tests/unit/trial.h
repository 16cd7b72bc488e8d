/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a test ask what glb_forward() makes of a packet under some settings?
 *
 * trial_start() with a sample, change settings, trial_expect() a verdict, change something,
 * trial_expect() another.
 */
#ifndef UNIT_TRIAL_H
#define UNIT_TRIAL_H

#include <glb/generation.h>
#include <glb/verdict.h>

#include "frame.h"

/* Parts of samples: clients, VIPs of the fixture, protocols. */
#define FROM4 .version = 4, .src = "10.11.12.13"
#define FROM6 .version = 6, .src = "fd91:79d3:d621::1234"
#define TO4   FROM4, .dst = "1.1.1.1" /* two hops over IPv4: 40 bytes of outer headers */
#define TO6   FROM6, .dst = "fdb4:98ce:52d4::42"
#define TCP   .proto = 6, .src_port = 45678, .dst_port = 80
#define UDP   .proto = 17, .src_port = 45678, .dst_port = 80
#define PING4 TO4, .proto = 1, .type = 8
#define PING6 TO6, .proto = 58, .type = 128

struct trial {
	struct glb_settings settings;
	struct glb_port *port; /* of these, the one in use */
	struct sample sample;
	uint16_t headroom;
	bool damaged;  /* IPv4 header checksum */
	uint8_t *sent; /* what the last trial_expect() sent, behind 14 bytes; NULL: nothing */
	uint32_t sent_len;
};

extern struct trial trial;

/* Builds tables once, in front of all tests: for an unchecked fixture. */
void trial_make_generations(void);

/* Starts over with a sample, nothing set and all the room there is. */
void trial_start(struct sample sample);

/*
 * Has the sample decided. A forwarded frame must be what the specification says; of any other
 * packet nothing may have changed.
 */
void trial_expect(enum glb_verdict want, const char *what);

#endif
