/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/loop.h"

enum { AGENT_QUEUE = 128, AGENT_A_TURN = 16, AGENT_ROUNDS = 2 };

/* A client that has been sent the line. */
struct agent_client {
	int fd;		     /* -1: none */
	unsigned int rounds; /* of agent_tidy() since then */
};

struct agent {
	int fd;
	uint16_t port;
	agent_line *line;
	void *arg;
	unsigned int next; /* the place for the next client */
	struct agent_client clients[AGENT_CLIENTS_MAX];
};

static void agent_client_close(struct agent_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

/* The line fits the empty buffer of a socket, so sending does not block. */
static void agent_answer(struct agent *agent, int fd)
{
	struct agent_client *client = &agent->clients[agent->next];
	char line[AGENT_LINE_LEN];

	agent->line(line, agent->arg);
	(void)send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_WR);
	agent_client_close(client);
	*client = (struct agent_client){.fd = fd};
	agent->next = (agent->next + 1) % AGENT_CLIENTS_MAX;
}

static void agent_accept(void *arg)
{
	struct agent *agent = arg;

	for (unsigned int i = 0; i < AGENT_A_TURN; i++) {
		int fd = accept4(agent->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		agent_answer(agent, fd);
	}
}

void agent_tidy(struct agent *agent)
{
	for (unsigned int i = 0; i < AGENT_CLIENTS_MAX; i++) {
		struct agent_client *client = &agent->clients[i];
		char bytes[AGENT_LINE_LEN];
		ssize_t len =
			client->fd < 0 ? 0 : recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		bool waits = len > 0 || (len < 0 && errno == EAGAIN);

		if (!waits || client->rounds++ == AGENT_ROUNDS)
			agent_client_close(client);
	}
}

/* Writes the address of a socket. Returns its length. */
static socklen_t agent_sockaddr(struct sockaddr_storage *out, const struct glb_addr *address,
				uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (address->version == 4) {
		memcpy(&v4.sin_addr, address->bytes, 4);
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, address->bytes, 16);
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}

/* Returns 0 or -errno. */
static int agent_listen(struct agent *agent, const struct glb_addr *address, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t len = agent_sockaddr(&at, address, port);
	const int on = 1;

	agent->fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (agent->fd < 0)
		return -errno;
	if (setsockopt(agent->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(agent->fd, (const struct sockaddr *)&at, len) || listen(agent->fd, AGENT_QUEUE) ||
	    getsockname(agent->fd, (struct sockaddr *)&at, &len))
		return -errno;
	/* the port is at the same place in both kinds of addresses */
	agent->port = ntohs(((const struct sockaddr_in *)&at)->sin_port);
	return 0;
}

int agent_open(struct agent **out, struct loop *loop, const struct glb_addr *address, uint16_t port,
	       agent_line *line, void *arg)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int error;

	if (!agent)
		return -ENOMEM;
	agent->line = line;
	agent->arg = arg;
	for (unsigned int i = 0; i < AGENT_CLIENTS_MAX; i++)
		agent->clients[i].fd = -1;
	error = agent_listen(agent, address, port);
	if (!error)
		error = loop_watch(loop, agent->fd, agent_accept, agent);
	if (error)
		agent_close(agent);
	else
		*out = agent;
	return error;
}

uint16_t agent_port(const struct agent *agent)
{
	return agent->port;
}

void agent_close(struct agent *agent)
{
	if (!agent)
		return;
	for (unsigned int i = 0; i < AGENT_CLIENTS_MAX; i++)
		agent_client_close(&agent->clients[i]);
	if (agent->fd >= 0)
		close(agent->fd);
	free(agent);
}
