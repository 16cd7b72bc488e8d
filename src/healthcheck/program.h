/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does another program run without anybody waiting for it?
 *
 * It has no input and no descriptor of this process, but for one pipe, to which its output and its
 * errors go. It runs in a process group of its own; what is left of that when the program itself
 * has ended is killed. No shell is involved. No signal reports an end, which would be the whole
 * process' business: a descriptor of the program (pidfd) does. SIGCHLD must not be ignored.
 */
#ifndef HEALTHCHECK_PROGRAM_H
#define HEALTHCHECK_PROGRAM_H

#include <glb/bytes.h>

enum { PROGRAM_LINE_LEN = 128 };

struct event_base;
struct program;

/* How a program has ended, or been ended. */
struct program_end {
	int status;	  /* of the exit; -1: a signal has ended it */
	int signal;	  /* which; 0: it has exited */
	const char *line; /* its first line of output, as it is, cut to what fits; or "" */
};

struct program_call {
	char *const *words; /* the program, looked for in PATH without "/", and its arguments */
	const char *const *added; /* to the environment: "NAME=VALUE"; ends with NULL */
	/* It has ended, and is no zombie: called once, also after program_kill(). */
	void (*ended)(void *arg, const struct program_end *end);
	void *arg;
};

/*
 * Starts one. Its environment is that of this process, less what the service manager has put there
 * for this process alone. Waits until the kernel has loaded the program's file. 0 and *out, which
 * is released after ended(), or with program_free() before; or -errno.
 */
GLB_NODISCARD int program_start(struct program **out, struct event_base *base,
				const struct program_call *call);

/* Has the program and its group killed. ended() is called when they are gone. */
void program_kill(struct program *program);

/* The same for a process that ends itself: ended() is not called. */
void program_free(struct program *program);

#endif
