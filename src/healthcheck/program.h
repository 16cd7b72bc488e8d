/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is another program run without blocking?
 *
 * It has no input and inherits no descriptor except one pipe for its output and errors. It runs in
 * its own process group, whose remaining processes are killed when the program itself has ended. No
 * shell is involved. Its end is reported by a descriptor (pidfd) rather than a signal, which would
 * concern the whole process. SIGCHLD must not be ignored.
 */
#ifndef HEALTHCHECK_PROGRAM_H
#define HEALTHCHECK_PROGRAM_H

#include <glb/bytes.h>

enum { PROGRAM_LINE_LEN = 128 };

struct event_base;
struct program;

/* How a program has ended. */
struct program_end {
	int status;	  /* exit status; -1: terminated by a signal */
	int signal;	  /* the signal; 0: it has exited */
	const char *line; /* the first line of its output, unescaped and truncated; or "" */
};

struct program_call {
	char *const *words;	  /* program, searched in PATH unless it has a "/", and arguments */
	const char *const *added; /* "NAME=VALUE" added to the environment; ends with NULL */
	/* the program has ended and was reaped: called once, also after program_kill() */
	void (*ended)(void *arg, const struct program_end *end);
	void *arg;
};

/*
 * Starts a program. Its environment is that of this process, without what the service manager has
 * set for this process alone. Blocks until the kernel has loaded the file. Returns 0 and sets *out,
 * which is released after ended(), or earlier with program_free(); or -errno.
 */
GLB_NODISCARD int program_start(struct program **out, struct event_base *base,
				const struct program_call *call);

/* Kills the program and its group. ended() is called once they are gone. */
void program_kill(struct program *program);

/* As program_kill(), when this process is about to end: releases it, and ended() is not called. */
void program_free(struct program *program);

#endif
