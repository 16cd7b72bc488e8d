/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which hosts may send GUE packets to this proxy, on the command line and in the program's map?
 */
#ifndef GLB_REDIRECT_SENDERS_H
#define GLB_REDIRECT_SENDERS_H

#include "sender.h"

enum { SENDERS_WHY_LEN = 128, SENDER_TEXT_LEN = 64 };

/* Ranges of addresses, unordered; empty: everybody may send. */
struct senders {
	uint32_t count;
	struct sender list[SENDERS_MAX];
};

/*
 * Parses addresses and prefixes separated by commas, without spaces.
 *
 * Returns 0 and fills *out; or -EINVAL and writes into `why` which entry is wrong: not an address
 * or prefix, host bits set, an IPv4-mapped IPv6 address, or one entry too many.
 */
GLB_NODISCARD int senders_parse(struct senders *out, const char *text, char why[SENDERS_WHY_LEN]);

/* Formats a range as `192.0.2.0/24`, always with the length. Returns out. */
const char *sender_text(char out[SENDER_TEXT_LEN], const struct sender *sender);

/* Adds all ranges to a map. Returns 0 or an error of the kernel. */
GLB_NODISCARD int senders_write(int map_fd, const struct senders *senders);

/* Reads the ranges from a map, from which no one is deleting. Returns 0 or an error of the
 * kernel. */
GLB_NODISCARD int senders_read(int map_fd, struct senders *out);

#endif
