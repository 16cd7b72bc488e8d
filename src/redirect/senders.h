/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may send packets in GUE to this proxy, as the command line says and as the program's map has
 * it?
 */
#ifndef GLB_REDIRECT_SENDERS_H
#define GLB_REDIRECT_SENDERS_H

#include "sender.h"

enum { SENDERS_WHY_LEN = 128, SENDER_TEXT_LEN = 64 };

/* Ranges of addresses, in no order; none: everybody may send. */
struct senders {
	uint32_t count;
	struct sender list[SENDERS_MAX];
};

/*
 * Reads addresses and prefixes, separated by commas and nothing else.
 *
 * Returns 0 and fills *out, or -EINVAL and writes into `why` what is wrong with which: it is no
 * address or prefix, has bits behind its length, is of IPv4 in IPv6, or is one too many.
 */
GLB_NODISCARD int senders_parse(struct senders *out, const char *text, char why[SENDERS_WHY_LEN]);

/* `192.0.2.0/24`, with the length in any case. Returns out. */
const char *sender_text(char out[SENDER_TEXT_LEN], const struct sender *sender);

/* Adds all of them to a map. Returns 0 or an error of the kernel. */
GLB_NODISCARD int senders_write(int map_fd, const struct senders *senders);

/* Reads a map, of which nobody else takes anything away. Returns 0 or an error of the kernel. */
GLB_NODISCARD int senders_read(int map_fd, struct senders *out);

#endif
