/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does an operator see of the director in one line?
 *
 * What it serves, with how many workers, and how the last reload ended: the service manager shows
 * it (`systemctl status`) and is informed of every change, with the states that units of
 * Type=notify and Type=notify-reload wait for (director/notify.h).
 *
 * All functions must be called on the control thread.
 */
#ifndef DIRECTOR_STATUS_H
#define DIRECTOR_STATUS_H

#include <glb/diag.h>
#include <glb/generation.h>

struct notify;

/* How much a generation serves. */
struct extent {
	unsigned int tables;
	unsigned int binds;
	unsigned int backends;
	unsigned int healthy; /* number of healthy backends */
};

struct status {
	struct notify *notify; /* NULL: no service manager */
	uint64_t busy_at_ms;   /* time of the last status_busy() sent */
	uint64_t alive_at_ms;  /* time of the last status_alive() sent */
	char serving[160];     /* generation and workers */
	bool last_good;	       /* the last good tables are served */
	char not_ready[160];   /* the reason, or "" */
	char last[640];	       /* how the last reload, or the start, ended */
};

struct extent status_extent(const struct glb_generation *gen);

/* Connects to the service manager, if there is one; logs if that fails. */
void status_open(struct status *status);

/* Binds its thread to the processors that the calling thread may use. */
void status_stay_here(struct status *status);

/* During startup: what is being done, which may take long. */
void status_starting(struct status *status, const char *doing);

/* To be called regularly during a long operation. */
void status_busy(struct status *status);

/* A new generation is served. */
void status_serving(struct status *status, const struct glb_generation *gen, unsigned int workers);

/* All workers serve the first generation. */
void status_started(struct status *status);

/* Once started: it is ready (NULL), or not, and why. */
void status_readiness(struct status *status, const struct glb_diag *why_not);

/* The last good tables are served, as their file is invalid; or no longer. */
void status_last_good(struct status *status, bool served);

/* A reload begins; and ends, with the reason for a refusal, or NULL. */
void status_reloading(struct status *status);
void status_reloaded(struct status *status, const struct glb_diag *refusal);

/*
 * The control thread and every worker have made progress. A service manager with a watchdog is
 * informed four times per watchdog interval.
 */
void status_alive(struct status *status);

/* The process is about to end. */
void status_stopping(struct status *status, const char *why);

/* It ends before it has served anything. `why`: what is wrong with its files; NULL: see the log. */
void status_failed(struct status *status, const struct glb_diag *why);

void status_close(struct status *status);

#endif
