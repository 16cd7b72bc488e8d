/* SPDX-License-Identifier: BSD-3-Clause */
#include "senders.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/addr.h"

/* Why a prefix is invalid; NULL if it is not. */
static const char *fault_of(const struct glb_addr *addr, uint8_t prefix_len)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct glb_addr network = addr_network(addr, prefix_len);

	if (addr->version == 6 && prefix_len >= 96 && !memcmp(addr->bytes, mapped, sizeof(mapped)))
		return "an IPv4-mapped IPv6 address; write the IPv4 address";
	if (memcmp(network.bytes, addr->bytes, sizeof(network.bytes)))
		return "has bits behind the length of its prefix";
	return NULL;
}

/* Parses one address or prefix. Returns NULL, or why it is invalid. */
static const char *parse_sender(struct sender *out, const char *text)
{
	struct glb_addr addr;
	uint8_t prefix_len;

	if (!prefix_parse(&addr, &prefix_len, text))
		return "not an address or prefix";

	const char *fault = fault_of(&addr, prefix_len);

	if (fault)
		return fault;
	*out = (struct sender){.bit_count = (uint32_t)SENDER_VERSION_BITS + prefix_len,
			       .version = addr.version};
	memcpy(out->address, addr.bytes, sizeof(out->address));
	return NULL;
}

int senders_parse(struct senders *out, const char *text, char why[SENDERS_WHY_LEN])
{
	struct senders senders = {0};

	for (const char *at = text;; at += strcspn(at, ",") + 1) {
		char one[SENDER_TEXT_LEN];
		size_t len = strcspn(at, ",");
		const char *fault = "not an address or prefix";

		(void)snprintf(one, sizeof(one), "%.*s", (int)(len < sizeof(one) ? len : 0), at);
		if (len < sizeof(one))
			fault = senders.count == SENDERS_MAX
					? "one too many; there may be 256"
					: parse_sender(&senders.list[senders.count], one);
		if (fault) {
			(void)snprintf(why, SENDERS_WHY_LEN, "--from: '%s': %s", one, fault);
			return -EINVAL;
		}
		senders.count++;
		if (!at[len])
			break;
	}
	*out = senders;
	return 0;
}

const char *sender_text(char out[SENDER_TEXT_LEN], const struct sender *sender)
{
	struct glb_addr addr = {.version = sender->version};
	char text[ADDR_TEXT_LEN];

	memcpy(addr.bytes, sender->address, sizeof(sender->address));
	(void)snprintf(out, SENDER_TEXT_LEN, "%s/%u", addr_text(text, &addr),
		       sender->bit_count - SENDER_VERSION_BITS);
	return out;
}

int senders_write(int map_fd, const struct senders *senders)
{
	const uint8_t yes = 1;

	for (uint32_t i = 0; i < senders->count; i++)
		if (bpf_map_update_elem(map_fd, &senders->list[i], &yes, BPF_ANY))
			return -errno;
	return 0;
}

int senders_read(int map_fd, struct senders *out)
{
	struct senders senders = {0};
	const struct sender *last = NULL;

	while (senders.count < SENDERS_MAX &&
	       !bpf_map_get_next_key(map_fd, last, &senders.list[senders.count]))
		last = &senders.list[senders.count++];
	if (senders.count < SENDERS_MAX && errno != ENOENT)
		return -errno;
	*out = senders;
	return 0;
}
