/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a verdict reach the director?
 *
 *   verdict -> checked file, replaced whole -> "reload" at the director's socket, or reload_command
 *           -> the digests in the director's answer are those of the file: it is in effect
 *
 * Files are written on the thread of background.h, and the director is asked without waiting:
 * neither a slow disk nor a busy director delays a probe. What does not succeed is tried again, at
 * intervals that grow, and reported once. Nothing here takes away what the director serves already.
 */
#ifndef HEALTHCHECK_EFFECT_H
#define HEALTHCHECK_EFFECT_H

#include "conf/health.h"

enum { EFFECT_WHY_LEN = 512 };

enum effect_state {
	EFFECT_NONE,	/* nothing was to be done yet, or nobody is to be asked */
	EFFECT_PENDING, /* something newer is on its way */
	EFFECT_DONE,	/* it is there, exactly */
	EFFECT_FAILING, /* it did not succeed, and is tried again: `why` */
};

/* "none", "pending", "done" or "failing". */
const char *effect_state_word(enum effect_state state);

/* One of the steps: the file, the director, the command. */
struct effect_step {
	enum effect_state state;
	uint64_t done;		  /* how often it succeeded */
	uint64_t failed;	  /* tries that did not */
	uint64_t at_ms;		  /* when it succeeded last, by clock_ms(); 0: never */
	char why[EFFECT_WHY_LEN]; /* EFFECT_FAILING: the reason; else "" */
};

struct effect_status {
	struct effect_step file;
	struct effect_step director;
	struct effect_step command;
	uint64_t generation; /* the director's, by its last answer; 0: none */
};

struct content;
struct loop;
struct background;
struct effect;

struct effect_listener {
	/* the file is about to be written: what goes to background_add() now is done before. NULL:
	 * nothing is */
	void (*writing)(void *arg);
	void *arg;
};

/* conf is copied. 0 and *out, for effect_close(); or -ENOMEM. The others outlive it. */
GLB_NODISCARD int effect_open(struct effect **out, struct loop *loop, struct background *background,
			      const struct health_conf *conf,
			      const struct effect_listener *listener);

/* Asks nobody any more. No work of it may be under way. NULL is fine. */
void effect_close(struct effect *effect);

/* hold_ms, reload_command and director_socket of a configuration that was read again. */
void effect_configure(struct effect *effect, const struct health_conf *conf);

/*
 * This is to be in effect: the content with these values of "healthy", one for each backend of its
 * plan; both are held or copied. Written at once when the last file is older than hold_ms, else
 * then. A file that says exactly this already is not written again, and the director is asked what
 * it serves. False: out of memory.
 */
GLB_NODISCARD bool effect_want(struct effect *effect, struct content *content, const bool *healthy);

const struct effect_status *effect_status(const struct effect *effect);

/* The digest of a table of the file, as it was written; NULL: nothing was, or it has fewer. */
const char *effect_digest(const struct effect *effect, unsigned int table);

#endif
