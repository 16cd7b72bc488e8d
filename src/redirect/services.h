/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which UDP services have a second chance, on the command line and in the program's map?
 */
#ifndef GLB_REDIRECT_SERVICES_H
#define GLB_REDIRECT_SERVICES_H

#include "service.h"

enum { SERVICES_WHY_LEN = 192, SERVICE_TEXT_LEN = 96 };

/* Unordered; empty: no UDP service has a second chance. */
struct services {
	uint32_t count;
	struct {
		struct service service;
		struct service_rule rule;
	} list[SERVICES_MAX];
};

/*
 * Parses services separated by commas, without spaces: `192.0.2.10:443/quic,[2001:db8::10]:7`, or
 * `none`.
 *
 * server_id  of this host, a number from 0 to 65535 as text, for those of QUIC; NULL: none
 *
 * Returns 0 and fills *out; or -EINVAL and writes into `why` which word is wrong: not an address
 * and port, an IPv4-mapped IPv6 address, an unknown word behind the slash, a service listed twice,
 * one too many, not a server ID, or a server ID without a service of QUIC.
 */
GLB_NODISCARD int services_parse(struct services *out, const char *text, const char *server_id,
				 char why[SERVICES_WHY_LEN]);

/* Formats service i as `192.0.2.10:443 quic server-id 21`. Returns out. */
const char *service_text(char out[SERVICE_TEXT_LEN], const struct services *services, uint32_t i);

/* Adds all services to a map. Returns 0 or an error of the kernel. */
GLB_NODISCARD int services_write(int map_fd, const struct services *services);

/* Reads the services from a map, from which no one is deleting. Returns 0 or an error of the
 * kernel. */
GLB_NODISCARD int services_read(int map_fd, struct services *out);

#endif
