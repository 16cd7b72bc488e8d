/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are packets written with what is known about them?
 *
 * As "PCAP Next Generation (pcapng) Capture File Format", draft-ietf-opsawg-pcapng, which every
 * reader of captures has: blocks of 32-bit words in this machine's byte order. libpcap reads it and
 * cannot write it.
 *
 * What goes wrong shows in ferror() of the stream.
 */
#ifndef CTL_PCAPNG_H
#define CTL_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { PCAPNG_TEXT_MAX = 65000 }; /* bytes of an option: longer texts are cut */

/* The file begins. `program` is what writes it. */
void pcapng_begin(FILE *out, const char *program);

/* The next interface, from 0: of Ethernet frames cut to snaplen bytes, with times in nanoseconds.
 */
void pcapng_add_interface(FILE *out, const char *name, uint32_t snaplen);

struct pcapng_packet {
	uint32_t interface;
	uint64_t time_ns; /* since 1970, in UTC */
	const uint8_t *bytes;
	uint32_t kept; /* of them */
	uint32_t len;  /* that the frame had */
	bool is_outbound;
	uint64_t id; /* the same of all frames of one packet */
	const char *comment;
};

void pcapng_add(FILE *out, const struct pcapng_packet *packet);

#endif
