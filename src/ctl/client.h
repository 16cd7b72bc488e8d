/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a command ask a running director, or health checker?
 *
 * It connects to the control socket, sends a line and reads one (docs/control-socket.md). Whoever
 * may not use that socket gets answers of the one beside it, which is for reading.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <glb/diag.h>

#include "commands.h"
#include "conf/json.h"

enum { CLIENT_PATIENCE_MS = 10000 };

struct client_answer {
	struct conf_value root; /* an object, if it was read */
	struct conf_file file;
	struct report report;
	char *bytes;
};

enum whom { WHOM_DIRECTOR, WHOM_CHECKER };

/* What is asked. */
struct question {
	const char *request; /* without its newline */
	enum whom whom;
	bool changes; /* it does something, and is for operators */
	unsigned int patience_ms;
};

/*
 * Asks whoever a command line names, and prints its answer with --json. EXIT_OK and *out,
 * to be given up with client_free(); else the exit status, after logging why, and *out has to be
 * given up all the same if `bytes` is set.
 */
GLB_NODISCARD int client_ask(struct client_answer *out, const struct command_line *line,
			     const struct question *question);

/*
 * Asks a question that changes nothing, for those who say themselves what came of it: nothing is
 * printed or logged. EXIT_OK, else the exit status and *why, one line that names the socket; *out
 * as of client_ask().
 */
GLB_NODISCARD int client_fetch(struct client_answer *out, const struct command_line *line,
			       const char *request, struct glb_diag *why);

void client_free(struct client_answer *answer);

/* --- Several questions on one connection --- */

struct client {
	const char *path;
	const char *noun; /* of whom it asks */
	int fd;
};

/*
 * Connects to whoever a command line names, to ask this and perhaps more. EXIT_OK and
 * *out, to be closed with client_close(); or EXIT_FAILED, after logging why.
 */
GLB_NODISCARD int client_open(struct client *out, const struct command_line *line,
			      const struct question *question);

/* Asks, without waiting for the answer. EXIT_OK; or EXIT_FAILED, after logging why. */
GLB_NODISCARD int client_say(const struct client *client, const struct question *question);

/* Reads the answer to the question that was asked last. As client_ask(), but prints nothing. */
GLB_NODISCARD int client_hear(struct client_answer *out, const struct client *client,
			      const struct question *question);

void client_close(struct client *client);

#endif
