/* SPDX-License-Identifier: BSD-3-Clause */
#include "healthcheck/judge.h"

bool judge_result(struct judge_check *check, bool good, uint8_t rise, uint8_t fall, uint64_t now_ms)
{
	enum judge_status says = good ? JUDGE_UP : JUDGE_DOWN;
	uint8_t needed = good ? rise : fall;

	if (check->status == says) {
		check->streak = 0;
		return false;
	}
	if (check->status == JUDGE_UNKNOWN && check->is_bad == good)
		check->streak = 0;
	check->is_bad = !good;
	if (check->streak < UINT8_MAX)
		check->streak++;
	if (check->streak < needed)
		return false;
	*check = (struct judge_check){.status = says, .since_ms = now_ms};
	return true;
}

void judge_add(struct judge_evidence *evidence, const struct judge_check *check)
{
	bool was_down = evidence->status == JUDGE_DOWN;

	if (check->status == JUDGE_DOWN) {
		evidence->status = JUDGE_DOWN;
		evidence->wavers = judge_wavers(check) && (evidence->wavers || !was_down);
	} else if (!was_down) {
		if (check->status == JUDGE_UNKNOWN)
			evidence->status = JUDGE_UNKNOWN;
		evidence->wavers |= judge_wavers(check);
	}
}
