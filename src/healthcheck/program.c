/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

enum {
	READ_LEN = 4096,
	READS_AT_END = 16, /* bounds what remaining processes of the group can still print */
};

struct program {
	struct program_call call;
	pid_t pid;
	int pidfd;
	int output;
	struct event *ending;
	struct event *printing;
	char line[PROGRAM_LINE_LEN];
	size_t line_len;
	bool has_line; /* the line is complete */
};

static void program_release(struct program *program)
{
	if (program->ending)
		event_free(program->ending);
	if (program->printing)
		event_free(program->printing);
	if (program->pidfd >= 0)
		(void)close(program->pidfd);
	if (program->output >= 0)
		(void)close(program->output);
	free(program);
}

/* Output after the first line is read and discarded: a full pipe would block the program. */
static void take_output(struct program *program, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len && !program->has_line; i++) {
		if (bytes[i] == '\n')
			program->has_line = true;
		else if (program->line_len < sizeof(program->line) - 1)
			program->line[program->line_len++] = bytes[i];
	}
}

/* Returns the bytes read; 0: end of file; -1: nothing for now. */
static ssize_t read_output(struct program *program)
{
	char bytes[READ_LEN];
	ssize_t len = read(program->output, bytes, sizeof(bytes));

	if (len > 0)
		take_output(program, bytes, (size_t)len);
	return len;
}

static void on_output(evutil_socket_t fd, short events, void *arg)
{
	struct program *program = arg;

	(void)fd;
	(void)events;
	if (read_output(program) == 0)
		(void)event_del(program->printing);
}

/* The group must be killed before its leader is reaped, as its number may be reused afterwards. */
static void on_end(evutil_socket_t fd, short events, void *arg)
{
	struct program *program = arg;
	struct program_end end = {.line = program->line};
	siginfo_t info = {0};

	(void)events;
	(void)kill(-program->pid, SIGKILL);
	for (unsigned int i = 0; i < READS_AT_END && !program->has_line; i++)
		if (read_output(program) <= 0)
			break;
	(void)waitid(P_PIDFD, (id_t)fd, &info, WEXITED);
	end.status = info.si_code == CLD_EXITED ? info.si_status : -1;
	end.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	program->call.ended(program->call.arg, &end);
	program_release(program);
}

/* Is the variable, NAME=VALUE, intended for this process alone? */
static bool is_private(const char *variable)
{
	static const char *const names[] = {"NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_"};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(variable, names[i], strlen(names[i])))
			return true;
	return false;
}

/* Is it overridden by one of the added variables? */
static bool program_is_replaced(const char *variable, const char *const *added)
{
	size_t len = strcspn(variable, "=");

	for (; *added; added++)
		if (!strncmp(variable, *added, len) && (*added)[len] == '=')
			return true;
	return false;
}

/* Returns the program's environment, to be released with free() without its strings; or NULL. */
static char **make_environment(const char *const *added)
{
	size_t count = 1;
	size_t n = 0;
	char **out;

	for (char **one = environ; *one; one++)
		count++;
	for (const char *const *one = added; *one; one++)
		count++;
	out = calloc(count, sizeof(*out));
	if (!out)
		return NULL;
	for (const char *const *one = added; *one; one++)
		memcpy(&out[n++], one, sizeof(*one)); /* never modified */
	for (char **one = environ; *one; one++)
		if (!is_private(*one) && !program_is_replaced(*one, added))
			out[n++] = *one;
	return out;
}

/* Returns 0 or an errno. */
static int set_actions(posix_spawn_file_actions_t *actions, int output)
{
	int err = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (!err)
		err = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO);
	if (!err)
		err = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	return err;
}

/* Resets signals, so that none is blocked or ignored, as if started by a shell. Returns 0 or an
 * errno. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;
	int err;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	err = posix_spawnattr_setsigmask(attributes, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(attributes, &all);
	if (!err)
		err = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
								   POSIX_SPAWN_SETSIGMASK |
								   POSIX_SPAWN_SETSIGDEF);
	return err;
}

/* Starts a program with its output going to `output`. Returns 0 or -errno. */
static int spawn(pid_t *pid, const struct program_call *call, int output)
{
	char **environment = make_environment(call->added);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err;

	if (!environment)
		return -ENOMEM;
	(void)posix_spawn_file_actions_init(&actions); /* these two cannot fail here */
	(void)posix_spawnattr_init(&attributes);
	err = set_actions(&actions, output);
	if (!err)
		err = set_attributes(&attributes);
	if (!err)
		err = posix_spawnp(pid, call->words[0], &actions, &attributes, call->words,
				   environment);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	free(environment);
	return -err;
}

/* Starts the program with a pipe. Returns 0 or -errno. */
static int spawn_with_pipe(struct program *program)
{
	int pipe_fds[2];
	int err;

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	program->output = pipe_fds[0];
	/* programs expect their output to be blocking */
	err = fcntl(pipe_fds[1], F_SETFL, 0) ? -errno : 0;
	if (!err)
		err = spawn(&program->pid, &program->call, pipe_fds[1]);
	(void)close(pipe_fds[1]);
	return err;
}

/* Returns 0 or -errno. */
static int program_watch(struct program *program, struct event_base *base)
{
	program->pidfd = pidfd_open(program->pid, 0);
	if (program->pidfd < 0)
		return -errno;
	program->ending = event_new(base, program->pidfd, EV_READ, on_end, program);
	program->printing =
		event_new(base, program->output, EV_READ | EV_PERSIST, on_output, program);
	if (!program->ending || event_add(program->ending, NULL) || !program->printing ||
	    event_add(program->printing, NULL))
		return -ENOMEM;
	return 0;
}

int program_start(struct program **out, struct event_base *base, const struct program_call *call)
{
	struct program *program = calloc(1, sizeof(*program));
	int err;

	if (!program)
		return -ENOMEM;
	program->call = *call;
	program->pidfd = -1;
	program->output = -1;
	err = spawn_with_pipe(program);
	if (err) {
		program_release(program);
		return err;
	}
	err = program_watch(program, base);
	if (err)
		program_free(program);
	else
		*out = program;
	return err;
}

void program_kill(struct program *program)
{
	(void)kill(-program->pid, SIGKILL);
}

/* A program that the kernel does not let go of is left behind. */
void program_free(struct program *program)
{
	program_kill(program);
	(void)waitpid(program->pid, NULL, WNOHANG);
	program_release(program);
}
