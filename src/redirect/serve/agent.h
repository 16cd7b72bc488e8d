/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a line of text served to the agent checks of HAProxy?
 *
 * Each client that connects by TCP is sent one line, and the connection ends; what the client sends
 * is not read. At most AGENT_CLIENTS_MAX connections that their clients have not closed are kept,
 * for two rounds of agent_tidy() at most, so that the line is not lost by a reset.
 *
 * All functions must be called on the loop's thread.
 */
#ifndef GLB_REDIRECT_SERVE_AGENT_H
#define GLB_REDIRECT_SERVE_AGENT_H

#include <glb/spec.h>

struct agent;
struct loop;

enum { AGENT_CLIENTS_MAX = 32, AGENT_LINE_LEN = 256 };

/* Writes the line, with its line feed. */
typedef void agent_line(char out[AGENT_LINE_LEN], void *arg);

/*
 * Starts to listen on an address and a port (0: any free one). Returns 0 and sets *out, to be
 * released with agent_close() after the loop; or -errno.
 */
GLB_NODISCARD int agent_open(struct agent **out, struct loop *loop, const struct glb_addr *address,
			     uint16_t port, agent_line *line, void *arg);

/* The port it listens on. */
uint16_t agent_port(const struct agent *agent);

/* Closes connections whose clients are done or late. To be called at regular intervals. */
void agent_tidy(struct agent *agent);

/* NULL is fine. */
void agent_close(struct agent *agent);

#endif
