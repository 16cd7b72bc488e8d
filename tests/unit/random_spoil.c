/* SPDX-License-Identifier: BSD-3-Clause */
/* One field of a frame, wherever it may be, made something else. */
#include "plain.h"
#include "random_frames.h"

/* Where the IP header begins, if there is one. */
static uint32_t find_ip(const uint8_t *frame, uint32_t len)
{
	uint32_t at = 12;

	while (at < 20 && at + 6 < len &&
	       (get16(frame + at) == 0x8100 || get16(frame + at) == 0x88a8))
		at += 4;
	return at + 2;
}

static void spoil_length(uint8_t *ip, struct chance *chance)
{
	uint8_t *field = ip + (ip[0] >> 4 == 4 ? 2 : 4);
	static const int steps[] = {1, -1, 8, -8, 4, -4, 20, -20, 1000};

	(void)put16(field, (get16(field) + (uint32_t)steps[chance_below(chance, 9)]) & 0xffff);
}

static void right_ip_checksum(uint8_t *ip, uint32_t len)
{
	uint32_t head = 4U * (ip[0] & 15);

	if (ip[0] >> 4 != 4 || head < 20 || head > len)
		return;
	(void)put16(ip + 10, 0);
	(void)put16(ip + 10, ~plain_sum(0, ip, head) & 0xffffU);
}

/* Cuts it anywhere, or next to where a header ends. */
static uint32_t cut(uint32_t ip_at, uint32_t len, struct chance *chance)
{
	static const uint8_t ends[] = {20, 28, 40, 48, 60, 68};
	uint32_t at = ip_at + ends[chance_below(chance, 6)] + chance_below(chance, 3) - 1;

	if (chance_once_in(chance, 3))
		at = chance_below(chance, len + 1);
	if (chance_once_in(chance, 3))
		at = len - 1;
	return at < len ? at : len;
}

uint32_t random_spoil(uint8_t *frame, uint32_t len, struct chance *chance)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff, 4, 6, 17, 44, 60};
	uint32_t ip_at = find_ip(frame, len);
	uint32_t left = len > ip_at ? len - ip_at : 0;
	uint8_t *ip = frame + ip_at;
	uint32_t at;

	if (left < 40)
		return len;
	if (ip_at > 14 && chance_once_in(chance, 4)) { /* a tagged frame that says it is not */
		(void)put16(frame + 12, get16(ip - 2));
		return len;
	}
	at = chance_below(chance, left < 100 ? left : 100);
	switch (chance_below(chance, 8)) {
	case 0:
		return cut(ip_at, len, chance);
	case 1:
		spoil_length(ip, chance);
		break;
	case 2: /* version or IHL */
		ip[0] ^= (uint8_t)(1U << chance_below(chance, 8));
		break;
	case 3:
		ip[at] = values[chance_below(chance, sizeof(values))];
		break;
	case 4: /* a 16-bit field by 1 */
		at &= ~1U;
		(void)put16(ip + at,
			    (get16(ip + at) + (chance_once_in(chance, 2) ? 1U : 0xffffU)) & 0xffff);
		break;
	case 5: /* where fragments, TTL and protocols are */
		ip[chance_below(chance, 12)] ^= (uint8_t)(1U << chance_below(chance, 8));
		break;
	default:
		ip[at] ^= (uint8_t)(1U << chance_below(chance, 8));
		break;
	}
	if (chance_once_in(chance, 2))
		right_ip_checksum(ip, left);
	return len;
}
