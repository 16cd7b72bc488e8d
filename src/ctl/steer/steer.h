/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which commands make a NIC send packets to VIPs to a director, and all others to Linux?
 *
 * They are printed as a script for the shell, and nothing is executed. Rules match destination
 * addresses and nothing else, so that echo requests, ICMP errors and fragments, which have no
 * ports, reach the director along with the rest of their VIP; what is for no bind is left to the
 * director. Each rule has a place of its own (a location, or a preference and a handle): a script
 * that runs twice changes nothing the second time.
 *
 * docs/devices.md names the sources of what is said about drivers here.
 */
#ifndef CTL_STEER_H
#define CTL_STEER_H

#include "conf/steer_prefixes.h"

struct writer;

enum steer_driver {
	STEER_IXGBE,	 /* rules of ethtool, for IPv4 */
	STEER_I40E,	 /* rules of ethtool, by flow type */
	STEER_ICE,	 /* rules of tc, in switchdev mode */
	STEER_SWITCHDEV, /* the same on any other NIC that has the mode */
	STEER_MLX5,	 /* shared by DPDK and Linux without a VF */
	STEER_DRIVER_COUNT,
};

/* What is asked for. */
struct steer {
	const char *path;   /* of the tables, printable */
	const char *device; /* of Linux; only letters, digits, '.', '_' and '-' */
	enum steer_driver driver;
	uint32_t vf;
	uint32_t queue;		 /* of the VF, for rules of ethtool */
	uint32_t first;		 /* location or preference of the first rule */
	const char *mac;	 /* of the VF; NULL: as it is */
	const char *representor; /* of the VF; NULL: the script finds it */
	bool remove;		 /* print how to remove the rules */
	struct steer_prefix *prefixes;
	uint32_t prefix_count;
};

/* --- nic.c: which drivers are known, and which one does a device have? --- */

const char *steer_driver_name(enum steer_driver driver);

/* Finds a driver by its name. False after logging those that there are. */
GLB_NODISCARD bool steer_driver_read(enum steer_driver *out, const char *name);

/* Asks Linux for the driver of a device. False after logging why it is not known. */
GLB_NODISCARD bool steer_driver_find(enum steer_driver *out, const char *device);

/* Do rules of ethtool lead to a VF of this driver? */
bool steer_has_ntuple(enum steer_driver driver);

/* Why the driver has no rule for a prefix, as the rest of a sentence; NULL: it has. */
const char *steer_refusal(enum steer_driver driver, const struct steer_prefix *prefix);

/* --- script.c: how is a script written? --- */

/* Where to: as text to standard output if `w` is NULL, otherwise as strings of a JSON array. */
struct steer_script {
	struct writer *w;
};

/* Writes a line. */
GLB_PRINTF(2, 3) void steer_line(const struct steer_script *script, const char *format, ...);

/* --- The parts of a script --- */

/* function.c: creates the VF and gives it to DPDK, unless that is done. Sets $vf. */
void steer_function(const struct steer_script *script, const struct steer *steer);

/* ntuple.c: can ethtool hold the rules? False after logging why not. */
GLB_NODISCARD bool steer_ntuple_fits(const struct steer *steer);

/* ntuple.c: the rules, or their removal. */
void steer_ntuple(const struct steer_script *script, const struct steer *steer);

/* flower.c: switchdev mode, before the VF is created. Sets $pci. */
void steer_switchdev(const struct steer_script *script, const struct steer *steer);

/* flower.c: the rules, or their removal. */
void steer_flower(const struct steer_script *script, const struct steer *steer);

/* bifurcated.c: what to do where no VF is needed. */
void steer_bifurcated(const struct steer_script *script, const struct steer *steer);

#endif
