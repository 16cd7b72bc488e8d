/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What include/glb/encap.h promises of glb_encap(): outer headers of glb_outer_len() bytes, all of
 * them written, that our decoder accepts. All hop counts of both families and all checksum modes;
 * addresses, lengths, ports and sums are any.
 */
#include "sum_contract.h"

#include <glb/encap.h>

#include "proof.h"

static struct glb_outer outers[2];

static void init_outers(uint8_t version)
{
	uint8_t addrs[2][16];

	ANY_BYTES(addrs, sizeof(addrs));
	glb_outer_init(&outers[0], version, addrs[0], addrs[1]);
	glb_outer_init(&outers[1], version, addrs[0], addrs[1]);
}

static void init_encap(struct glb_encap *encap, uint8_t version, uint32_t hops)
{
	encap->inner_sum = ANY64(0, (1ULL << 34) - 1);
	encap->flow_label = ANY32(0, 0xfffff);
	encap->inner_len = (uint16_t)ANY32(20, 65535 - glb_outer_len(version, hops));
	encap->src_port = (uint16_t)ANY(0, 65535);
	encap->inner_version = ANY(0, 1) ? 4 : 6;
	encap->outer_version = version;
	encap->tos = (uint8_t)ANY(0, 255);
	encap->udp_checksum = (uint8_t)ANY(GLB_UDP_FULL, GLB_UDP_ZERO);
	encap->hop_count = (uint8_t)hops;
	for (uint32_t i = 0; i < hops; i++)
		encap->hops[i] = &outers[ANY(0, 1)];
}

static void check_gue(const uint8_t *bytes, uint32_t len, const struct glb_encap *encap)
{
	uint32_t hop_len = encap->outer_version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
	struct glb_cursor cur = glb_cursor(bytes, len);
	struct glb_gue gue;
	bool accepted = glb_gue_decode(&gue, &cur, hop_len);

	//@ check accepted: accepted == 1;
	//@ check hop_count: gue.hop_count == encap->hop_count;
	//@ check proto: gue.proto == (encap->inner_version == 4 ? 4 : 41);
	//@ check next: gue.next_hop == 0;
	//@ check all: cur.at == cur.end;
}

int main(void)
{
	uint8_t version = ANY(0, 1) ? 4 : 6;
	//@ split version;
	;
	uint32_t hops = ANY32(0, GLB_WIRE_HOPS_MAX - 1);
	//@ split hops;
	;
	uint32_t outer_len = glb_outer_len(version, hops);
	uint32_t ip_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	uint8_t *room = malloc(outer_len);
	struct glb_encap encap;

	init_outers(version);
	init_encap(&encap, version, hops);

	uint8_t how = encap.udp_checksum;
	//@ split how;
	;
	uint8_t inner = encap.inner_version;
	//@ split inner;
	;
	encap.udp_checksum = how;
	encap.inner_version = inner;

	uint8_t *ip = glb_encap(room + outer_len, &outers[ANY(0, 1)], &encap);
	uint16_t check = glb_load16(ip + ip_len + 6);

	//@ check first: ip == room;
	//@ check written: \initialized(room + (0 .. outer_len - 1));
	//@ check version: version == 4 ==> ip[0] == 0x45;
	//@ check none: how == GLB_UDP_ZERO ==> check == 0;
	//@ check some: how == GLB_UDP_FULL || how == GLB_UDP_INNER ==> check != 0;
	check_gue(ip + ip_len + GLB_UDP_LEN, outer_len - ip_len - GLB_UDP_LEN, &encap);
	return 0;
}
