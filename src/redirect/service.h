/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a map represent the UDP services whose flows have a second chance?
 */
#ifndef GLB_REDIRECT_SERVICE_H
#define GLB_REDIRECT_SERVICE_H

#include <glb/bytes.h>

/* A VIP and a port: the key of the map. Compared as bytes, so there is no padding. */
struct service {
	uint8_t address[16]; /* IPv4 in the first 4 bytes, the rest 0 */
	uint16_t port;	     /* host byte order */
	uint8_t version;     /* 4 or 6 */
	uint8_t zero;
};
_Static_assert(sizeof(struct service) == 20, "no padding, which the map would compare");

/* What else than sockets shows whose a packet is: the value of the map. */
struct service_rule {
	uint16_t server_id; /* of this host, in the QUIC connection IDs that it issues */
	uint8_t quic;	    /* it speaks QUIC */
	uint8_t named;	    /* server_id is set */
};
_Static_assert(sizeof(struct service_rule) == 4, "no padding in the map");

enum { SERVICES_MAX = 256 };

#endif
