/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When is the state written (state.h)?
 *
 * When something changed, and not more than once in STATE_PAUSE_MS, but for state_file_now(); on
 * the thread of files. A file that cannot be written is logged once, and tried again every
 * STATE_RETRY_MS: the program goes on without.
 *
 * All functions are for the thread of the loop.
 */
#ifndef HEALTHCHECK_STATE_FILE_H
#define HEALTHCHECK_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>

enum { STATE_PAUSE_MS = 1000, STATE_RETRY_MS = 10000 };

struct loop;
struct background;
struct state_file;

/* Where the text is from: as of state_text(). */
struct state_source {
	char *(*text)(void *arg, size_t *len_out);
	void *arg;
};

/* What was done so far. */
struct state_file_status {
	uint64_t written;
	uint64_t failed;
	const char *why; /* the last try failed: the reason; else "" */
};

/* For the file at `path`, which is copied. 0 and *out; or -ENOMEM. The others outlive it. */
__attribute__((warn_unused_result)) int state_file_open(struct state_file **out, struct loop *loop,
							struct background *background,
							const struct state_source *source,
							const char *path);

/* No work of it may be under way. NULL is fine. */
void state_file_close(struct state_file *file);

/*
 * What is kept may be another now: it is if `version` is another number than the last time, at
 * first than 0.
 */
void state_file_changed(struct state_file *file, uint64_t version);

/*
 * What has changed is written now, without a pause: before the tables that follow from it, or as
 * the program is about to end. To be waited for. NULL is fine.
 */
void state_file_now(struct state_file *file);

struct state_file_status state_file_status(const struct state_file *file);

#endif
