/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a verdict reach the director?
 *
 *   verdict -> checked file, replaced atomically -> "reload" on the director's socket, or
 *   reload_command
 *           -> the director replies with the digests of that file: the verdict is in effect
 *
 * Files are written on the thread of background.h and requests to the director do not block:
 * neither a slow disk nor a busy director delays a probe. Failed steps are retried at growing
 * intervals and logged once. Failures never affect what the director serves already.
 */
#ifndef HEALTHCHECK_EFFECT_H
#define HEALTHCHECK_EFFECT_H

#include "conf/health.h"

enum { EFFECT_WHY_LEN = 512 };

enum effect_state {
	EFFECT_NONE,	/* nothing to do yet, or no director configured */
	EFFECT_PENDING, /* a newer verdict is on its way */
	EFFECT_DONE,	/* exactly as wanted */
	EFFECT_FAILING, /* failed, being retried: see `why` */
};

/* Returns "none", "pending", "done" or "failing". */
const char *effect_state_word(enum effect_state state);

/* The state of one step: file, director or command. */
struct effect_step {
	enum effect_state state;
	uint64_t done;		  /* number of successes */
	uint64_t failed;	  /* number of failed attempts */
	uint64_t at_ms;		  /* time of the last success, by clock_ms(); 0: never */
	char why[EFFECT_WHY_LEN]; /* the reason if EFFECT_FAILING; else "" */
};

struct effect_status {
	struct effect_step file;
	struct effect_step director;
	struct effect_step command;
	uint64_t generation; /* the generation in the director's last reply; 0: none */
};

struct content;
struct loop;
struct background;
struct effect;

struct effect_listener {
	/* called when the file is about to be written: jobs passed to background_add() now are
	 * done before it. May be NULL */
	void (*writing)(void *arg);
	void *arg;
};

/* conf is copied; the other arguments must outlive it. Returns 0 and sets *out, to be released
 * with effect_close(); or -ENOMEM. */
GLB_NODISCARD int effect_open(struct effect **out, struct loop *loop, struct background *background,
			      const struct health_conf *conf,
			      const struct effect_listener *listener);

/* Abandons requests. None of its jobs may be pending. NULL is fine. */
void effect_close(struct effect *effect);

/* Applies hold_ms, reload_command and director_socket of a configuration that was read again. */
void effect_configure(struct effect *effect, const struct health_conf *conf);

/*
 * Requests a verdict to be put into effect: the content with these values of "healthy", one per
 * backend of its plan. `content` is held, `healthy` copied. Written at once if the last file is
 * older than hold_ms, otherwise when it is. A file that is identical already is not written again,
 * but the director is asked what it serves. False: out of memory.
 */
GLB_NODISCARD bool effect_want(struct effect *effect, struct content *content, const bool *healthy);

const struct effect_status *effect_status(const struct effect *effect);

/* The digest of a table in the file as it was written; NULL: no file was, or it has fewer tables.
 */
const char *effect_digest(const struct effect *effect, unsigned int table);

#endif
