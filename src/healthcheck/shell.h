/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a command line of a configuration run, while the loop goes on?
 *
 * By /bin/sh -c, in a process group of its own, with standard input from /dev/null; the group is
 * killed when its time is over. One at a time. All functions are for the loop's thread.
 */
#ifndef HEALTHCHECK_SHELL_H
#define HEALTHCHECK_SHELL_H

#include <stdbool.h>

enum { SHELL_WHY_LEN = 128 };

struct shell_listener {
	/* called from the loop, once for each command; why is "" when its exit status is 0 */
	void (*ended)(void *arg, const char *why);
	void *arg;
};

struct loop;
struct shell;

/* 0 and *out, or -ENOMEM. */
__attribute__((warn_unused_result)) int shell_open(struct shell **out, struct loop *loop,
						   const struct shell_listener *listener);

/* Kills a command that still runs. NULL is fine. */
void shell_close(struct shell *shell);

/* Starts a command; none is running. */
void shell_start(struct shell *shell, const char *command, unsigned int deadline_ms);

bool shell_is_running(const struct shell *shell);

#endif
