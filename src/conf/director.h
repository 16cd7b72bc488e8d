/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the operator want a director to behave?
 *
 * director.json: the original's keys with their meaning, and our own. Read by the director and by
 * `glbctl replay`, so it lives here. config/director.schema.json documents every key.
 */
#ifndef CONF_DIRECTOR_H
#define CONF_DIRECTOR_H

#include <glb/generation.h>

#include "conf/report.h"

struct director_conf {
	struct glb_settings settings; /* port_macs are left to the caller */
	char punt_port[64];	      /* device that takes punted packets, or "" */
	uint32_t idle_sleep_us;	      /* how long an idle worker sleeps at a time; 0: never */
	bool punt_unmatched;	      /* false: unmatched packets are dropped */
	bool rx_drop_en;	      /* let the NIC drop when a receive ring is full */
};

/*
 * Reads the file at `path`, which must outlive the report. Returns 0 and sets *out; otherwise
 * leaves it alone: -errno of reading the file, -EINVAL for its content, -ENOMEM. The report tells
 * all problems of the file: at least one error after a failure; warnings about keys that are
 * unknown or accepted without effect also after a success.
 */
GLB_NODISCARD int director_conf_load(struct director_conf *out, const char *path,
				     struct report *report);

/* Likewise from bytes in memory that came from `path`. */
GLB_NODISCARD int director_conf_parse(struct director_conf *out, const char *path,
				      const char *bytes, size_t len, struct report *report);

#endif
