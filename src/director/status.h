/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does an operator see of the director in one line?
 *
 * What it serves, with how many workers, and how the last reload ended: the service manager shows
 * it (`systemctl status`) and hears of every change, with the states that units of Type=notify and
 * Type=notify-reload wait for (director/notify.h).
 *
 * All functions are for the control thread.
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
	unsigned int healthy; /* of the backends */
};

struct status {
	struct notify *notify; /* NULL: no service manager */
	uint64_t busy_at_ms;   /* when it heard so last */
	uint64_t alive_at_ms;  /* the same of status_alive() */
	char serving[160];     /* generation and workers */
	bool last_good;	       /* those tables are served */
	char not_ready[160];   /* why, or "" */
	char last[640];	       /* how the last reload, or the start, ended */
};

struct extent status_extent(const struct glb_generation *gen);

/* Reaches the service manager, if there is one; that it cannot be reached is logged. */
void status_open(struct status *status);

/* Keeps to the processors that the calling thread may use. */
void status_stay_here(struct status *status);

/* While it starts: what it does, which may take long. */
void status_starting(struct status *status, const char *doing);

/* To be called now and then while something that takes long is under way. */
void status_busy(struct status *status);

/* Another generation is served. */
void status_serving(struct status *status, const struct glb_generation *gen, unsigned int workers);

/* All workers serve the first generation. */
void status_started(struct status *status);

/* It is ready, NULL, or not, and why, once it has started. */
void status_readiness(struct status *status, const struct glb_diag *why_not);

/* The tables that were served last are served, as their file is no good; or that has ended. */
void status_last_good(struct status *status, bool served);

/* A reload begins; and ends, with why it was refused, or NULL. */
void status_reloading(struct status *status);
void status_reloaded(struct status *status, const struct glb_diag *refusal);

/*
 * The control thread and every worker have made progress lately. A service manager with a watchdog
 * hears of it four times within the time it gives.
 */
void status_alive(struct status *status);

/* It is on its way to the end of the process. */
void status_stopping(struct status *status, const char *why);

/* It ends before it served anything. Why: what is wrong with its files, or NULL: the log has it. */
void status_failed(struct status *status, const struct glb_diag *why);

void status_close(struct status *status);

#endif
