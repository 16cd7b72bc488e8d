/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the source of the tables contain now?
 *
 * The file is followed: its directory is watched, so it may be replaced or rewritten in place, and
 * it is read on the thread of background.h. A new content that is invalid is logged once, with its
 * position, and the old one remains in force.
 */
#ifndef HEALTHCHECK_SOURCE_H
#define HEALTHCHECK_SOURCE_H

#include "conf/health.h"

/* One version of the source. Immutable, and shared by reference counting. */
struct content {
	char *path;
	struct file_bytes file;
	struct health_plan plan; /* derived from it */
	unsigned int refs;
};

/* Adds or drops a reference; dropping the last one releases it. NULL is fine. Called on the
 * loop's thread. */
struct content *content_ref(struct content *content);
void content_unref(struct content *content);

/*
 * Reads a file and derives its plan. Returns 0 and sets *out, with one reference; or -errno with
 * the reasons in the report. Callable from any thread. Blocks as file_read() does.
 */
GLB_NODISCARD int content_read(struct content **out, const char *path, struct report *report);

struct loop;
struct background;
struct source;

struct source_listener {
	/* another content has come into force: take a reference to keep it */
	void (*changed)(void *arg, struct content *content);
	void *arg;
};

/* The state, for inspection. */
struct source_status {
	uint64_t loaded;  /* contents that came into force */
	uint64_t refused; /* contents that were refused */
	bool is_refused;  /* the current file is invalid, and an older content is in force */
	char why[REPORT_LINE_LEN_MAX]; /* the first reason if is_refused */
};

/* Follows the file that `content` was read from. Returns 0 and sets *out, or -ENOMEM. */
GLB_NODISCARD int source_open(struct source **out, struct loop *loop, struct background *background,
			      struct content *content, const struct source_listener *listener);

/* No read may be in progress: see background_finish(). NULL is fine. */
void source_close(struct source *source);

/* Reads the file again, even if it seems unchanged. */
void source_read(struct source *source);

const struct source_status *source_status(const struct source *source);

#endif
