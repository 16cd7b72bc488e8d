/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/director.h"
#include "conf/response.h"
#include "conf/sockets.h"
#include "sys/lines.h"
#include "sys/log.h"

enum {
	OPERATOR_MODE = 0660,
	READ_ONLY_MODE = 0666,
	DIRECTORY_MODE = 0755,
};

struct sockets {
	struct sockets_conf conf; /* its path is owned by the caller, and unused here */
	struct lines *operators;
	struct lines *readers;
	char path[SOCKET_PATH_LEN];
	char read_only_path[SOCKET_PATH_LEN];
	char *too_long; /* reply lines for lines.h */
	char *too_many;
};

static void take_order(void *arg, struct lines_request *request, const char *line, size_t len)
{
	const struct sockets *sockets = arg;

	sockets->conf.ask(sockets->conf.arg, &(struct asked){request, line, len, true});
}

static void take_question(void *arg, struct lines_request *request, const char *line, size_t len)
{
	const struct sockets *sockets = arg;

	sockets->conf.ask(sockets->conf.arg, &(struct asked){request, line, len, false});
}

bool sockets_allow(const struct sockets *sockets, const struct asked *asked,
		   const struct envelope_verb *verb)
{
	if (asked->by_operator || !verb->privilege)
		return true;
	response_refuse(asked->request, RESPONSE_REFUSED,
			"%s %s, and this socket is for reading: %s is for operators", verb->word,
			verb->privilege, sockets->path);
	return false;
}

/* --- Life --- */

static int open_socket(struct lines **out, struct loop *loop, struct sockets *sockets,
		       const struct lines_conf *how, char why[SOCKET_WHY_LEN])
{
	struct lines_conf conf = *how;

	conf.arg = sockets;
	conf.too_long = sockets->too_long;
	conf.too_many = sockets->too_many;
	return lines_open(out, loop, &conf, why);
}

/* Returns 0; or -errno with the reason in `why`. */
static int open_both(struct sockets *sockets, struct loop *loop, char why[SOCKET_WHY_LEN])
{
	const struct lines_conf operators = {
		.path = sockets->path, .mode = OPERATOR_MODE, .ask = take_order};
	const struct lines_conf readers = {
		.path = sockets->read_only_path, .mode = READ_ONLY_MODE, .ask = take_question};
	char reason[64];

	(void)snprintf(reason, sizeof(reason), "a request is longer than %d bytes",
		       LINES_REQUEST_MAX);
	sockets->too_long = response_error_line(RESPONSE_BAD_REQUEST, reason);
	sockets->too_many =
		response_error_line(RESPONSE_BUSY, "too many clients, all of them busy");
	if (!sockets->too_long || !sockets->too_many) {
		(void)strcpy(why, "out of memory");
		return -ENOMEM;
	}

	int err = open_socket(&sockets->operators, loop, sockets, &operators, why);

	return err ? err : open_socket(&sockets->readers, loop, sockets, &readers, why);
}

int sockets_open(struct sockets **out, struct loop *loop, const struct sockets_conf *conf,
		 char why[SOCKET_WHY_LEN])
{
	struct sockets *sockets = calloc(1, sizeof(*sockets));
	int err;

	if (!sockets) {
		(void)strcpy(why, "out of memory");
		return -ENOMEM;
	}
	sockets->conf = *conf;
	(void)snprintf(sockets->path, sizeof(sockets->path), "%s", conf->path);
	(void)control_socket_readers(sockets->read_only_path, sockets->path);
	err = open_both(sockets, loop, why);
	if (err) {
		sockets_close(sockets);
		return err;
	}
	log_info("control socket %s, for reading %s", sockets->path, sockets->read_only_path);
	*out = sockets;
	return 0;
}

void sockets_close(struct sockets *sockets)
{
	if (!sockets)
		return;
	lines_close(sockets->operators);
	lines_close(sockets->readers);
	free(sockets->too_long);
	free(sockets->too_many);
	free(sockets);
}

/* --- Paths --- */

/* The default directory, which the service manager may have created. */
static const char *default_directory(char out[SOCKET_PATH_LEN], const char *directory)
{
	const char *given = getenv("RUNTIME_DIRECTORY"); /* a list, separated by colons */
	size_t len = given ? strcspn(given, ":") : 0;

	if (!len || len >= SOCKET_PATH_LEN)
		return directory;
	memcpy(out, given, len);
	out[len] = '\0';
	return out;
}

int sockets_default_path(char out[SOCKET_PATH_LEN], const char *directory)
{
	char room[SOCKET_PATH_LEN];
	const char *in = default_directory(room, directory);
	int len = snprintf(out, SOCKET_PATH_LEN, "%s/" CONTROL_SOCKET_NAME, in);

	if (len >= CONTROL_SOCKET_LEN)
		return -ENAMETOOLONG;
	(void)mkdir(in, DIRECTORY_MODE);
	return 0;
}
