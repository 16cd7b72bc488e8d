/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When is the state (state.h) saved?
 *
 * After a change, at most once per STATE_PAUSE_MS, except by state_file_now(); on the thread of
 * background.h. A failure is logged once and retried every STATE_RETRY_MS; the program continues
 * without.
 *
 * All functions must be called on the loop's thread.
 */
#ifndef HEALTHCHECK_STATE_FILE_H
#define HEALTHCHECK_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>

enum { STATE_PAUSE_MS = 1000, STATE_RETRY_MS = 10000 };

struct loop;
struct background;
struct state_file;

/* Provides the text, as state_text() does. */
struct state_source {
	char *(*text)(void *arg, size_t *len_out);
	void *arg;
};

/* The state, for inspection. */
struct state_file_status {
	uint64_t written;
	uint64_t failed;
	const char *why; /* why the last attempt failed; else "" */
};

/* Saves to the file at `path`, which is copied; the other arguments must outlive it. Returns 0
 * and sets *out, to be released with state_file_close(); or -ENOMEM. */
__attribute__((warn_unused_result)) int state_file_open(struct state_file **out, struct loop *loop,
							struct background *background,
							const struct state_source *source,
							const char *path);

/* None of its jobs may be pending. NULL is fine. */
void state_file_close(struct state_file *file);

/* The state may have changed; it has if `version` differs from the last call's, initially 0. */
void state_file_changed(struct state_file *file, uint64_t version);

/*
 * Saves any changes immediately, before tables that follow from them or before the program ends.
 * See background_finish() to wait for it. NULL is fine.
 */
void state_file_now(struct state_file *file);

struct state_file_status state_file_status(const struct state_file *file);

#endif
