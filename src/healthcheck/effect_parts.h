/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does an effect consist of?
 *
 *   effect.c  the checked file, and when it is written
 *   convey.c  the director, which hears of it
 *   reload_command.c  the command, which is run then
 *
 * Known to those only.
 */
#ifndef HEALTHCHECK_EFFECT_PARTS_H
#define HEALTHCHECK_EFFECT_PARTS_H

#include "healthcheck/background.h"
#include "healthcheck/checked.h"
#include "healthcheck/director.h"

enum {
	BACKOFF_LEAST_MS = 1000,
	BACKOFF_MOST_MS = 30000,
};

/* How long to wait for another try. */
struct backoff {
	uint64_t ms; /* before the next one; 0: it is the first */
};

struct event;
struct event_base;
struct program;

struct effect {
	struct event_base *base;
	struct background *background;
	struct health_conf conf;
	struct effect_listener listener;
	struct effect_status status;
	/* what is wanted */
	struct content *content;
	bool *healthy;
	bool has_news; /* and not written yet */
	/* the file */
	struct event *timer; /* it is to be written */
	struct background_job job;
	struct checked writing; /* the thread's while is_writing */
	bool is_writing;
	char (*digests)[GLB_DIGEST_TEXT_LEN]; /* of the tables in the file, as it was written */
	unsigned int digest_count;	      /* 0: there is no such file yet */
	uint64_t written_ms;		      /* when it was last, or tried to be */
	struct backoff file_backoff;
	/* who hears of it */
	struct director *director;
	struct event *director_timer; /* it is to be asked */
	enum director_question question;
	struct backoff director_backoff;
	bool is_stale;		     /* the file has changed since the director was asked */
	struct program *command;     /* that runs, or NULL */
	struct event *command_timer; /* it is to be run */
	struct event *command_deadline;
	struct backoff command_backoff;
	bool command_again;	/* when it has ended */
	bool command_is_unsure; /* was it run for the file that is there? */
	bool command_is_late;
};

/* --- effect.c --- */

void step_done(struct effect_step *step);

/* True: it is another reason than the last time, and worth a line. */
bool step_failed(struct effect_step *step, const char *why);

/* Did it fail before, and is that worth a line now that it does not? To be asked before
 * step_done(). */
bool step_recovers(const struct effect_step *step);

void effect_timer(struct event *timer, uint64_t ms);

uint64_t backoff_next(struct backoff *backoff);

/* Somebody else may have changed the file: it is written again, if it is not as it should be. */
void effect_look(struct effect *effect);

/* --- convey.c --- */

GLB_NODISCARD int convey_open(struct effect *effect, struct loop *loop);
void convey_close(struct effect *effect);

/* The file is as it should be; is_new: it was not before. */
void convey_file(struct effect *effect, bool is_new);

/* There may be another director now. */
void convey_configured(struct effect *effect);

/* --- reload_command.c --- */

GLB_NODISCARD int command_open(struct effect *effect);
void command_close(struct effect *effect);

/*
 * The file is as it should be; is_new: it was not before. Of one that is not new, the command may
 * have been kept from running by the end of a process, or by a disk that failed when the file was
 * in place: then it is run after a while, so that a checker that is started again and again does
 * not run it each time.
 */
void command_file(struct effect *effect, bool is_new);

/* There may be another command now. */
void command_configured(struct effect *effect);

#endif
