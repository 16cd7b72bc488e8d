/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On which sockets does a program accept queries and commands, and who may send which?
 *
 * On two Unix sockets (sys/lines.h): one for operators, mode 0660, and one beside it with "-ro" in
 * its name, mode 0666, which everyone may connect to and which offers no verb with a privilege
 * (conf/envelope.h).
 *
 * All functions must be called on the loop's thread.
 */
#ifndef CONF_SOCKETS_H
#define CONF_SOCKETS_H

#include "conf/envelope.h"
#include "sys/socket_file.h"

struct lines_request;
struct loop;
struct sockets;

/* A line received from a client. */
struct asked {
	struct lines_request *request; /* must be replied to exactly once, now or later */
	const char *line;	       /* as in lines.h: valid during the call */
	size_t len;
	bool by_operator; /* received on the operators' socket */
};

struct sockets_conf {
	const char *path; /* of the operators' socket, shorter than CONTROL_SOCKET_LEN */
	void (*ask)(void *arg, const struct asked *asked);
	void *arg;
};

/*
 * Starts serving, and logs where. Returns 0 and sets *out, to be released with sockets_close(); or
 * -errno and `why`, as socket_file_open().
 */
GLB_NODISCARD int sockets_open(struct sockets **out, struct loop *loop,
			       const struct sockets_conf *conf, char why[SOCKET_WHY_LEN]);

/* Disconnects all clients. Outstanding requests must still be replied to. NULL is fine. */
void sockets_close(struct sockets *sockets);

/* May the client use this verb? False: the request was refused, and is consumed. */
bool sockets_allow(const struct sockets *sockets, const struct asked *asked,
		   const struct envelope_verb *verb);

/*
 * Writes the default path of the operators' socket: in $RUNTIME_DIRECTORY, which a service manager
 * has created, otherwise in `directory`, which is created. Returns 0 or -ENAMETOOLONG. Other errors
 * show when the socket is created.
 */
GLB_NODISCARD int sockets_default_path(char out[SOCKET_PATH_LEN], const char *directory);

#endif
