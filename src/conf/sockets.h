/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * At which sockets does a program answer questions and take orders, and who may give which?
 *
 * At two Unix sockets (sys/lines.h): one for operators, mode 0660, and one beside it with "-ro" in
 * its name, mode 0666, that everybody may connect to and that has no verb with a privilege
 * (conf/envelope.h).
 *
 * All functions are for the thread of the loop.
 */
#ifndef CONF_SOCKETS_H
#define CONF_SOCKETS_H

#include "conf/envelope.h"
#include "sys/socket_file.h"

struct lines_request;
struct loop;
struct sockets;

/* A line that somebody said. */
struct asked {
	struct lines_request *request; /* to be answered, now or later, once */
	const char *line;	       /* as of lines.h: valid during the call */
	size_t len;
	bool by_operator; /* on the socket for these */
};

struct sockets_conf {
	const char *path; /* for operators, shorter than CONTROL_SOCKET_LEN */
	void (*ask)(void *arg, const struct asked *asked);
	void *arg;
};

/*
 * Starts to serve, and logs where. 0 and *out, to be given up with sockets_close(); or -errno and
 * `why`, as of socket_file_open().
 */
GLB_NODISCARD int sockets_open(struct sockets **out, struct loop *loop,
			       const struct sockets_conf *conf, char why[SOCKET_WHY_LEN]);

/* Disconnects everybody. Requests have to be answered nevertheless. NULL is fine. */
void sockets_close(struct sockets *sockets);

/* May whoever asked have this verb? False: the request was refused, and is used up. */
bool sockets_allow(const struct sockets *sockets, const struct asked *asked,
		   const struct envelope_verb *verb);

/*
 * Writes the path of the socket for operators where none is configured: in $RUNTIME_DIRECTORY, the
 * directory that a service manager has made for it, else in `directory`, which is made. Returns 0
 * or -ENAMETOOLONG. What else is wrong with it shows when the socket is made.
 */
GLB_NODISCARD int sockets_default_path(char out[SOCKET_PATH_LEN], const char *directory);

#endif
