/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "conf/health.h"
#include "sys/log.h"

static const struct {
	const char *noun;
	const char *socket; /* default path */
} peers[] = {
	[PEER_DIRECTOR] = {"director", CONTROL_SOCKET_DEFAULT},
	[PEER_CHECKER] = {"health checker", HEALTH_SOCKET_DEFAULT},
};

enum { ROOM_FIRST = 65536, ROOM_MAX = 1 << 30 };

/* --- The connection --- */

/* Returns a connected socket or -errno. */
static int connect_to(const char *path, unsigned int patience_ms)
{
	const struct timeval patience = {.tv_sec = patience_ms / 1000,
					 .tv_usec = patience_ms % 1000 * 1000};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (const struct sockaddr *)&addr, sizeof(addr))) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	return fd;
}

/* Explains to a user without access to a socket who has it. */
static void explain_denied(struct glb_diag *why, const char *path)
{
	struct stat file;
	const struct passwd *user;
	const struct group *group;

	if (stat(path, &file)) {
		glb_diag(why, "%s: permission denied, and its directory is closed, too", path);
		return;
	}
	user = getpwuid(file.st_uid);
	group = getgrgid(file.st_gid);
	glb_diag(why, "%s: permission denied: it is for user %s and group %s", path,
		 user ? user->pw_name : "without a name",
		 group ? group->gr_name : "without a name");
}

static void explain_unreachable(struct glb_diag *why, const char *path, const char *noun, int err)
{
	if (err == -ENOENT)
		glb_diag(why, "%s: no %s serves there: no such socket; use --socket for another",
			 path, noun);
	else if (err == -ECONNREFUSED)
		glb_diag(why, "%s: no %s listens there: the one that did is gone", path, noun);
	else if (err == -EACCES || err == -EPERM)
		explain_denied(why, path);
	else if (err == -EAGAIN)
		glb_diag(why, "%s: the %s there takes no connection: is it stopped?", path, noun);
	else
		glb_diag(why, "%s: %s", path, strerror(-err));
}

/* Connects to the operators' socket or, where that is not permitted, the read-only one. Returns
 * the descriptor; or -1 and *why. */
static int open_connection(const char *path, const struct question *question, struct glb_diag *why)
{
	char readers[SOCKET_PATH_LEN];
	int fd = connect_to(path, question->patience_ms);

	if (fd == -EACCES && !question->changes && strlen(path) < CONTROL_SOCKET_LEN) {
		int other =
			connect_to(control_socket_readers(readers, path), question->patience_ms);

		if (other >= 0)
			return other;
	}
	if (fd < 0)
		explain_unreachable(why, path, peers[question->peer].noun, fd);
	return fd < 0 ? -1 : fd;
}

/* Returns 0 or -errno. */
static int send_line(int fd, const char *request)
{
	char *line = NULL;
	int len = asprintf(&line, "%s\n", request);
	ssize_t sent = 0;

	if (len < 0)
		return -ENOMEM;
	for (int at = 0; at < len && sent >= 0; at += (int)sent)
		sent = send(fd, line + at, (size_t)(len - at), MSG_NOSIGNAL);

	int err = sent < 0 ? -errno : 0;

	free(line);
	return err;
}

/* Reads a line of any length, without its newline, to be released with free(). Returns 0 or
 * -errno. */
static int read_line(char **out, int fd)
{
	size_t room = ROOM_FIRST;
	char *bytes = malloc(room);
	size_t len = 0;
	int err = bytes ? 0 : -ENOMEM;

	while (!err && !(len && bytes[len - 1] == '\n')) {
		ssize_t got;

		if (len == room - 1) {
			char *more = room < ROOM_MAX ? realloc(bytes, room *= 2) : NULL;

			if (!more) {
				err = -ENOMEM;
				break;
			}
			bytes = more;
		}
		got = recv(fd, bytes + len, room - 1 - len, 0);
		if (got > 0)
			len += (size_t)got;
		else if (!got || errno != EINTR)
			err = got ? -errno : -ECONNRESET;
	}
	if (err) {
		free(bytes);
		return err;
	}
	bytes[len - 1] = '\0';
	*out = bytes;
	return 0;
}

/* --- Reply --- */

static const char *member_string(const struct conf_value *object, const char *key)
{
	struct conf_value value;
	const char *text;

	return conf_find(&value, object, key) && !conf_string(&text, &value) ? text : "";
}

/* Logs all problems with the files, or the single reason given. */
static void log_reasons(const struct conf_value *error)
{
	struct conf_value problems;
	struct conf_value value;
	size_t count = conf_find(&problems, error, "problems") ? conf_count(&problems) : 0;

	for (size_t i = 0; i < count; i++) {
		struct conf_value one = conf_element(&problems, i);
		const char *place = member_string(&one, "place");
		uint32_t line = 0;
		uint32_t column = 0;
		char where[32] = "";

		if (conf_find(&value, &one, "line") && !conf_uint(&line, 0, UINT32_MAX, &value) &&
		    conf_find(&value, &one, "column") &&
		    !conf_uint(&column, 0, UINT32_MAX, &value) && line)
			(void)snprintf(where, sizeof(where), ":%u:%u", line, column);
		log_error("%s%s: %s%s%s", member_string(&one, "file"), where, place,
			  *place ? ": " : "", member_string(&one, "reason"));
	}
	if (!count)
		log_error("%s", member_string(error, "reason"));
}

/* Maps a reply to an exit status, after logging the reason if it is not a success. */
static int client_status_of(const struct conf_value *root, const char *noun)
{
	struct conf_value value;
	bool ok = false;

	if (conf_object(root) || !conf_find(&value, root, "ok") || conf_bool(&ok, &value)) {
		log_error("what answers there is no %s", noun);
		return EXIT_FAILED;
	}
	if (ok)
		return EXIT_OK;
	if (!conf_find(&value, root, "error") || conf_object(&value)) {
		log_error("the %s gives no reason", noun);
		return EXIT_FAILED;
	}
	log_reasons(&value);
	return strcmp(member_string(&value, "code"), "refused") != 0 ? EXIT_FAILED : EXIT_REFUSED;
}

static int read_answer(struct client_answer *out, const struct question *question)
{
	int err;

	report_init(&out->report);
	err = conf_parse(&out->file, "answer", out->bytes, strlen(out->bytes), &out->report);
	if (err) {
		report_log(&out->report, SEVERITY_ERROR);
		return EXIT_FAILED;
	}
	out->root = conf_root(&out->file);
	return client_status_of(&out->root, peers[question->peer].noun);
}

/* --- Connections --- */

static const char *socket_of(const struct command_line *line, const struct question *question)
{
	const char *given = line->values[OPTION_SOCKET];

	return given ? given : peers[question->peer].socket;
}

/* The functions below return EXIT_OK; or EXIT_FAILED, and *why is set. */

static int connect_client(struct client *out, const struct command_line *line,
			  const struct question *question, struct glb_diag *why)
{
	out->path = socket_of(line, question);
	out->noun = peers[question->peer].noun;
	out->fd = open_connection(out->path, question, why);
	return out->fd < 0 ? EXIT_FAILED : EXIT_OK;
}

static int explain_lost(struct glb_diag *why, const struct client *client,
			const struct question *question, int err)
{
	if (err == -EAGAIN)
		glb_diag(why, "%s: no answer within %u s: the %s is stopped, or very busy",
			 client->path, question->patience_ms / 1000, client->noun);
	else if (err == -ECONNRESET)
		glb_diag(why, "%s: the %s left without an answer", client->path, client->noun);
	else
		glb_diag(why, "%s: %s", client->path, strerror(-err));
	return EXIT_FAILED;
}

static int say_question(const struct client *client, const struct question *question,
			struct glb_diag *why)
{
	int err = send_line(client->fd, question->request);

	/* the peer may have sent a reason before it hung up */
	return err && err != -EPIPE ? explain_lost(why, client, question, err) : EXIT_OK;
}

static int hear_answer(struct client_answer *out, const struct client *client,
		       const struct question *question, struct glb_diag *why)
{
	int err = read_line(&out->bytes, client->fd);

	return err ? explain_lost(why, client, question, err) : EXIT_OK;
}

static int client_exchange(struct client_answer *out, const struct command_line *line,
			   const struct question *question, struct glb_diag *why)
{
	struct client client;
	int status = connect_client(&client, line, question, why);

	*out = (struct client_answer){.bytes = NULL};
	if (status != EXIT_OK)
		return status;
	status = say_question(&client, question, why);
	if (status == EXIT_OK)
		status = hear_answer(out, &client, question, why);
	client_close(&client);
	return status;
}

/* Passes a status through, after logging the reason if it is not EXIT_OK. */
static int log_status(int status, const struct glb_diag *why)
{
	if (status != EXIT_OK)
		log_error("%s", why->text);
	return status;
}

int client_open(struct client *out, const struct command_line *line,
		const struct question *question)
{
	struct glb_diag why = {{0}};

	return log_status(connect_client(out, line, question, &why), &why);
}

void client_close(struct client *client)
{
	(void)close(client->fd);
}

int client_say(const struct client *client, const struct question *question)
{
	struct glb_diag why = {{0}};

	return log_status(say_question(client, question, &why), &why);
}

int client_hear(struct client_answer *out, const struct client *client,
		const struct question *question)
{
	struct glb_diag why = {{0}};
	int status;

	*out = (struct client_answer){.bytes = NULL};
	status = log_status(hear_answer(out, client, question, &why), &why);
	return status == EXIT_OK ? read_answer(out, question) : status;
}

int client_ask(struct client_answer *out, const struct command_line *line,
	       const struct question *question)
{
	struct glb_diag why = {{0}};
	int status = log_status(client_exchange(out, line, question, &why), &why);

	if (status != EXIT_OK)
		return status;
	if (command_has(line, OPTION_JSON))
		puts(out->bytes);
	return read_answer(out, question);
}

int client_fetch(struct client_answer *out, const struct command_line *line, const char *request,
		 struct glb_diag *why)
{
	const struct question question = {.request = request, .patience_ms = CLIENT_PATIENCE_MS};
	struct conf_value value;

	if (client_exchange(out, line, &question, why) != EXIT_OK)
		return EXIT_FAILED;
	report_init(&out->report);
	if (conf_parse(&out->file, "answer", out->bytes, strlen(out->bytes), &out->report)) {
		glb_diag(why, "%s: what answers there is no director", socket_of(line, &question));
		return EXIT_FAILED;
	}
	out->root = conf_root(&out->file);
	if (conf_find(&value, &out->root, "ok") && conf_is_true(&value))
		return EXIT_OK;
	glb_diag(why, "%s: %s", socket_of(line, &question),
		 conf_find(&value, &out->root, "error") ? member_string(&value, "reason")
							: "what answers there is no director");
	return EXIT_FAILED;
}

void client_free(struct client_answer *answer)
{
	if (answer->file.root)
		conf_close(&answer->file);
	free(answer->bytes);
	answer->bytes = NULL;
}
