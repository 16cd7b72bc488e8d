/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is a burst: one byte of settings (bit 0: alternative hash fields, bit 1: echoes are
 * punted, bit 2: other ports), one byte of headroom, then frames, each behind its length as two
 * bytes. The tables are those of tests/unit/fixture.h.
 */
#include <string.h>

#include <glb/forward.h>
#include <glb/hash.h>

#include "fixture.h"
#include "fuzz.h"
#include "outer.h"

enum { BURST_MAX = 40, SETTINGS = 4 };

struct held {
	uint8_t *buffer; /* headroom and frame, and not a byte more */
	const uint8_t *original;
	uint32_t len;
};

static const struct glb_generation *generation(uint8_t choice)
{
	static struct glb_generation *made[SETTINGS]; /* kept for all inputs */
	unsigned int i = choice % SETTINGS;

	if (!made[i]) {
		struct glb_settings settings = fixture_settings;

		memcpy(&settings.ports[GLB_PORTS_MAX - 1], &settings.ports[0],
		       sizeof(*settings.ports));
		settings.hash_fields = i & 1 ? GLB_HASH_FIELDS_ALL : GLB_HASH_SRC_ADDR;
		settings.alt_hash_fields = i & 1 ? GLB_HASH_SRC_ADDR : 0;
		settings.echo = i & 2 ? GLB_ECHO_PUNT : GLB_ECHO_FORWARD;
		made[i] = fixture_generation(&settings);
	}
	return made[i];
}

static struct glb_packet hold(struct held *held, uint16_t headroom, uint8_t port)
{
	held->buffer = malloc(headroom + held->len + (headroom + held->len == 0));
	PROMISE(held->buffer);
	memset(held->buffer, 0x55, headroom);
	memcpy(held->buffer + headroom, held->original, held->len);
	return (struct glb_packet){.data = held->buffer + headroom,
				   .len = held->len,
				   .headroom = headroom,
				   .port = port,
				   .verdict = 255};
}

/* Cuts the input into frames; returns how many there are. */
static unsigned int split(struct held *held, const uint8_t *input, size_t len)
{
	unsigned int n = 0;

	while (len >= 2 && n < BURST_MAX) {
		size_t wanted = (size_t)input[0] << 8 | input[1];
		size_t frame_len = wanted < len - 2 ? wanted : len - 2;

		held[n++] = (struct held){.original = input + 2, .len = (uint32_t)frame_len};
		input += 2 + frame_len;
		len -= 2 + frame_len;
	}
	return n;
}

static void check_packet(const struct glb_generation *gen, const struct glb_packet *pkt,
			 const struct held *held, uint16_t headroom)
{
	PROMISE(pkt->verdict < GLB_VERDICT_COUNT);
	PROMISE(pkt->data >= held->buffer && pkt->headroom == pkt->data - held->buffer);
	PROMISE(pkt->data + pkt->len == held->buffer + headroom + held->len);
	for (uint32_t i = 0; i < pkt->headroom; i++)
		PROMISE(held->buffer[i] == 0x55);
	if (pkt->verdict == GLB_FORWARD) {
		const char *fault = outer_fault(&(struct outer_case){
			gen, pkt->data, pkt->len, held->original, held->len, pkt->port});

		PROMISE(!fault);
	} else {
		PROMISE(pkt->headroom == headroom);
		PROMISE(!memcmp(pkt->data, held->original, held->len));
	}
}

/* Alone, a packet must meet the fate it met among others. */
static void check_alone(const struct glb_generation *gen, const struct glb_packet *pkt,
			const struct held *held, uint16_t headroom)
{
	struct held copy = *held;
	struct glb_packet alone = hold(&copy, headroom, pkt->port);

	glb_forward(gen, &alone, 1);
	PROMISE(alone.verdict == pkt->verdict && alone.len == pkt->len);
	PROMISE(!memcmp(alone.data, pkt->data, pkt->len));
	free(copy.buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct glb_packet burst[BURST_MAX];
	struct held held[BURST_MAX];

	if (len < 2)
		return 0;

	const struct glb_generation *gen = generation(input[0]);
	uint8_t port = input[0] & 4 ? GLB_PORTS_MAX - 1 : 0;
	uint16_t headroom = input[1];
	unsigned int n = split(held, input + 2, len - 2);

	for (unsigned int i = 0; i < n; i++)
		burst[i] = hold(&held[i], headroom, port);
	glb_forward(gen, burst, n);
	for (unsigned int i = 0; i < n; i++) {
		check_packet(gen, &burst[i], &held[i], headroom);
		check_alone(gen, &burst[i], &held[i], headroom);
		free(held[i].buffer);
	}
	return 0;
}
