/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the source of the tables say now?
 *
 * The file is followed: its directory is watched, so that it may be replaced or rewritten where it
 * is, and it is read on the thread of files (background.h). A new content that is no good is
 * reported once, with its place, and the old one stays.
 */
#ifndef HEALTHCHECK_SOURCE_H
#define HEALTHCHECK_SOURCE_H

#include "conf/health.h"

/* One content of the source. It never changes, and is shared by all who hold it. */
struct content {
	char *path;
	struct file_bytes file;
	struct health_plan plan; /* what is asked for in it */
	unsigned int holders;
};

/* Holds it once more, or once less: the last one frees it. NULL is fine. For the loop's thread. */
struct content *content_hold(struct content *content);
void content_drop(struct content *content);

/*
 * Reads a file and what it asks for. 0 and *out, held once; or -errno with the reasons in the
 * report. For any thread. Waits, as file_read() does.
 */
GLB_NODISCARD int content_read(struct content **out, const char *path, struct report *report);

struct loop;
struct background;
struct source;

struct source_listener {
	/* another content is in force: not the caller's, unless held */
	void (*changed)(void *arg, struct content *content);
	void *arg;
};

/* What there is to see. */
struct source_status {
	uint64_t loaded;  /* contents that came into force */
	uint64_t refused; /* and that did not */
	bool is_refused;  /* the file as it is now is no good, and an older content in force */
	char why[REPORT_LINE_LEN_MAX]; /* if so: the first reason */
};

/* Follows the file that `content` was read from. 0 and *out, or -ENOMEM. */
GLB_NODISCARD int source_open(struct source **out, struct loop *loop, struct background *background,
			      struct content *content, const struct source_listener *listener);

/* It must not be looked at just now: background_finish(). NULL is fine. */
void source_close(struct source *source);

/* Reads it again, whether it seems changed or not. */
void source_read(struct source *source);

const struct source_status *source_status(const struct source *source);

#endif
