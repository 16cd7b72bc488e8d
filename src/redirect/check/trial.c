/* SPDX-License-Identifier: BSD-3-Clause */
#include "trial.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include <glb/gue.h>

enum {
	TRIAL_LEN_MAX = 256,
	CLIENT_PORT = 40000,
	HOP_LIMIT = 64,
	SEQUENCE = 0x474c4221,
};

/* Of documentation (RFC 5737, RFC 3849), which no client has. */
static const struct glb_addr clients[] = {{{203, 0, 113, 77}, 4},
					  {{0x20, 1, 0xd, 0xb8, 0xff, 0xff, [15] = 77}, 6}};
static const struct glb_addr next_hops[] = {{{203, 0, 113, 78}, 4},
					    {{0x20, 1, 0xd, 0xb8, 0xff, 0xff, [15] = 78}, 6}};

/* A packet in the making: a frame, and where its parts are. */
struct trial_frame {
	uint8_t bytes[TRIAL_LEN_MAX];
	uint32_t len;
	uint32_t gue_at;
	uint32_t client_at; /* the client's packet */
};

static uint32_t addr_bytes(uint8_t version)
{
	return version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
}

/* Appends an IP header in front of `payload_len` bytes. */
static void put_ip(struct trial_frame *frame, const struct glb_addr *src,
		   const struct glb_addr *dst, enum glb_proto proto, uint32_t payload_len)
{
	uint8_t *ip = frame->bytes + frame->len;

	if (src->version == 4) {
		ip[0] = 4 << 4 | GLB_IPV4_LEN / 4;
		glb_store_be16(ip + 2, (uint16_t)(GLB_IPV4_LEN + payload_len));
		ip[8] = HOP_LIMIT;
		ip[9] = (uint8_t)proto;
		memcpy(ip + 12, src->bytes, 4);
		memcpy(ip + 16, dst->bytes, 4);
		glb_store16(ip + 10, glb_sum_check(glb_sum(0, ip, GLB_IPV4_LEN)));
		frame->len += GLB_IPV4_LEN;
		return;
	}
	ip[0] = 6 << 4;
	glb_store_be16(ip + 4, (uint16_t)payload_len);
	ip[6] = (uint8_t)proto;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, src->bytes, 16);
	memcpy(ip + 24, dst->bytes, 16);
	frame->len += GLB_IPV6_LEN;
}

/* Appends the client's segment. Its checksum is not filled in, as it is never delivered. */
static void put_segment(struct trial_frame *frame, uint16_t port, uint8_t flags)
{
	uint8_t *tcp = frame->bytes + frame->len;

	glb_store_be16(tcp, CLIENT_PORT);
	glb_store_be16(tcp + 2, port);
	glb_store_be32(tcp + 4, SEQUENCE);
	glb_store_be32(tcp + 8, flags & GLB_TCP_ACK ? SEQUENCE : 0);
	tcp[12] = GLB_TCP_LEN / 4 << 4;
	tcp[13] = flags;
	frame->len += GLB_TCP_LEN;
}

/* Writes the frame as a director's gateway would send it. UDP is without a checksum (RFC 6936). */
static struct trial_frame trial_frame_of(const struct trial *trial, enum trial_packet packet)
{
	const uint8_t outer = trial->own.version;
	const uint8_t inner = trial->vip.version;
	const uint32_t hop_count = packet == TRIAL_UNKNOWN;
	const uint32_t gue_len = glb_gue_len(hop_count, addr_bytes(outer));
	const uint32_t client_len = (inner == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) + GLB_TCP_LEN;
	const uint32_t udp_len = GLB_UDP_LEN + gue_len + client_len;
	struct trial_frame frame = {.len = GLB_ETHER_LEN};

	memcpy(frame.bytes, trial->mac, GLB_MAC_LEN);
	frame.bytes[GLB_MAC_LEN] = 2; /* a sender of local administration */
	glb_store_be16(frame.bytes + 2 * GLB_MAC_LEN,
		       outer == 4 ? GLB_ETHERTYPE_IPV4 : GLB_ETHERTYPE_IPV6);
	put_ip(&frame, &trial->sender, &trial->own, GLB_PROTO_UDP, udp_len);
	glb_store_be16(frame.bytes + frame.len, CLIENT_PORT);
	glb_store_be16(frame.bytes + frame.len + 2, GLB_GUE_PORT);
	glb_store_be16(frame.bytes + frame.len + 4, (uint16_t)udp_len);
	frame.len += GLB_UDP_LEN;
	frame.gue_at = frame.len;
	glb_gue_encode(frame.bytes + frame.len, inner == 4 ? GLB_PROTO_IPIP : GLB_PROTO_IPV6,
		       hop_count, addr_bytes(outer));
	if (hop_count)
		memcpy(frame.bytes + frame.len + GLB_GUE_HOPS_AT, next_hops[outer == 6].bytes,
		       addr_bytes(outer));
	frame.len += gue_len;
	frame.client_at = frame.len;
	put_ip(&frame, &clients[inner == 6], &trial->vip, GLB_PROTO_TCP, GLB_TCP_LEN);
	put_segment(&frame, trial->port, packet == TRIAL_OPENING ? GLB_TCP_SYN : GLB_TCP_ACK);
	return frame;
}

/* Is the packet the client's own, behind an Ethernet header? */
static bool is_unwrapped(const struct trial_frame *sent, const uint8_t *bytes, uint32_t len)
{
	uint32_t client_len = sent->len - sent->client_at;

	return len == GLB_ETHER_LEN + client_len &&
	       !memcmp(bytes + GLB_ETHER_LEN, sent->bytes + sent->client_at, client_len);
}

/* Is it addressed to the next hop, with the client's packet as it was? */
static bool is_handed_on(const struct trial_frame *sent, const uint8_t *bytes, uint32_t len,
			 uint8_t version)
{
	uint32_t destination_at = sent->gue_at - GLB_UDP_LEN - addr_bytes(version);

	return len == sent->len && bytes[sent->gue_at + GLB_GUE_NEXT_HOP_AT] == 1 &&
	       !memcmp(bytes + destination_at, next_hops[version == 6].bytes,
		       addr_bytes(version)) &&
	       !memcmp(bytes + sent->client_at, sent->bytes + sent->client_at,
		       len - sent->client_at);
}

/* The counter besides `total` that has moved; TOTAL: none. */
static enum glb_redirect_counter moved_counter(const uint64_t *before, const uint64_t *after)
{
	for (unsigned int i = 0; i < GLB_REDIRECT_COUNTER_COUNT; i++)
		if (i != GLB_REDIRECT_TOTAL && before[i] != after[i])
			return i;
	return GLB_REDIRECT_TOTAL;
}

int trial_run(struct trial_result *out, const struct redirect_copy *copy, int ifindex,
	      const struct trial *trial, enum trial_packet packet)
{
	struct trial_frame sent = trial_frame_of(trial, packet);
	struct __sk_buff about = {.ifindex = (uint32_t)ifindex};
	uint64_t before[GLB_REDIRECT_COUNTER_COUNT];
	uint64_t after[GLB_REDIRECT_COUNTER_COUNT];
	uint8_t got[TRIAL_LEN_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = sent.bytes, .data_size_in = sent.len,
		    .data_out = got, .data_size_out = sizeof(got), .ctx_in = &about,
		    .ctx_size_in = sizeof(about));
	int error = redirect_copy_counters(copy, before);

	if (!error && bpf_prog_test_run_opts(copy->program_fd, &run))
		error = -errno;
	if (!error)
		error = redirect_copy_counters(copy, after);
	if (error)
		return error;
	out->fate = moved_counter(before, after);
	if (packet == TRIAL_OPENING)
		out->is_right = out->fate == GLB_REDIRECT_ACCEPTED_SYN &&
				(int)run.retval == TC_ACT_UNSPEC &&
				is_unwrapped(&sent, got, run.data_size_out);
	else
		out->is_right = out->fate == GLB_REDIRECT_FORWARDED_TO_ALTERNATE &&
				run.retval == TC_ACT_REDIRECT &&
				is_handed_on(&sent, got, run.data_size_out, trial->own.version);
	return 0;
}
