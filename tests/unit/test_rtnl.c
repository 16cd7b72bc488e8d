/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "director/rtnl.h"
#include "suite.h"

enum { IFINDEX = 7, BUFFER_LEN = 256 };

static const uint8_t gateway4[] = {10, 0, 0, 1};
static const uint8_t gateway6[16] = {0xfd, [15] = 1};
static const uint8_t mac[GLB_MAC_LEN] = {2, 0, 0, 0, 1, 1};

/* What the kernel would say of an entry. */
struct entry {
	uint16_t type;
	uint8_t family;
	uint16_t state;
	uint8_t flags;
	uint16_t mac_len;
};

static const struct entry usual = {RTM_NEWNEIGH, AF_INET, NUD_REACHABLE, 0, GLB_MAC_LEN};

static struct nlmsghdr *write_entry(char *buffer, const struct entry *entry)
{
	bool v4 = entry->family == AF_INET;
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ndmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	message->nlmsg_type = entry->type;
	body->ndm_family = entry->family;
	body->ndm_ifindex = IFINDEX;
	body->ndm_state = entry->state;
	body->ndm_flags = entry->flags;
	mnl_attr_put(message, NDA_DST, v4 ? 4 : 16, v4 ? gateway4 : gateway6);
	mnl_attr_put(message, NDA_LLADDR, entry->mac_len, mac);
	return message;
}

/* What is read of it, the message at the end of its memory. */
static bool read_entry(struct neighbour *out, const struct entry *entry)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN] = {0};
	struct nlmsghdr *message = write_entry(buffer, entry);
	struct nlmsghdr *exact = malloc(message->nlmsg_len);

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, message, message->nlmsg_len);

	bool read = rtnl_read_neighbour(out, exact);

	free(exact);
	return read;
}

START_TEST(an_entry_is_read_whatever_its_family)
{
	static const struct entry six = {RTM_NEWNEIGH, AF_INET6, NUD_STALE, NTF_ROUTER, 6};
	struct neighbour got;

	ck_assert(read_entry(&got, &usual));
	ck_assert_uint_eq(got.addr.version, 4);
	ck_assert_mem_eq(got.addr.bytes, gateway4, 4);
	ck_assert_uint_eq(got.ifindex, IFINDEX);
	ck_assert_uint_eq(got.state, NEIGHBOUR_SURE);
	ck_assert_mem_eq(got.mac, mac, GLB_MAC_LEN);

	ck_assert(read_entry(&got, &six));
	ck_assert_uint_eq(got.addr.version, 6);
	ck_assert_mem_eq(got.addr.bytes, gateway6, 16);
	ck_assert_uint_eq(got.state, NEIGHBOUR_STALE);
}
END_TEST

START_TEST(every_state_of_the_kernel_has_its_meaning)
{
	static const struct {
		uint16_t type, state;
		uint8_t want;
	} cases[] = {
		{RTM_NEWNEIGH, NUD_NONE, NEIGHBOUR_LOST},
		{RTM_NEWNEIGH, NUD_INCOMPLETE, NEIGHBOUR_LOST},
		{RTM_NEWNEIGH, NUD_FAILED, NEIGHBOUR_LOST},
		{RTM_NEWNEIGH, NUD_REACHABLE, NEIGHBOUR_SURE},
		{RTM_NEWNEIGH, NUD_PERMANENT, NEIGHBOUR_SURE},
		{RTM_NEWNEIGH, NUD_NOARP, NEIGHBOUR_SURE},
		{RTM_NEWNEIGH, NUD_STALE, NEIGHBOUR_STALE},
		{RTM_NEWNEIGH, NUD_DELAY, NEIGHBOUR_STALE},
		{RTM_NEWNEIGH, NUD_PROBE, NEIGHBOUR_STALE},
		{RTM_DELNEIGH, NUD_REACHABLE, NEIGHBOUR_LOST},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct entry entry = usual;
		struct neighbour got;

		entry.type = cases[i].type;
		entry.state = cases[i].state;
		ck_assert(read_entry(&got, &entry));
		ck_assert_msg(got.state == cases[i].want, "case %u", i);
	}
}
END_TEST

START_TEST(what_is_no_neighbour_with_a_mac_address_is_of_no_use)
{
	struct neighbour got;
	struct entry entry = usual;

	entry.mac_len = 4; /* of a tunnel */
	ck_assert(read_entry(&got, &entry));
	ck_assert_uint_eq(got.state, NEIGHBOUR_LOST);

	entry = usual;
	entry.family = AF_BRIDGE;
	ck_assert(!read_entry(&got, &entry));
	entry = usual;
	entry.flags = NTF_PROXY;
	ck_assert(!read_entry(&got, &entry));
}
END_TEST

/* Calls read for every part of a message, each at the end of its memory. All have whole words. */
static void read_parts(const struct nlmsghdr *message, void (*read)(const struct nlmsghdr *))
{
	for (uint32_t len = sizeof(*message); len < message->nlmsg_len; len += MNL_ALIGNTO) {
		struct nlmsghdr *part = malloc(len);

		ck_assert_ptr_nonnull(part);
		memcpy(part, message, len);
		part->nlmsg_len = len;
		read(part);
		free(part);
	}
}

static void read_neighbour_part(const struct nlmsghdr *part)
{
	struct neighbour got = {.state = NEIGHBOUR_LOST};

	(void)rtnl_read_neighbour(&got, part);
	ck_assert_msg(got.state == NEIGHBOUR_LOST, "%u bytes", part->nlmsg_len);
}

static void read_route_part(const struct nlmsghdr *part)
{
	struct fib_route match;

	rtnl_read_match(&match, part);
	(void)rtnl_has_gateway(part);
	ck_assert_msg(rtnl_read_route(part) == 0, "%u bytes", part->nlmsg_len);
}

static struct nlmsghdr *write_route(char *buffer, uint8_t type)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof(*route));

	message->nlmsg_type = RTM_NEWROUTE;
	route->rtm_family = AF_INET;
	route->rtm_type = type;
	mnl_attr_put(message, RTA_DST, 4, gateway4);
	mnl_attr_put_u32(message, RTA_OIF, IFINDEX);
	return message;
}

START_TEST(a_message_that_was_cut_is_read_to_its_end_and_no_further)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN] = {0};

	read_parts(write_entry(buffer, &usual), read_neighbour_part);
	memset(buffer, 0, sizeof(buffer));
	read_parts(write_route(buffer, RTN_UNICAST), read_route_part);
}
END_TEST

START_TEST(a_route_leads_to_a_neighbour_unless_by_way_of_another)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN] = {0};

	ck_assert_uint_eq(rtnl_read_route(write_route(buffer, RTN_UNICAST)), IFINDEX);
	memset(buffer, 0, sizeof(buffer));
	ck_assert_uint_eq(rtnl_read_route(write_route(buffer, RTN_LOCAL)), 0);
	memset(buffer, 0, sizeof(buffer));

	struct nlmsghdr *message = write_route(buffer, RTN_UNICAST);

	mnl_attr_put(message, RTA_GATEWAY, 4, gateway4);
	ck_assert_uint_eq(rtnl_read_route(message), 0);
	ck_assert(rtnl_has_gateway(message));
}
END_TEST

START_TEST(a_match_says_what_the_kernel_does_with_such_packets)
{
	static const struct {
		uint8_t type;
		enum copy_route want;
	} cases[] = {
		{RTN_UNICAST, COPY_ELSEWHERE}, {RTN_LOCAL, COPY_LOCAL},
		{RTN_ANYCAST, COPY_LOCAL},     {RTN_BROADCAST, COPY_GROUP},
		{RTN_MULTICAST, COPY_GROUP},   {RTN_BLACKHOLE, COPY_BLACKHOLE},
		{RTN_PROHIBIT, COPY_NO_ROUTE}, {RTN_UNREACHABLE, COPY_NO_ROUTE},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN] = {0};
		struct fib_route got;

		rtnl_read_match(&got, write_route(buffer, cases[i].type));
		ck_assert_msg(got.kind == cases[i].want, "case %u", i);
		ck_assert_uint_eq(got.dst.version, 4);
		ck_assert_mem_eq(got.dst.bytes, gateway4, 4);
	}
}
END_TEST

static struct nlmsghdr *write_link(char *buffer, uint16_t type, uint8_t family, unsigned int flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	message->nlmsg_type = type;
	link->ifi_family = family;
	link->ifi_index = IFINDEX;
	link->ifi_flags = flags;
	mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
	mnl_attr_put_u32(message, IFLA_MTU, 9000);
	mnl_attr_put(message, IFLA_ADDRESS, GLB_MAC_LEN, mac);
	return message;
}

static void read_link_part(const struct nlmsghdr *part)
{
	struct rtnl_link got;

	(void)rtnl_read_link(&got, part);
}

START_TEST(a_device_is_read_with_what_matters_to_a_port)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN] = {0};
	struct nlmsghdr *message = write_link(buffer, RTM_NEWLINK, AF_UNSPEC, IFF_UP | IFF_RUNNING);
	struct rtnl_link got;

	ck_assert(rtnl_read_link(&got, message));
	ck_assert_str_eq(got.name, "eth0");
	ck_assert_uint_eq(got.ifindex, IFINDEX);
	ck_assert_uint_eq(got.state.ifindex, IFINDEX);
	ck_assert_uint_eq(got.state.mtu, 9000);
	ck_assert_mem_eq(got.state.mac, mac, GLB_MAC_LEN);
	ck_assert(got.state.is_up && !got.is_moved);
	read_parts(message, read_link_part);
}
END_TEST

START_TEST(a_device_without_a_carrier_is_not_up)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN] = {0};
	struct rtnl_link got;

	ck_assert(rtnl_read_link(&got, write_link(buffer, RTM_NEWLINK, AF_UNSPEC, IFF_UP)));
	ck_assert(!got.state.is_up);
}
END_TEST

START_TEST(a_device_is_deleted_or_moved_but_not_by_leaving_a_bridge)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN] = {0};
	struct nlmsghdr *message = write_link(buffer, RTM_DELLINK, AF_UNSPEC, 0);
	struct rtnl_link got;

	ck_assert(rtnl_read_link(&got, message));
	ck_assert_uint_eq(got.ifindex, IFINDEX);
	ck_assert_uint_eq(got.state.ifindex, 0);
	ck_assert(!got.is_moved);
	mnl_attr_put_u32(message, IFLA_NEW_NETNSID, 0);
	ck_assert(rtnl_read_link(&got, message));
	ck_assert(got.is_moved);
	memset(buffer, 0, sizeof(buffer));
	ck_assert(!rtnl_read_link(&got, write_link(buffer, RTM_DELLINK, AF_BRIDGE, 0)));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("rtnl");
	TCase *rtnl = tcase_create("rtnl");

	tcase_add_test(rtnl, an_entry_is_read_whatever_its_family);
	tcase_add_test(rtnl, every_state_of_the_kernel_has_its_meaning);
	tcase_add_test(rtnl, what_is_no_neighbour_with_a_mac_address_is_of_no_use);
	tcase_add_test(rtnl, a_message_that_was_cut_is_read_to_its_end_and_no_further);
	tcase_add_test(rtnl, a_route_leads_to_a_neighbour_unless_by_way_of_another);
	tcase_add_test(rtnl, a_match_says_what_the_kernel_does_with_such_packets);
	tcase_add_test(rtnl, a_device_is_read_with_what_matters_to_a_port);
	tcase_add_test(rtnl, a_device_without_a_carrier_is_not_up);
	tcase_add_test(rtnl, a_device_is_deleted_or_moved_but_not_by_leaving_a_bridge);
	suite_add_tcase(suite, rtnl);
	return suite;
}
