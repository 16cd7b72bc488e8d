/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/forward.h>
#include <glb/hash.h>

#include "fault.h"
#include "fixture.h"
#include "suite.h"
#include "trial.h"

struct trial trial;
static uint8_t frame[FRAME_LEN_MAX];
static uint8_t buffer[GLB_OUTER_LEN_MAX + FRAME_LEN_MAX];
static uint8_t original[FRAME_LEN_MAX];

void trial_make_generations(void)
{
	struct glb_settings settings = fixture_settings;

	for (unsigned int i = 0; i < 4; i++) {
		settings.alt_hash_fields = i % 2 ? GLB_HASH_SRC_ADDR : 0;
		settings.unique_hops = i / 2;
		glb_generation_free(fixture_wide_generation(&settings));
	}
}

void trial_start(struct sample sample)
{
	trial = (struct trial){
		.settings = fixture_settings, .sample = sample, .headroom = GLB_OUTER_LEN_MAX};
	trial.port = &trial.settings.ports[1];
}

static bool is_untouched(const struct glb_packet *pkt, uint32_t len)
{
	for (uint32_t i = 0; i < trial.headroom; i++)
		if (buffer[i] != 0x55)
			return false;
	return pkt->data == buffer + trial.headroom && pkt->len == len &&
	       pkt->headroom == trial.headroom && !memcmp(pkt->data, original, len) &&
	       pkt->data[len] == 0x55;
}

static void check_sent(const struct glb_generation *gen, const struct glb_packet *pkt, uint32_t len,
		       const char *what)
{
	const char *fault =
		spec_sent_fault(&(struct spec_case){gen, pkt->data, pkt->len, original, len, 1});

	ck_assert_msg(!fault, "%s: %s", what, fault);
	ck_assert_ptr_eq(pkt->data - pkt->headroom, buffer);
	for (uint32_t i = 0; i < pkt->headroom; i++)
		ck_assert_uint_eq(buffer[i], 0x55);
	ck_assert_uint_eq(buffer[trial.headroom + len], 0x55);
	trial.sent = pkt->data + 14;
	trial.sent_len = pkt->len - 14;
}

void trial_expect(enum glb_verdict want, const char *what)
{
	struct glb_generation *gen = fixture_wide_generation(&trial.settings);
	uint32_t len = frame_write(frame, &trial.sample);
	struct glb_packet pkt = {
		.data = buffer + trial.headroom, .len = len, .headroom = trial.headroom, .port = 1};

	if (trial.damaged)
		frame[frame_ip_at(&trial.sample) + 10] ^= 1;
	memset(buffer, 0x55, trial.headroom);
	memcpy(pkt.data, frame, len);
	memcpy(original, frame, len);
	pkt.data[len] = 0x55;
	trial.sent = NULL;
	if (!gen) { /* not the instruction set for this processor */
		trial.settings.isa = GLB_ISA_BEST;
		gen = fixture_wide_generation(&trial.settings);
	}
	glb_forward(gen, &pkt, 1);
	ck_assert_msg(pkt.verdict == want, "%s: %s", what, glb_verdict_label(pkt.verdict));
	if (want == GLB_FORWARD)
		check_sent(gen, &pkt, len, what);
	else
		ck_assert_msg(is_untouched(&pkt, len), "%s: something changed", what);
	glb_generation_free(gen);
}
