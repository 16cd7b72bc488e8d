/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What are the parts of an effect?
 *
 *   effect.c          writes the checked file in time
 *   convey.c          informs the director
 *   reload_command.c  runs the command
 *
 * Private to these files.
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

/* The delay before the next attempt. */
struct backoff {
	uint64_t ms; /* next delay; 0: no failure yet */
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
	bool has_news; /* not written yet */
	/* the file */
	struct event *timer; /* fires when it is to be written */
	struct background_job job;
	struct checked writing; /* belongs to the thread while is_writing */
	bool is_writing;
	char (*digests)[GLB_DIGEST_TEXT_LEN]; /* of the tables in the file as written */
	unsigned int digest_count;	      /* 0: no file written yet */
	uint64_t written_ms;		      /* time of the last attempt to write */
	struct backoff file_backoff;
	/* the director and the command */
	struct director *director;
	struct event *director_timer; /* fires when it is to be asked */
	enum director_question question;
	struct backoff director_backoff;
	bool is_stale;		     /* the file has changed since the last request */
	struct program *command;     /* the running command, or NULL */
	struct event *command_timer; /* fires when it is to be run */
	struct event *command_deadline;
	struct backoff command_backoff;
	bool command_again;	/* run it again once it has ended */
	bool command_is_unsure; /* unknown whether it was run for the current file */
	bool command_is_late;
};

/* --- effect.c --- */

void step_done(struct effect_step *step);

/* Records a failure. True: the reason differs from the last one, so log it. */
bool step_failed(struct effect_step *step, const char *why);

/* Did it fail before, so that its recovery should be logged? To be called before step_done(). */
bool step_recovers(const struct effect_step *step);

void effect_timer(struct event *timer, uint64_t ms);

uint64_t backoff_next(struct backoff *backoff);

/* Checks that no one has changed the file, and rewrites it if it is not as it should be. */
void effect_look(struct effect *effect);

/* --- convey.c --- */

GLB_NODISCARD int convey_open(struct effect *effect, struct loop *loop);
void convey_close(struct effect *effect);

/* The file is as it should be. is_new: it has just become so. */
void convey_file(struct effect *effect, bool is_new);

/* The director's socket may have changed. */
void convey_configured(struct effect *effect);

/* --- reload_command.c --- */

GLB_NODISCARD int command_open(struct effect *effect);
void command_close(struct effect *effect);

/*
 * The file is as it should be. is_new: it has just become so. Otherwise the command may have been
 * prevented from running by the end of the process, or by a disk that failed after the file was in
 * place: then it is run after a delay, so that a checker that is restarted repeatedly does not run
 * it each time.
 */
void command_file(struct effect *effect, bool is_new);

/* The command may have changed. */
void command_configured(struct effect *effect);

#endif
