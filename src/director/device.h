/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What has changed about the device under a port, and should it be logged?
 *
 * Every change is counted. At most DEVICE_LINES of them are logged per DEVICE_WINDOW_MS; for a
 * device that changes more often, a summary follows when that time is over.
 *
 * No system calls, no clock: src/director/link.h queries the kernel.
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

/* What is known of a device now. */
struct device_state {
	uint32_t ifindex; /* its number; 0: it does not exist */
	uint32_t mtu;
	bool is_up; /* it is up, and has a carrier */
	uint8_t mac[GLB_MAC_LEN];
};

/* A set of changes. */
enum device_change {
	DEVICE_GONE = 1,
	DEVICE_BACK = 2, /* as a new device: what was opened on the old one is dead */
	DEVICE_DOWN = 4,
	DEVICE_UP = 8,
	DEVICE_MTU = 16,
	DEVICE_MAC = 32,
};

struct device {
	struct device_state now; /* keeps MTU and MAC address of a device that is gone */
	uint64_t changes;	 /* since the start */
	uint64_t downs;		 /* times that it went down, or disappeared while up */
	uint64_t window_at_ms;
	unsigned int lines; /* logged since then */
	unsigned int withheld;
};

/* Initialises a device as first found: nothing has changed. */
void device_start(struct device *out, const struct device_state *state, uint64_t now_ms);

/* Processes news of the device. Returns a set of enum device_change, empty if it was known. */
unsigned int device_hear(struct device *device, const struct device_state *state);

/* May a line about it be logged? Counts it as logged, or as withheld. */
bool device_may_log(struct device *device);

/* Reports the time. Returns the number of lines withheld in a window that has ended, otherwise 0.
 */
unsigned int device_tick(struct device *device, uint64_t now_ms);

#endif
