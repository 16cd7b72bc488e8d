/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the main lcore do?
 *
 * It turns files into generations: at start, and again whenever it is asked to reload. A file that
 * is missing or wrong changes nothing but the log. When a gateway has another MAC address, or a
 * port another MTU or MAC address, it makes a successor that shares everything else.
 */
#ifndef DIRECTOR_CONTROL_H
#define DIRECTOR_CONTROL_H

#include "conf/director.h"
#include "director/host.h"
#include "director/link.h"
#include "director/neighbour.h"
#include "director/worker.h"
#include "sys/service.h"

struct control {
	const char *config_path;
	const char *tables_path;
	struct director_conf conf; /* in force */
	struct glb_tables tables;  /* read, not yet in a generation */
	uint64_t generation;	   /* number of the newest one */
	struct neighbours neighbours;
	struct links links;
	struct host host;
	struct workers workers;
	struct service service;
};

/* Reads both files. 0, or -errno after logging why. */
GLB_NODISCARD int control_load(struct control *control);

/* Could what was read be served? 0, or -errno after logging why. Needs no device; uses it up. */
GLB_NODISCARD int control_check(struct control *control);

/*
 * Starts ports and workers, serves what was read until told to stop, and stops them. A stop that
 * is asked for meanwhile ends the start. 0, or -errno after logging why: -ENETDOWN if the devices
 * of its ports went away while it served, so that another start may help.
 */
GLB_NODISCARD int control_run(struct control *control);

#endif
