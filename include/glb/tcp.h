/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How large may the segments be that a TCP SYN allows?
 *
 * Layer 0: freestanding. The segment is a client's, so nothing in it is trusted.
 */
#ifndef GLB_TCP_H
#define GLB_TCP_H

#include <glb/net.h>

/* Kinds of TCP options, RFC 9293 section 3.1. The first two have no length byte. */
enum glb_tcp_option { GLB_TCP_END = 0, GLB_TCP_NOP = 1, GLB_TCP_MSS = 2 };

/*
 * Lowers the maximum segment size (RFC 9293 section 3.7.1) of the SYN at tcp, of which len bytes
 * are present, to mss, and updates the checksum (RFC 1624). len is at least GLB_TCP_LEN. A SYN
 * without the option, with a smaller value, or with malformed options is not changed. A checksum
 * that was wrong stays wrong by the same amount.
 *
 * No byte from tcp + header_len on is taken for an option: a kind is looked at only if the length
 * byte after it is in the header, and a value only if all 4 bytes of the option are. A header_len
 * below 20 fails both conditions; it is 60 at most. Every option advances `at` by 1 to 255, so the
 * loop ends, and `at` does not overflow.
 */
GLB_INLINE void glb_tcp_clamp_mss(uint8_t *tcp, uint32_t len, uint16_t mss)
{
	uint32_t header_len = (tcp[12] >> 4) * 4U;
	uint32_t at = GLB_TCP_LEN;

	if (header_len > len)
		return;
	while (at + 1 < header_len && tcp[at] != GLB_TCP_END && tcp[at] != GLB_TCP_MSS) {
		bool nop = tcp[at] == GLB_TCP_NOP;

		if (!nop && tcp[at + 1] < 2)
			return;
		at += nop ? 1 : tcp[at + 1];
	}
	if (at + 4 > header_len || tcp[at] != GLB_TCP_MSS || tcp[at + 1] != 4)
		return;

	uint16_t old = glb_load_be16(tcp + at + 2);

	if (old <= mss)
		return;

	/* at an odd offset the bytes of the option are in the other halves of the 16-bit words
	 * summed */
	bool odd = at & 1;
	uint16_t from = odd ? __builtin_bswap16(old) : old;
	uint16_t to = odd ? __builtin_bswap16(mss) : mss;

	glb_store_be16(tcp + at + 2, mss);
	glb_store16(tcp + 16, glb_check_update(glb_load16(tcp + 16), GLB_BE16(from), GLB_BE16(to)));
}

#endif
