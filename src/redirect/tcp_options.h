/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which options does the header of a TCP segment have?
 *
 * Freestanding, as it runs in the eBPF program as well.
 */
#ifndef GLB_REDIRECT_TCP_OPTIONS_H
#define GLB_REDIRECT_TCP_OPTIONS_H

#include <glb/bytes.h>

enum {
	TCP_OPTIONS_LEN_MAX = 40,
	TCP_OPTIONS_ROOM = 64, /* a power of 2 */
	TCP_WSCALE_MAX = 14,   /* RFC 7323 section 2.3 */
	TCP_WSCALE_NONE = 15,  /* not offered */
};

/* Kinds: RFC 9293 section 3.1, RFC 7323, RFC 2018, RFC 2385, RFC 5925. */
enum tcp_option_kind {
	TCP_OPTION_END = 0,
	TCP_OPTION_NOP = 1,
	TCP_OPTION_MSS = 2,
	TCP_OPTION_WSCALE = 3,
	TCP_OPTION_SACK = 4,
	TCP_OPTION_TIMESTAMP = 8,
	TCP_OPTION_MD5 = 19,
	TCP_OPTION_AO = 29,
};

struct tcp_options {
	uint32_t tsval;
	uint32_t tsecr;
	uint32_t read_len; /* bytes that were read, without what is behind the end */
	uint16_t mss;	   /* 0: not given */
	uint8_t wscale;	   /* up to TCP_WSCALE_MAX, or TCP_WSCALE_NONE */
	bool sack;	   /* permitted */
	bool timestamp;	   /* tsval and tsecr are set */
	bool is_signed;	   /* by MD5 or TCP-AO */
};

/* A byte of the room. In eBPF, the verifier sees that it is inside. */
GLB_INLINE uint8_t tcp_option_byte(const uint8_t *room, uint32_t at)
{
	uint64_t index = at;

#ifdef __bpf__
	__asm__ volatile("" : "+r"(index)); /* or clang removes a mask that it finds redundant */
#endif
	return room[index & (TCP_OPTIONS_ROOM - 1)];
}

GLB_INLINE uint32_t tcp_option_be32(const uint8_t *room, uint32_t at)
{
	return (uint32_t)tcp_option_byte(room, at) << 24 |
	       (uint32_t)tcp_option_byte(room, at + 1) << 16 |
	       (uint32_t)tcp_option_byte(room, at + 2) << 8 | tcp_option_byte(room, at + 3);
}

/* Notes the option at `at`, which has `len` bytes. One of an unexpected length is ignored. */
GLB_INLINE void tcp_option_note(struct tcp_options *out, const uint8_t *room, uint32_t at,
				uint32_t len)
{
	uint8_t kind = tcp_option_byte(room, at);

	if (kind == TCP_OPTION_MSS && len == 4) {
		out->mss = (uint16_t)(tcp_option_byte(room, at + 2) << 8 |
				      tcp_option_byte(room, at + 3));
	} else if (kind == TCP_OPTION_WSCALE && len == 3) {
		uint8_t shift = tcp_option_byte(room, at + 2);

		/* RFC 7323 section 2.3: a larger one is taken for 14 */
		out->wscale = shift > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : shift;
	} else if (kind == TCP_OPTION_SACK && len == 2) {
		out->sack = true;
	} else if (kind == TCP_OPTION_TIMESTAMP && len == 10) {
		out->timestamp = true;
		out->tsval = tcp_option_be32(room, at + 2);
		out->tsecr = tcp_option_be32(room, at + 6);
	} else if (kind == TCP_OPTION_MD5 || kind == TCP_OPTION_AO) {
		out->is_signed = true;
	}
}

/*
 * Reads the options in the first len bytes, up to TCP_OPTIONS_LEN_MAX, of a room of
 * TCP_OPTIONS_ROOM bytes, all of which may be read. Options behind a malformed one are ignored, and
 * so are unknown ones (RFC 9293 MUST-6 and MUST-7). Of several of a kind the last one counts, as in
 * the kernel.
 *
 * The position is kept in memory: what the verifier then knows about it is the same in every turn,
 * so it follows one turn rather than every combination of options.
 */
GLB_INLINE void tcp_options_read(struct tcp_options *out, const uint8_t *room, uint32_t len)
{
	*out = (struct tcp_options){.wscale = TCP_WSCALE_NONE};
	for (unsigned int i = 0; i < TCP_OPTIONS_LEN_MAX; i++) {
#ifdef __bpf__
		__asm__ volatile("" ::: "memory");
#endif
		uint32_t at = out->read_len;

		if (at >= len || at >= TCP_OPTIONS_LEN_MAX)
			return;

		uint8_t kind = tcp_option_byte(room, at);

		if (kind == TCP_OPTION_END)
			return;
		if (kind == TCP_OPTION_NOP) {
			out->read_len = at + 1;
			continue;
		}
		if (at + 1 >= len)
			return;

		uint32_t option_len = tcp_option_byte(room, at + 1);

		if (option_len < 2 || at + option_len > len)
			return;
		tcp_option_note(out, room, at, option_len);
		out->read_len = at + option_len;
	}
}

#endif
