/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are addresses, prefixes, MAC addresses and keys parsed, and addresses and binds formatted?
 *
 * Strictly: the whole text must be valid. False leaves *out untouched.
 */
#ifndef CONF_ADDR_H
#define CONF_ADDR_H

#include <glb/net.h>
#include <glb/spec.h>

/* IPv4 in dotted-quad, or IPv6 in RFC 4291 form. No names, zones or prefixes. */
bool addr_parse(struct glb_addr *out, const char *text);

/* An address with an optional /LENGTH; without it a full-length prefix. */
bool prefix_parse(struct glb_addr *out, uint8_t *prefix_len, const char *text);

/* An address, IPv6 in brackets, with a port: `192.0.2.1:80`, `[2001:db8::1]:80`. */
bool addr_port_parse(struct glb_addr *out, uint16_t *port, const char *text);

/* The address with the host bits of a prefix cleared. */
struct glb_addr addr_network(const struct glb_addr *addr, unsigned int prefix_len);

/* xx:xx:xx:xx:xx:xx or xxxx:xxxx:xxxx, in either case. */
bool mac_parse(uint8_t out[GLB_MAC_LEN], const char *text);

/* 32 hexadecimal digits. */
bool key_parse(uint8_t out[GLB_SIPHASH_KEY_LEN], const char *text);

/* Twice as many hexadecimal digits as `len` bytes, in either case. */
bool hex_parse(uint8_t *out, size_t len, const char *text);

enum { ADDR_TEXT_LEN = 46 };

/* Formats an address; out has ADDR_TEXT_LEN bytes. Returns out. */
const char *addr_text(char *out, const struct glb_addr *addr);

enum { PREFIX_TEXT_LEN = ADDR_TEXT_LEN + 4 };

/* Formats a prefix without host bits as `192.0.2.0/24`, and one of full length as an address.
 * Returns out. */
const char *prefix_text(char out[PREFIX_TEXT_LEN], const struct glb_addr *addr,
			unsigned int prefix_len);

enum { MAC_TEXT_LEN = 18 };

/* Formats as `02:00:00:00:00:01`. Returns out. */
const char *mac_text(char out[MAC_TEXT_LEN], const uint8_t mac[GLB_MAC_LEN]);

enum { BIND_TEXT_LEN = ADDR_TEXT_LEN + 32 };

/* Formats as `192.0.2.10 tcp 80`, `198.51.100.64/26 udp 100-200` or `192.0.2.10 udp 443 quic`.
 * Returns out. */
const char *bind_text(char out[BIND_TEXT_LEN], const struct glb_bind *bind);

#endif
