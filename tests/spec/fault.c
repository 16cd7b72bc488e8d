/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "forward.h"
#include "plain.h"

enum { HEADROOM = 256 };

/* In which part of a frame is the byte at `at`? */
static const char *part_at(const uint8_t *frame, uint32_t at, bool encapsulated)
{
	uint32_t ip = 14;

	while (get16(frame + ip - 2) == 0x8100 || get16(frame + ip - 2) == 0x88a8)
		ip += 4;

	uint32_t udp = ip + (frame[ip] >> 4 == 4 ? 20 : 40);

	if (at < ip)
		return "the Ethernet header or its tags";
	if (at < udp)
		return "the (outer) IP header";
	if (!encapsulated)
		return "the bytes of a reply";
	if (at < udp + 8)
		return at < udp + 6 ? "the UDP ports or length" : "the UDP checksum";
	return at < udp + 12 + 4 * (frame[udp + 8] & 31U) ? "the GUE header or its hops"
							  : "the client's packet, or what follows";
}

/* `want`: what the specification makes of it. */
static const char *compare(const struct spec_case *c, const struct glb_packet *want)
{
	if (c->sent_len != want->len)
		return "the length of the frame";
	for (uint32_t at = 0; at < want->len; at++)
		if (c->sent[at] != want->data[at])
			return part_at(want->data, at, want->verdict == GLB_FORWARD);
	return NULL;
}

static const char *find_fault(const struct spec_case *c, enum glb_verdict verdict)
{
	uint8_t *buffer = malloc(HEADROOM + (size_t)c->original_len);
	struct glb_packet want = {.data = buffer + HEADROOM,
				  .len = c->original_len,
				  .headroom = HEADROOM,
				  .port = c->port};
	const char *fault = "the verdict";

	if (!buffer)
		abort();
	memcpy(want.data, c->original, c->original_len);
	spec_forward(c->gen, &want, 1);
	if (want.verdict == verdict) {
		spec_icmp_reply(c->gen, &want);
		fault = compare(c, &want);
	}
	free(buffer);
	return fault;
}

const char *spec_sent_fault(const struct spec_case *c)
{
	return find_fault(c, GLB_FORWARD);
}

const char *spec_reply_fault(const struct spec_case *c, enum glb_verdict verdict)
{
	return glb_verdict_is_icmp_reply(verdict) ? find_fault(c, verdict) : "no reply at all";
}
