/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/ports.h, by way of conf/director.h. */
#include <errno.h>
#include <string.h>

#include "conf_director.h"
#include "suite.h"

#define MACS7                                                                                      \
	"'0200:0000:0011','0200:0000:0012','0200:0000:0013','0200:0000:0014','0200:0000:0015',"    \
	"'0200:0000:0016','0200:0000:0017',"
#define MACS8	"'0200:0000:0010'," MACS7
#define AUTO(x) "{" SOURCE ",'outbound_gateway_mac':'auto'" x "}"

START_TEST(a_port_has_its_own_ways_and_else_those_of_the_top_level)
{
	struct director_conf conf;

	ck_assert_int_eq(parse(&conf,
			       "{'outbound_src_ip':'192.0.2.1','clamp_mss':true,"
			       "'outbound_gateway_mac':'auto','outbound_gateway_ip':'10.0.0.1',"
			       "'outbound_gateway_interface':'eth0','mtu':9000,'vlan':7,'ports':["
			       "{'name':'same'},"
			       "{'name':'fixed','outbound_gateway_mac':'02:00:00:00:00:07',"
			       "'punt_port':'net_tap1','send_through':'same'},"
			       "{'name':'other','mtu':1500,'vlan':'keep',"
			       "'outbound_gateway_ip':'fe80::1',"
			       "'outbound_gateway_interface':'012345678901234'},"
			       "{'name':'bare','vlan':'none'},{'name':'top','vlan':4094}]}"),
			 0);
	ck_assert_str_eq(told, "");
	ck_assert_uint_eq(conf.port_count, 5);

	const struct port_conf *same = director_conf_port(&conf, "same");

	ck_assert_str_eq(same->name, "same");
	ck_assert_mem_eq(&same->port, &conf.defaults.port, sizeof(same->port));
	ck_assert_uint_eq(same->port.mtu, 9000);
	ck_assert_uint_eq(same->port.vlan, 7);
	ck_assert(same->gateway_auto);
	ck_assert_uint_eq(same->gateway_addr.bytes[0], 10);
	ck_assert_str_eq(same->gateway_interface, "eth0");

	const struct port_conf *fixed = director_conf_port(&conf, "fixed");

	ck_assert_str_eq(same->punt_port, "");
	ck_assert_str_eq(fixed->punt_port, "net_tap1");
	ck_assert_str_eq(fixed->send_through, "same");
	ck_assert(!fixed->gateway_auto);
	ck_assert_mem_eq(fixed->port.gateway_mac, "\2\0\0\0\0\7", 6);

	const struct port_conf *other = director_conf_port(&conf, "other");

	ck_assert_uint_eq(other->port.mtu, 1500);
	ck_assert_uint_eq(other->port.vlan, GLB_VLAN_KEEP);
	ck_assert_uint_eq(other->gateway_addr.version, 6);
	ck_assert_str_eq(other->gateway_interface, "012345678901234");
	ck_assert_uint_eq(director_conf_port(&conf, "bare")->port.vlan, GLB_VLAN_NONE);
	ck_assert_uint_eq(director_conf_port(&conf, "top")->port.vlan, 4094);
	ck_assert_ptr_eq(director_conf_port(&conf, "unlisted"), &conf.defaults);
}
END_TEST

START_TEST(a_port_has_its_own_further_addresses_or_those_of_the_top_level)
{
	static const uint8_t none[GLB_MAC_LEN];
	struct director_conf conf;

	ck_assert_int_eq(parse(&conf, WITH("'macs':['0200:0000:0001','0200:0000:0002'],'ports':["
					   "{'name':'same'},{'name':'none','macs':[]},"
					   "{'name':'own','macs':['02:00:00:00:00:03']}]")),
			 0);
	ck_assert_str_eq(told, "");

	const struct glb_port *same = &director_conf_port(&conf, "same")->port;
	const struct glb_port *own = &director_conf_port(&conf, "own")->port;

	ck_assert_uint_eq(same->mac_count, 2);
	ck_assert_mem_eq(same->macs[0], "\2\0\0\0\0\1", GLB_MAC_LEN);
	ck_assert_mem_eq(same->macs[1], "\2\0\0\0\0\2", GLB_MAC_LEN);
	ck_assert_uint_eq(director_conf_port(&conf, "none")->port.mac_count, 0);
	ck_assert_uint_eq(own->mac_count, 1);
	ck_assert_mem_eq(own->macs[0], "\2\0\0\0\0\3", GLB_MAC_LEN);
	ck_assert_mem_eq(own->macs[1], none, GLB_MAC_LEN);
	ck_assert(!own->any_mac);
}
END_TEST

START_TEST(paths_of_the_original_say_which_port_sends_for_which)
{
	struct director_conf conf;

	ck_assert_int_eq(parse(&conf, WITH("'flow_paths':[{'rx_port':1,'tx_port':2,'rx_queue':0},"
					   "{'tx_port':15},{'rx_port':1,'tx_port':2,'rx_queue':1,"
					   "'tx_queue':1}]")),
			 0);
	ck_assert(conf.paths[0].is_set && conf.paths[1].is_set && !conf.paths[2].is_set);
	ck_assert_uint_eq(conf.paths[0].to, 15);
	ck_assert_uint_eq(conf.paths[0].at, 1);
	ck_assert_uint_eq(conf.paths[1].to, 2);
	ck_assert_uint_eq(conf.paths[1].at, 0);
}
END_TEST

START_TEST(a_port_is_bifurcated_as_the_top_level_says_unless_it_says_otherwise)
{
	struct director_conf conf;

	ck_assert_int_eq(parse(&conf, WITH("'ports':[{'name':'a','bifurcate':true},{'name':'b'}]")),
			 0);
	ck_assert(conf.ports[0].bifurcate);
	ck_assert(!conf.ports[1].bifurcate && !conf.defaults.bifurcate);
	ck_assert_int_eq(parse(&conf, WITH("'bifurcate':true,'ports':[{'name':'a'},"
					   "{'name':'b','bifurcate':false}]")),
			 0);
	ck_assert(conf.ports[0].bifurcate && conf.defaults.bifurcate);
	ck_assert(!conf.ports[1].bifurcate);
}
END_TEST

START_TEST(a_port_that_asks_for_its_gateway_forgets_the_fixed_one)
{
	struct director_conf conf;

	ck_assert_int_eq(parse(&conf, WITH("'outbound_gateway_ip':'10.0.0.1','ports':[{'name':"
					   "'a','outbound_gateway_mac':'auto'}]")),
			 0);
	ck_assert_str_eq(told, "");
	ck_assert(conf.ports[0].gateway_auto);
	ck_assert_mem_eq(conf.ports[0].port.gateway_mac, "\0\0\0\0\0", 6);
	ck_assert(!conf.defaults.gateway_auto);
}
END_TEST

static const struct {
	const char *json;
	const char *why; /* all problems, see document.h; NULL: none */
} cases[] = {
	/* ways out */
	{WITH("'flow_paths':{}"), "1:88: $.flow_paths: is an object, expected an array"},
	{WITH("'flow_paths':[7,{'rx_port':16,'tx_port':-1,'rx_queue':'x','colour':1}]"),
	 "warning 1:88: $.flow_paths: only the ports have an effect: queues are assigned "
	 "automatically\n"
	 "1:89: $.flow_paths[0]: is a number, expected an object\n"
	 "1:102: $.flow_paths[1].rx_port: 16 is not from 0 to 15\n"
	 "1:115: $.flow_paths[1].tx_port: -1 is not from 0 to 15\n"
	 "1:129: $.flow_paths[1].rx_queue: is a string, expected an integer from 0 to 65535\n"
	 "warning 1:142: $.flow_paths[1].colour: unknown key, ignored"},
	{WITH("'flow_paths':[{},{'tx_port':1}]"),
	 "warning 1:88: $.flow_paths: only the ports have an effect: queues are assigned "
	 "automatically\n"
	 "1:92: $.flow_paths[1]: sends what port 0 receives through port 1, flow_paths[0] through "
	 "port 0"},
	{WITH("'ports':[{'name':'a','send_through':''}]"),
	 "1:111: $.ports[0].send_through: \"\" is no device name"},
	{WITH("'bifurcate':1,'ports':[{'name':'a','bifurcate':'vips'}]"),
	 "1:87: $.bifurcate: is a number, expected true or false\n"
	 "1:122: $.ports[0].bifurcate: is a string, expected true or false"},
	/* the gateway */
	{AUTO(""), "1:1: $.outbound_gateway_ip: is missing: outbound_gateway_mac is \"auto\""},
	{AUTO(",'outbound_gateway_ip':'gateway'"),
	 "1:84: $.outbound_gateway_ip: \"gateway\" is not an IPv4 or IPv6 address"},
	{AUTO(",'ports':[{'name':'a'},{'name':'b','outbound_gateway_mac':'auto'}]"),
	 "1:1: $.outbound_gateway_ip: is missing: outbound_gateway_mac is \"auto\"\n"
	 "1:84: $.ports[1].outbound_gateway_ip: is missing: outbound_gateway_mac is \"auto\""},
	{WITH("'ports':[{'name':'a','outbound_gateway_mac':'auto'}]"),
	 "1:84: $.ports[0].outbound_gateway_ip: is missing: outbound_gateway_mac is \"auto\""},
	{WITH("'outbound_gateway_ip':'10.0.0.1','outbound_gateway_interface':'eth0'"),
	 "warning 1:97: $.outbound_gateway_ip: has no effect: outbound_gateway_mac is not "
	 "\"auto\"\n"
	 "warning 1:137: $.outbound_gateway_interface: has no effect: outbound_gateway_mac is "
	 "not \"auto\""},
	{WITH("'ports':[{'name':'a','outbound_gateway_ip':'10.0.0.1'}]"),
	 "warning 1:118: $.ports[0].outbound_gateway_ip: has no effect: outbound_gateway_mac is "
	 "not \"auto\""},
	{"{'outbound_src_ip':'192.0.2.1','outbound_gateway_mac':'00:00:00:00:00:00'}",
	 "1:55: $.outbound_gateway_mac: \"00:00:00:00:00:00\" is all zeros"},
	{"{'outbound_src_ip':'192.0.2.1','outbound_gateway_mac':'01:00:5e:00:00:01'}",
	 "1:55: $.outbound_gateway_mac: \"01:00:5e:00:00:01\" is a multicast address"},
	{WITH("'ports':[{'name':'a','outbound_gateway_mac':'ffff:ffff:ffff'}]"),
	 "1:119: $.ports[0].outbound_gateway_mac: \"ffff:ffff:ffff\" is a multicast address"},
	{AUTO(",'outbound_gateway_ip':'0.0.0.0'"),
	 "1:84: $.outbound_gateway_ip: is not the address of a single host"},
	{AUTO(",'outbound_gateway_ip':'255.255.255.255'"),
	 "1:84: $.outbound_gateway_ip: is not the address of a single host"},
	{AUTO(",'outbound_gateway_ip':'224.0.0.1'"),
	 "1:84: $.outbound_gateway_ip: is not the address of a single host"},
	{AUTO(",'outbound_gateway_ip':'127.0.0.1'"),
	 "1:84: $.outbound_gateway_ip: is not the address of a single host"},
	{AUTO(",'outbound_gateway_ip':'::'"),
	 "1:84: $.outbound_gateway_ip: is not the address of a single host"},
	{AUTO(",'outbound_gateway_ip':'::1'"),
	 "1:84: $.outbound_gateway_ip: is not the address of a single host"},
	{AUTO(",'outbound_gateway_ip':'ff02::1'"),
	 "1:84: $.outbound_gateway_ip: is not the address of a single host"},
	{AUTO(",'outbound_gateway_ip':'::ffff:10.0.0.1'"),
	 "1:84: $.outbound_gateway_ip: is not the address of a single host"},
	{AUTO(",'outbound_gateway_ip':'10.0.0.1','ports':[{'name':'a','outbound_gateway_ip':"
	      "'0.0.0.0'}]"),
	 "1:138: $.ports[0].outbound_gateway_ip: is not the address of a single host"},
	{AUTO(",'outbound_gateway_ip':'10.0.0.1','outbound_gateway_interface':''"),
	 "1:124: $.outbound_gateway_interface: \"\" is no interface name"},
	{AUTO(",'outbound_gateway_ip':'10.0.0.1','outbound_gateway_interface':"
	      "'0123456789012345'"),
	 "1:124: $.outbound_gateway_interface: \"0123456789012345\" is no interface name"},
	{AUTO(",'outbound_gateway_ip':'fe80::1'"),
	 "1:84: $.outbound_gateway_ip: is link-local: outbound_gateway_interface is missing"},
	{AUTO(",'outbound_gateway_ip':'febf::1','ports':[{'name':'a'},{'name':'b'}]"),
	 "1:84: $.outbound_gateway_ip: is link-local: outbound_gateway_interface is missing"},
	{AUTO(",'outbound_gateway_ip':'fec0::1'"), NULL},
	{AUTO(",'outbound_gateway_ip':'fe80::1','outbound_gateway_interface':'eth0'"), NULL},
	{AUTO(",'outbound_gateway_ip':'fd00::1','ports':[{'name':'a','outbound_gateway_ip':"
	      "'fe80::1'}]"),
	 "1:137: $.ports[0].outbound_gateway_ip: is link-local: outbound_gateway_interface is "
	 "missing"},
	{WITH("'outbound_gateway_ip':'fe80::1','ports':[{'name':'a','outbound_gateway_mac':"
	      "'auto'}]"),
	 "1:116: $.ports[0].outbound_gateway_ip: is link-local: outbound_gateway_interface is "
	 "missing"},
	/* the MTU, and what it leaves */
	{WITH("'too_big':'drop','mtu':575"), "1:98: $.mtu: 575 is not from 576 to 65535"},
	{WITH("'too_big':'drop','mtu':65536"), "1:98: $.mtu: 65536 is not from 576 to 65535"},
	{WITH("'clamp_mss':true,'mtu':65535"), NULL},
	{WITH("'mtu':1500"),
	 "warning 1:81: $.mtu: has no effect: too_big is \"forward\" and clamp_mss false"},
	{WITH("'too_big':'answer','mtu':1320"), NULL},
	{WITH("'too_big':'answer','mtu':1319"),
	 "warning 1:100: $.mtu: leaves at most 1279 of 1319 bytes to clients: IPv6 must get 1280 "
	 "through, which takes 1320 (RFC 8200, 5)"},
	{WITH("'too_big':'answer','alt_hash_fields':{'dst_addr':true},'mtu':1327"),
	 "warning 1:136: $.mtu: leaves at most 1279 of 1327 bytes to clients: IPv6 must get 1280 "
	 "through, which takes 1328 (RFC 8200, 5)"},
	{"{" GATEWAY ",'outbound_src_ip6':'fd00::1','too_big':'answer','ports':[{'name':'a',"
	 "'mtu':1351}]}",
	 "warning 1:120: $.ports[0].mtu: leaves at most 1279 of 1351 bytes to clients: IPv6 must "
	 "get 1280 through, which takes 1352 (RFC 8200, 5)"},
	/* tags */
	{WITH("'vlan':0"), "1:82: $.vlan: 0 is not from 1 to 4094"},
	{WITH("'vlan':4095"), "1:82: $.vlan: 4095 is not from 1 to 4094"},
	{WITH("'vlan':'7'"),
	 "1:82: $.vlan: \"7\" is not keep or none, nor an integer from 1 to 4094"},
	{WITH("'vlan':null"), "1:82: $.vlan: is null, expected an integer from 1 to 4094"},
	/* rules */
	{WITH("'steer':'none'"), NULL},
	{WITH("'steer':'rte_flow'"), NULL},
	{WITH("'steer':'flow'"), "1:83: $.steer: \"flow\" is not none or rte_flow"},
	/* further addresses */
	{WITH("'macs':[]"), NULL},
	{WITH("'macs':['02:00:00:00:00:01','feff:ffff:ffff','0000:5e00:0107']"), NULL},
	{WITH("'macs':'02:00:00:00:00:01'"), "1:82: $.macs: is a string, expected an array"},
	{WITH("'macs':[7,'x','ff:ff:ff:ff:ff:ff','0300:0000:0001','00:00:00:00:00:00']"),
	 "1:83: $.macs[0]: is a number, expected a string\n"
	 "1:85: $.macs[1]: \"x\" is not a MAC address\n"
	 "1:89: $.macs[2]: \"ff:ff:ff:ff:ff:ff\" is a multicast address\n"
	 "1:109: $.macs[3]: \"0300:0000:0001\" is a multicast address\n"
	 "1:126: $.macs[4]: \"00:00:00:00:00:00\" is all zeros"},
	{WITH("'ports':[{'name':'a','macs':['0100:5e00:0001']}]"),
	 "1:104: $.ports[0].macs[0]: \"0100:5e00:0001\" is a multicast address"},
	{WITH("'macs':[" MACS8 MACS7 "'0200:0000:0001']"), NULL},
	{WITH("'macs':[" MACS8 MACS8 "'0200:0000:0001']"),
	 "1:82: $.macs: has 17 addresses, at most 16 are possible"},
	/* ports */
	{WITH("'ports':{}"), "1:83: $.ports: is an object, expected an array"},
	{WITH("'ports':[]"), NULL},
	{WITH("'ports':[7,{},{'name':7},{'name':''}]"),
	 "1:84: $.ports[0]: is a number, expected an object\n"
	 "1:86: $.ports[1].name: is missing\n"
	 "1:97: $.ports[2].name: is a number, expected a string\n"
	 "1:108: $.ports[3].name: \"\" is no device name"},
	{WITH("'ports':[{'name':'a'},{'name':'b'},{'name':'a'}]"),
	 "1:118: $.ports[2].name: duplicate port a, first listed as ports[0]"},
	{WITH("'ports':[{'name':'a','mtu':0,'vlan':0,'outbound_gateway_mac':'x',"
	      "'outbound_gateway_ip':'y','colour':1}]"),
	 "1:102: $.ports[0].mtu: 0 is not from 576 to 65535\n"
	 "1:111: $.ports[0].vlan: 0 is not from 1 to 4094\n"
	 "1:136: $.ports[0].outbound_gateway_mac: \"x\" is neither a MAC address nor auto\n"
	 "1:162: $.ports[0].outbound_gateway_ip: \"y\" is not an IPv4 or IPv6 address\n"
	 "warning 1:162: $.ports[0].outbound_gateway_ip: has no effect: outbound_gateway_mac is "
	 "not \"auto\"\n"
	 "warning 1:175: $.ports[0].colour: unknown key, ignored"},
	{WITH("'ports':[{'name':'0'},{'name':'1'},{'name':'2'},{'name':'3'},{'name':'4'},{'name':"
	      "'5'},{'name':'6'},{'name':'7'},{'name':'8'},{'name':'9'},{'name':'a'},{'name':'b'},"
	      "{'name':'c'},{'name':'d'},{'name':'e'},{'name':'f'}]"),
	 NULL},
	{WITH("'ports':[{'name':'0'},{'name':'1'},{'name':'2'},{'name':'3'},{'name':'4'},{'name':"
	      "'5'},{'name':'6'},{'name':'7'},{'name':'8'},{'name':'9'},{'name':'a'},{'name':'b'},"
	      "{'name':'c'},{'name':'d'},{'name':'e'},{'name':'f'},7]"),
	 "1:83: $.ports: has 17 ports, at most 16 are possible"},
};

START_TEST(a_port_is_taken_or_refused_with_every_place_and_reason)
{
	struct director_conf conf = {.port_count = 99};
	int err = parse(&conf, cases[_i].json);

	ck_assert_str_eq(told, cases[_i].why ? cases[_i].why : "");
	ck_assert_int_eq(err, report.totals[SEVERITY_ERROR] ? -EINVAL : 0);
	if (err)
		ck_assert_uint_eq(conf.port_count, 99);
	else
		ck_assert_uint_ne(conf.port_count, 99);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ports");
	TCase *ports = tcase_create("ports");

	tcase_add_test(ports, a_port_has_its_own_ways_and_else_those_of_the_top_level);
	tcase_add_test(ports, a_port_has_its_own_further_addresses_or_those_of_the_top_level);
	tcase_add_test(ports, a_port_is_bifurcated_as_the_top_level_says_unless_it_says_otherwise);
	tcase_add_test(ports, a_port_that_asks_for_its_gateway_forgets_the_fixed_one);
	tcase_add_test(ports, paths_of_the_original_say_which_port_sends_for_which);
	tcase_add_loop_test(ports, a_port_is_taken_or_refused_with_every_place_and_reason, 0,
			    COUNT_OF(cases));
	suite_add_tcase(suite, ports);
	return suite;
}
