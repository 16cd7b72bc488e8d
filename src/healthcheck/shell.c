/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "healthcheck/shell.h"
#include "sys/loop.h"

extern char **environ;

struct shell {
	struct event_base *base;
	struct shell_listener listener;
	pid_t pid;	     /* 0: nothing runs */
	int fd;		     /* readable: it has ended; -1: it is not known when */
	struct event *ended; /* of fd */
	struct event *timer; /* its time is over, or it is asked whether it has ended */
	unsigned int left_ms;
	bool is_late;
	char why[SHELL_WHY_LEN]; /* why it did not start */
};

enum { LOOK_MS = 100 };

static void look_in(struct shell *shell, unsigned int ms)
{
	const struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)evtimer_add(shell->timer, &time);
}

static void forget(struct shell *shell)
{
	(void)evtimer_del(shell->timer);
	if (shell->ended)
		event_free(shell->ended);
	shell->ended = NULL;
	if (shell->fd >= 0)
		(void)close(shell->fd);
	shell->fd = -1;
	shell->pid = 0;
}

static void report_end(struct shell *shell, int status)
{
	char why[SHELL_WHY_LEN] = "";

	if (shell->is_late)
		(void)snprintf(why, sizeof(why), "it took too long, and was killed");
	else if (WIFSIGNALED(status))
		(void)snprintf(why, sizeof(why), "it was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		(void)snprintf(why, sizeof(why), "exit status %d", WEXITSTATUS(status));
	forget(shell);
	shell->listener.ended(shell->listener.arg, why);
}

/* True: it had ended, and that was reported. */
static bool take_end(struct shell *shell)
{
	int status;

	if (waitpid(shell->pid, &status, WNOHANG) != shell->pid)
		return false;
	report_end(shell, status);
	return true;
}

static void end(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	(void)take_end(arg);
}

static void time_is_over(evutil_socket_t fd, short events, void *arg)
{
	struct shell *shell = arg;

	(void)fd;
	(void)events;
	if (!shell->pid) { /* it did not start */
		shell->listener.ended(shell->listener.arg, shell->why);
		return;
	}
	if (take_end(shell))
		return;
	if (shell->left_ms <= LOOK_MS) {
		shell->is_late = true;
		(void)kill(-shell->pid, SIGKILL);
	} else {
		shell->left_ms -= LOOK_MS;
	}
	look_in(shell, LOOK_MS);
}

/* 0 and *pid, or an errno. */
static int spawn(pid_t *pid, const char *command)
{
	char *const words[] = {(char *)"/bin/sh", (char *)"-c", (char *)command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	sigset_t usual;
	int err;

	(void)sigemptyset(&none);
	(void)sigemptyset(&usual);
	(void)sigaddset(&usual, SIGPIPE);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &usual);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	err = posix_spawn(pid, words[0], &actions, &attr, words, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	return err;
}

/* Without a descriptor for its end it is looked at now and then. */
static void watch_end(struct shell *shell)
{
	shell->fd = (int)syscall(SYS_pidfd_open, shell->pid, 0);
	if (shell->fd < 0)
		return;
	shell->ended = event_new(shell->base, shell->fd, EV_READ, end, shell);
	if (shell->ended)
		(void)event_add(shell->ended, NULL);
}

void shell_start(struct shell *shell, const char *command, unsigned int deadline_ms)
{
	int err = spawn(&shell->pid, command);

	shell->is_late = false;
	shell->left_ms = deadline_ms;
	if (err) {
		shell->pid = 0;
		(void)snprintf(shell->why, sizeof(shell->why), "/bin/sh: %s", strerror(err));
		look_in(shell, 0);
		return;
	}
	watch_end(shell);
	look_in(shell, LOOK_MS);
}

bool shell_is_running(const struct shell *shell)
{
	return shell->pid || evtimer_pending(shell->timer, NULL);
}

int shell_open(struct shell **out, struct loop *loop, const struct shell_listener *listener)
{
	struct shell *shell = calloc(1, sizeof(*shell));

	if (!shell)
		return -ENOMEM;
	shell->base = loop_base(loop);
	shell->listener = *listener;
	shell->fd = -1;
	shell->timer = evtimer_new(shell->base, time_is_over, shell);
	if (!shell->timer) {
		free(shell);
		return -ENOMEM;
	}
	*out = shell;
	return 0;
}

void shell_close(struct shell *shell)
{
	if (!shell)
		return;
	if (shell->pid) {
		(void)kill(-shell->pid, SIGKILL);
		(void)waitpid(shell->pid, NULL, 0);
	}
	forget(shell);
	event_free(shell->timer);
	free(shell);
}
