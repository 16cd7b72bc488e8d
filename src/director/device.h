/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What has become of the device under a port, and is that worth a line in the log?
 *
 * Every change is counted. The log gets DEVICE_LINES of them in DEVICE_WINDOW_MS, and of a device
 * that changes more often a summary when that time is over.
 *
 * No system calls, no clock: src/director/link.h asks the kernel.
 */
#ifndef DIRECTOR_DEVICE_H
#define DIRECTOR_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <glb/net.h>

enum {
	DEVICE_LINES = 10,
	DEVICE_WINDOW_MS = 60000,
};

/* What is said about a device now. */
struct device_state {
	uint32_t ifindex; /* its number; 0: there is none */
	uint32_t mtu;
	bool is_up; /* it is on, and has a carrier */
	uint8_t mac[GLB_MAC_LEN];
};

/* Sets of changes. */
enum device_change {
	DEVICE_GONE = 1,
	DEVICE_BACK = 2, /* as a new one: what was opened on the old one is dead */
	DEVICE_DOWN = 4,
	DEVICE_UP = 8,
	DEVICE_MTU = 16,
	DEVICE_MAC = 32,
};

struct device {
	struct device_state now; /* MTU and MAC address of one that is gone stay */
	uint64_t changes;	 /* since it was first heard of */
	uint64_t downs;		 /* how often it went down, or away while it was up */
	uint64_t window_at_ms;
	unsigned int lines; /* since then */
	unsigned int withheld;
};

/* A device as it is first found: nothing has changed. */
void device_start(struct device *out, const struct device_state *state, uint64_t now_ms);

/* Something is said of it: a set of enum device_change, empty if that is known. */
unsigned int device_hear(struct device *device, const struct device_state *state);

/* May a line about it be logged? Counts as logged, or as withheld. */
bool device_may_log(struct device *device);

/* Time has passed: how many lines were withheld in a window that is over, 0 otherwise. */
unsigned int device_tick(struct device *device, uint64_t now_ms);

#endif
