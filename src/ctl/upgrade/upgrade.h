/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does another program take over from a director?
 *
 * In place: it leaves, and the next one is started on its ports, while routers use other hosts. Or
 * beside it: the next one is started on ports of its own, routers use both, and then it leaves.
 * Each step says what it waits for. Until it has left, an interrupt or a failure leaves the
 * director in service.
 */
#ifndef CTL_UPGRADE_UPGRADE_H
#define CTL_UPGRADE_UPGRADE_H

#include <glb/diag.h>

#include "ctl/commands.h"
#include "ctl/upgrade/wire.h"

#define UPGRADE_UNIT "glb-director" /* that is started, unless a command is given */

enum { UPGRADE_VERSION_LEN = 128, UPGRADE_WHY_LEN = 512 };

/* What a director says of itself. */
struct seen {
	pid_t pid;
	char version[UPGRADE_VERSION_LEN];
	char not_ready[UPGRADE_WHY_LEN]; /* why; "": it is ready, and its live device up */
	bool has_live_device;
	bool is_last_good; /* it serves the last good tables: its file is invalid */
	char *digests;	   /* of its tables; to be released with seen_free() */
};

/* Packets of a director, since its start. */
struct packets {
	uint64_t received;
	uint64_t forwarded;
	uint64_t lost; /* as in the reply to `leave` */
};

struct upgrade {
	struct command_line from; /* names the socket of the director that is replaced */
	struct command_line to;	  /* and that of the next one */
	const char *start;	  /* shell command that starts it */
	bool is_beside;
	unsigned int quiet_s;
	unsigned int deadline_s;
	int signals; /* readable: an interrupt */
	unsigned int step;
	struct seen before;
	struct wire wire; /* of the devices of the director that is replaced */
};

/* Begins a step: prints its number and what it does. */
GLB_PRINTF(2, 3) void upgrade_step(struct upgrade *upgrade, const char *format, ...);

/* --- Waiting --- */

enum waited { WAITED_TIME, WAITED_READABLE, WAITED_INTERRUPT };

/* Waits until a descriptor is readable (-1: none), for a time at most, or for an interrupt. */
enum waited upgrade_wait(const struct upgrade *upgrade, int fd, unsigned int ms);

/* --- Directors (seen.c) --- */

/* Returns EXIT_OK and sets *out, to be released with seen_free(); or EXIT_FAILED and *why. */
GLB_NODISCARD int seen_ask(struct seen *out, const struct command_line *line, struct glb_diag *why);

/* The same for its packets, which need no release. */
GLB_NODISCARD int packets_ask(struct packets *out, const struct command_line *line,
			      struct glb_diag *why);

void seen_free(struct seen *seen);

/* --- Programs (run.c) --- */

/*
 * Runs a program, in a directory (NULL: this one), with this program's output. Returns its exit
 * status; or a negative number: -ECANCELED after an interrupt, 128 + the signal that ended it as a
 * negative number, or -errno.
 */
GLB_NODISCARD int run_words(const struct upgrade *upgrade, char **words, const char *directory);

/*
 * Does the program that is installed now start with the files of the running one? Runs it with the
 * same words and --check. Returns EXIT_OK; or EXIT_REFUSED after logging why.
 */
GLB_NODISCARD int rehearse(const struct upgrade *upgrade);

/* --- Steps: EXIT_OK; or an exit status after logging why, and what is in service --- */

/* The director leaves, and ends (departure.c). */
GLB_NODISCARD int depart(struct upgrade *upgrade);

/* Starts the next one, and waits until it is ready (arrival.c). */
GLB_NODISCARD int arrive(struct upgrade *upgrade, struct seen *out);

/* Waits until routers use the next one; in place, it is only reported if they do not. */
GLB_NODISCARD int await_traffic(struct upgrade *upgrade);

#endif
