/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/cursor.h>
#include <glb/gue.h>

#include "echo.h"

enum {
	ECHO_TTL = 255,
	GRE_KEY_PRESENT = 0x2000, /* RFC 2890 section 2: a 4-byte key follows */
};
_Static_assert((int)ECHO_HEADER_LEN == (int)GLB_GUE_HOPS_AT, "GUE without hops");

static const char prefix[ECHO_PREFIX_LEN] = {'g', 'l', 'b', 'h', 'c', '_'};

struct echo_id echo_id_of(const uint8_t random[ECHO_RANDOM_LEN])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	struct echo_id id;

	memcpy(id.text, prefix, sizeof(prefix));
	for (unsigned int i = 0; i < ECHO_RANDOM_LEN; i++)
		id.text[ECHO_PREFIX_LEN + i] = digits[random[i] & 31];
	return id;
}

static void write_header(uint8_t *out, enum echo_tunnel tunnel, uint8_t version)
{
	if (tunnel == ECHO_GUE) {
		glb_gue_encode(out, version == 4 ? GLB_PROTO_IPIP : GLB_PROTO_IPV6, 0,
			       version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN);
		return;
	}
	glb_store_be16(out, GRE_KEY_PRESENT);
	glb_store_be16(out + 2, version == 4 ? GLB_ETHERTYPE_IPV4 : GLB_ETHERTYPE_IPV6);
	glb_store_be32(out + 4, 0);
}

/* Writes an echo request with identifier and sequence number 0; `pseudo` is added to its
 * checksum. */
static void write_icmp(uint8_t *icmp, uint8_t type, uint64_t pseudo, const struct echo_id *id)
{
	memset(icmp, 0, GLB_ICMP_LEN);
	icmp[0] = type;
	memcpy(icmp + GLB_ICMP_LEN, id->text, ECHO_ID_LEN);
	glb_store16(icmp + 2, glb_sum_check(glb_sum(pseudo, icmp, GLB_ICMP_LEN + ECHO_ID_LEN)));
}

static uint32_t write_ipv4(uint8_t *ip, const struct glb_addr *src, const struct glb_addr *dst,
			   const struct echo_id *id)
{
	enum { LEN = GLB_IPV4_LEN + GLB_ICMP_LEN + ECHO_ID_LEN };

	memset(ip, 0, GLB_IPV4_LEN);
	ip[0] = 4 << 4 | GLB_IPV4_LEN / 4;
	glb_store_be16(ip + 2, LEN);
	glb_store_be16(ip + 6, 0x4000); /* DF */
	ip[8] = ECHO_TTL;
	ip[9] = GLB_PROTO_ICMP;
	memcpy(ip + 12, src->bytes, 4);
	memcpy(ip + 16, dst->bytes, 4);
	glb_store16(ip + 10, glb_sum_check(glb_sum(0, ip, GLB_IPV4_LEN)));
	write_icmp(ip + GLB_IPV4_LEN, GLB_ICMP_ECHO, 0, id);
	return LEN;
}

static uint32_t write_ipv6(uint8_t *ip, const struct glb_addr *src, const struct glb_addr *dst,
			   const struct echo_id *id)
{
	enum { PAYLOAD_LEN = GLB_ICMP_LEN + ECHO_ID_LEN };
	uint64_t pseudo = (uint64_t)GLB_BE16(PAYLOAD_LEN) + GLB_BE16(GLB_PROTO_ICMPV6);

	memset(ip, 0, GLB_IPV6_LEN);
	ip[0] = 6 << 4;
	glb_store_be16(ip + 4, PAYLOAD_LEN);
	ip[6] = GLB_PROTO_ICMPV6;
	ip[7] = ECHO_TTL;
	memcpy(ip + 8, src->bytes, 16);
	memcpy(ip + 24, dst->bytes, 16);
	write_icmp(ip + GLB_IPV6_LEN, GLB_ICMPV6_ECHO, glb_sum(pseudo, ip + 8, 32), id);
	return GLB_IPV6_LEN + PAYLOAD_LEN;
}

uint32_t echo_request(uint8_t out[ECHO_DATAGRAM_MAX], enum echo_tunnel tunnel,
		      const struct glb_addr *src, const struct glb_addr *dst,
		      const struct echo_id *id)
{
	uint8_t *ip = out + ECHO_HEADER_LEN;

	write_header(out, tunnel, dst->version);
	return ECHO_HEADER_LEN +
	       (dst->version == 4 ? write_ipv4(ip, src, dst, id) : write_ipv6(ip, src, dst, id));
}

/* Parses the IPv4 header and limits the cursor to its total length. */
static bool take_ipv4(struct glb_cursor *cur)
{
	const uint8_t *ip = glb_take(cur, GLB_IPV4_LEN);

	if (!ip || ip[0] >> 4 != 4 || ip[9] != GLB_PROTO_ICMP)
		return false;

	uint32_t header_len = (ip[0] & 0xfU) * 4;
	uint32_t len = glb_load_be16(ip + 2);

	if (header_len < GLB_IPV4_LEN || len < header_len || !GLB_FITS(ip, cur->end, len))
		return false;
	cur->end = ip + len;
	return glb_take(cur, header_len - GLB_IPV4_LEN);
}

bool echo_reply_read(struct echo_id *out, uint8_t version, const uint8_t *bytes, size_t len)
{
	struct glb_cursor cur = {.at = bytes, .end = bytes + len};
	const uint8_t *icmp;

	if (version == 4 && !take_ipv4(&cur))
		return false;
	icmp = glb_take(&cur, GLB_ICMP_LEN + ECHO_ID_LEN);
	if (!icmp || cur.at != cur.end || icmp[1])
		return false;
	if (icmp[0] != (version == 4 ? GLB_ICMP_ECHO_REPLY : GLB_ICMPV6_ECHO_REPLY))
		return false;
	if (version == 4 && glb_sum_fold(glb_sum(0, icmp, GLB_ICMP_LEN + ECHO_ID_LEN)) != 0xffff)
		return false;
	if (memcmp(icmp + GLB_ICMP_LEN, prefix, sizeof(prefix)) != 0)
		return false;
	memcpy(out->text, icmp + GLB_ICMP_LEN, ECHO_ID_LEN);
	return true;
}
