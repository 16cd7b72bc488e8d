/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs that an upgrade runs: the rehearsal of a start, and the start itself. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/upgrade/upgrade.h"
#include "sys/log.h"

enum { LOOK_EVERY_MS = 50, CMDLINE_LEN = 65536, CMDLINE_WORDS = 1024, LINK_LEN = 4096 };

/* Starts it with signals as a shell would, and without input. Returns 0 or an errno. */
static int spawn_words(pid_t *pid, char **words, const char *directory)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigset_t ours;
	int err;

	(void)sigemptyset(&none);
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGPIPE);
	(void)posix_spawn_file_actions_init(&actions); /* these two cannot fail here */
	(void)posix_spawnattr_init(&attributes);
	err = posix_spawnattr_setsigmask(&attributes, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(&attributes, &ours);
	if (!err)
		err = posix_spawnattr_setflags(&attributes,
					       POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!err && directory)
		err = posix_spawn_file_actions_addchdir_np(&actions, directory);
	if (!err)
		err = posix_spawn(pid, words[0], &actions, &attributes, words, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return err;
}

int run_words(const struct upgrade *upgrade, char **words, const char *directory)
{
	int status = 0;
	pid_t pid;
	int err;

	(void)fflush(stdout);
	err = spawn_words(&pid, words, directory);
	if (err)
		return -err;
	while (waitpid(pid, &status, WNOHANG) != pid)
		if (upgrade_wait(upgrade, -1, LOOK_EVERY_MS) == WAITED_INTERRUPT) {
			(void)kill(pid, SIGTERM);
			(void)waitpid(pid, &status, 0);
			return -ECANCELED;
		}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -(128 + WTERMSIG(status));
}

/* --- Rehearsal --- */

/* A running program, as the kernel has it. */
struct running {
	char path[LINK_LEN];	  /* of the program that it was started from, see find_program() */
	char directory[LINK_LEN]; /* that it runs in */
	char text[CMDLINE_LEN];	  /* its words, each with its 0 */
	char *words[CMDLINE_WORDS + 2];
	unsigned int count;
};

/* Reads a link of /proc/PID. Returns 0 or -errno. */
static int read_link_of(char out[LINK_LEN], pid_t pid, const char *name)
{
	char path[64];
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	len = readlink(path, out, LINK_LEN - 1);
	if (len < 0)
		return -errno;
	out[len] = '\0';
	return 0;
}

/* A file that was replaced since it was executed is called "PATH (deleted)". */
static void strip_deleted(char *path)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(path);

	if (len > sizeof(mark) - 1 && !strcmp(path + len - (sizeof(mark) - 1), mark))
		path[len - (sizeof(mark) - 1)] = '\0';
}

/* Returns 0 or -errno. */
static int read_cmdline(struct running *running, pid_t pid)
{
	char path[64];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	len = fread(running->text, 1, sizeof(running->text) - 1, file);
	(void)fclose(file);
	if (!len || len == sizeof(running->text) - 1)
		return -E2BIG;
	running->count = 0;
	for (size_t at = 0; at < len; at += strlen(running->text + at) + 1) {
		if (running->count == CMDLINE_WORDS)
			return -E2BIG;
		running->words[running->count++] = running->text + at;
	}
	return 0;
}

/*
 * By the path that it was started by, as in a unit, whatever is there by now; only if it was found
 * by $PATH, by that of its file. Returns 0 or -errno.
 */
static int find_program(struct running *running, pid_t pid)
{
	int err = read_link_of(running->path, pid, "exe");

	if (strchr(running->words[0], '/')) {
		(void)snprintf(running->path, sizeof(running->path), "%s", running->words[0]);
		return 0;
	}
	if (!err)
		strip_deleted(running->path);
	return err;
}

static int running_read(struct running *running, pid_t pid)
{
	int err = read_link_of(running->directory, pid, "cwd");

	if (!err)
		err = read_cmdline(running, pid);
	return err ? err : find_program(running, pid);
}

static int rehearse_words(const struct upgrade *upgrade, struct running *running)
{
	static char check[] = "--check";
	int status;

	running->words[0] = running->path;
	running->words[running->count] = check;
	running->words[running->count + 1] = NULL;
	status = run_words(upgrade, running->words, running->directory);
	if (status == EXIT_SUCCESS)
		return EXIT_OK;
	if (status == -ECANCELED)
		log_error("interrupted; nothing was changed");
	else if (status < 0)
		log_error("%s: %s; nothing was changed", running->path,
			  status > -128 ? strerror(-status) : "ended by a signal");
	else
		log_error("%s would not start: --check ended with status %d; nothing was changed",
			  running->path, status);
	return EXIT_REFUSED;
}

int rehearse(const struct upgrade *upgrade)
{
	struct running *running = calloc(1, sizeof(*running));
	int err = running ? running_read(running, upgrade->before.pid) : -ENOMEM;
	int status = EXIT_REFUSED;

	if (err)
		log_error("process %d: %s, so that nothing is known of its program: run this as "
			  "root, on its host; nothing was changed",
			  (int)upgrade->before.pid, strerror(-err));
	else
		status = rehearse_words(upgrade, running);
	free(running);
	return status;
}
