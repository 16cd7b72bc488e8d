/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a command talk to a running director or health checker?
 *
 * It connects to the control socket, sends a line and reads a line (docs/control-socket.md). A user
 * without access to the operators' socket is served by the read-only one beside it.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <glb/diag.h>

#include "commands.h"
#include "conf/json.h"

enum { CLIENT_PATIENCE_MS = 10000 };

struct client_answer {
	struct conf_value root; /* an object, if the reply could be parsed */
	struct conf_file file;
	struct report report;
	char *bytes;
};

/* The program that a request is for. */
enum peer { PEER_DIRECTOR, PEER_CHECKER };

/* A request and how to send it. */
struct question {
	const char *request; /* without its newline */
	enum peer peer;
	bool changes; /* it changes something, so it needs the operators' socket */
	unsigned int patience_ms;
};

/*
 * Sends one request to the program that the command line names and, with --json, prints the reply.
 * Returns EXIT_OK and sets *out, to be released with client_free(); otherwise an exit status after
 * logging why. After a failure, *out must still be released if `bytes` is set.
 */
GLB_NODISCARD int client_ask(struct client_answer *out, const struct command_line *line,
			     const struct question *question);

/*
 * Sends a request that changes nothing, for callers that report the outcome themselves: prints and
 * logs nothing. Returns EXIT_OK; otherwise an exit status and *why, one line that names the socket.
 * *out as with client_ask().
 */
GLB_NODISCARD int client_fetch(struct client_answer *out, const struct command_line *line,
			       const char *request, struct glb_diag *why);

void client_free(struct client_answer *answer);

/* --- Several requests on one connection --- */

struct client {
	const char *path;
	const char *noun; /* what the messages call the program */
	int fd;
};

/*
 * Connects to the program that the command line names, to send this request and perhaps others.
 * Returns EXIT_OK and sets *out, to be released with client_close(); or EXIT_FAILED after logging
 * why.
 */
GLB_NODISCARD int client_open(struct client *out, const struct command_line *line,
			      const struct question *question);

/* Sends a request without waiting for the reply. Returns EXIT_OK; or EXIT_FAILED after logging
 * why. */
GLB_NODISCARD int client_say(const struct client *client, const struct question *question);

/* Reads the reply to the request sent last. As client_ask(), but prints nothing. */
GLB_NODISCARD int client_hear(struct client_answer *out, const struct client *client,
			      const struct question *question);

void client_close(struct client *client);

#endif
