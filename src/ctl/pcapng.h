/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are packets written to a file together with what is known about them?
 *
 * In the format "PCAP Next Generation (pcapng) Capture File Format", draft-ietf-opsawg-pcapng,
 * which every capture tool reads: blocks of 32-bit words in the byte order of this machine. libpcap
 * reads it but cannot write it.
 *
 * Errors are those of the stream: see ferror().
 */
#ifndef CTL_PCAPNG_H
#define CTL_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { PCAPNG_TEXT_MAX = 65000 }; /* bytes of an option: longer texts are truncated */

/* Writes the header. `program` is recorded as the writer. */
void pcapng_begin(FILE *out, const char *program);

/* Adds an interface; they are numbered from 0. Ethernet frames truncated to snaplen bytes,
 * timestamps in nanoseconds. */
void pcapng_add_interface(FILE *out, const char *name, uint32_t snaplen);

struct pcapng_packet {
	uint32_t interface;
	uint64_t time_ns; /* since the epoch, UTC */
	const uint8_t *bytes;
	uint32_t kept; /* bytes of the frame present */
	uint32_t len;  /* bytes the frame had */
	bool is_outbound;
	uint64_t id; /* shared by all frames of one packet */
	const char *comment;
};

void pcapng_add(FILE *out, const struct pcapng_packet *packet);

#endif
