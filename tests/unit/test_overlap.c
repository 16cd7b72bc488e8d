/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/overlap.h, by way of the documents it is used for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/tables.h"
#include "parts.h"
#include "suite.h"

static struct report report;
static char told[DOCUMENT_LEN_MAX];

static void parse(struct glb_spec *spec, const char *json, size_t len)
{
	report_init(&report);

	int err = spec_parse(spec, "t.json", json, len, &report);

	(void)problems(told, &report, "t.json");
	ck_assert_msg(!err, "%s", told);
}

#define RANGE(ip, proto, first, last)                                                              \
	"{'ip':'" ip "','proto':'" proto "','port_start':" first ",'port_end':" last "}"
#define TWO_TABLES(a, b)                                                                           \
	"{'tables':[\n{" KEYS ",'backends':[" BACKEND "," OTHER "],'binds':[\n" a "]},\n"          \
	"{" ITS_KEYS ",'backends':[" BACKEND "," OTHER "],'binds':[\n" b "]}]}"

static const struct {
	const char *json;
	const char *why;
} cases[] = {
	/* nothing to say */
	{TWO_TABLES(BIND, RANGE("192.0.2.1", "tcp", "81", "90")), ""},
	{TWO_TABLES(BIND, RANGE("192.0.2.1", "udp", "0", "65535")), ""},
	{TWO_TABLES(BIND, RANGE("192.0.2.2", "tcp", "0", "65535")), ""},
	{TWO_TABLES(BIND, RANGE("::c000:201", "tcp", "0", "65535")), ""},
	{TWO_TABLES(RANGE("192.0.2.0/25", "tcp", "0", "9"),
		    RANGE("192.0.2.128/25", "tcp", "0", "9")),
	 ""},
	/* the same: the first wins, whichever table it is in, however it is spelt */
	{TWO_TABLES(BIND, BIND),
	 "warning 5:1: $.tables[1].binds[0]: is never reached: the same as $.tables[0].binds[0] in "
	 "line 3"},
	{TWO_TABLES(RANGE("fd00::1/16", "udp", "7", "7"),
		    "{'ip':'FD00:0:0::/16','proto':'udp','port':7}"),
	 "warning 3:7: $.tables[0].binds[0].ip: \"fd00::1/16\" has host bits: it means fd00::/16\n"
	 "warning 5:1: $.tables[1].binds[0]: is never reached: the same as $.tables[0].binds[0] in "
	 "line 3"},
	/* the narrower range wins */
	{TWO_TABLES(RANGE("192.0.2.1", "tcp", "0", "100"), BIND),
	 "warning 3:1: $.tables[0].binds[0]: overlaps $.tables[1].binds[0] in line 5, which wins "
	 "where both match"},
	{TWO_TABLES(
		 RANGE("192.0.2.1", "tcp", "10", "13"),
		 RANGE("192.0.2.1", "tcp", "10", "11") ",\n" RANGE("192.0.2.1", "tcp", "12", "13")),
	 "warning 3:1: $.tables[0].binds[0]: is never reached: narrower ones, such as "
	 "$.tables[1].binds[0] in line 5, win on all its ports"},
	/* the longer prefix wins, whatever the ports */
	{TWO_TABLES(RANGE("192.0.2.0/24", "tcp", "80", "80"),
		    RANGE("192.0.2.1", "tcp", "0", "65535")),
	 "warning 3:1: $.tables[0].binds[0]: overlaps $.tables[1].binds[0] in line 5, which wins "
	 "where both match"},
	{TWO_TABLES(RANGE("0.0.0.0/0", "tcp", "65535", "65535"),
		    RANGE("192.0.2.1", "tcp", "65535", "65535")),
	 "warning 3:1: $.tables[0].binds[0]: overlaps $.tables[1].binds[0] in line 5, which wins "
	 "where both match\n"
	 "warning 3:1: $.tables[0].binds[0]: has backend 10.0.0.1, $.tables[0].backends[0] in line "
	 "2 (and 3 more) inside: what is sent there goes to directors"},
};

START_TEST(the_loser_of_an_overlap_is_told_and_the_winner_named)
{
	static char text[DOCUMENT_LEN_MAX];
	struct glb_spec spec;

	parse(&spec, text, document(text, cases[_i].json));
	ck_assert_str_eq(told, cases[_i].why);
	glb_spec_free(&spec);
}
END_TEST

/* --- Against every pair --- */

enum { BINDS_MAX = 24 };

struct random_bind {
	struct glb_bind bind;
	unsigned int table;
	unsigned int index;
};

/* Few addresses and ports, so that much overlaps. */
static unsigned int make_binds(struct random_bind *out, uint64_t *random)
{
	unsigned int count = 2 + (unsigned int)(next_random(random) % (BINDS_MAX - 1));
	unsigned int split = (unsigned int)(next_random(random) % (count - 1)) + 1;

	for (unsigned int i = 0; i < count; i++) {
		uint16_t ports[2] = {(uint16_t)(next_random(random) % 12),
				     (uint16_t)(next_random(random) % 12)};
		unsigned int len = 28 + (unsigned int)(next_random(random) % 5);
		struct glb_addr addr = {{192, 0, 2, (uint8_t)(next_random(random) % 16)}, 4};

		out[i].table = i >= split;
		out[i].index = i >= split ? i - split : i;
		out[i].bind = (struct glb_bind){
			.addr = addr_network(&addr, len),
			.prefix_len = (uint8_t)len,
			.proto = next_random(random) % 8 ? GLB_PROTO_TCP : GLB_PROTO_UDP,
			.port_first = ports[0] < ports[1] ? ports[0] : ports[1],
			.port_last = ports[0] < ports[1] ? ports[1] : ports[0],
		};
	}
	return count;
}

static size_t write_binds(char *out, const struct random_bind *binds, unsigned int count)
{
	char addr[ADDR_TEXT_LEN];
	size_t at =
		document(out, "{'tables':[{" KEYS ",'backends':[" BACKEND "," OTHER "],'binds':[");

	for (unsigned int i = 0; i < count; i++) {
		const struct glb_bind *bind = &binds[i].bind;

		if (i && !binds[i].index)
			at += document(out + at, "]},{" ITS_KEYS ",'backends':[" BACKEND "," OTHER
						 "],'binds':[");
		else if (i)
			out[at++] = ',';
		at += (size_t)sprintf(out + at,
				      "{\"ip\":\"%s/%u\",\"proto\":\"%s\",\"port_start\":%u,"
				      "\"port_end\":%u}",
				      addr_text(addr, &bind->addr), bind->prefix_len,
				      bind->proto == GLB_PROTO_TCP ? "tcp" : "udp",
				      bind->port_first, bind->port_last);
	}
	return at + (size_t)sprintf(out + at, "]}]}");
}

static bool match_alike(const struct glb_bind *a, const struct glb_bind *b)
{
	unsigned int shorter = a->prefix_len < b->prefix_len ? a->prefix_len : b->prefix_len;
	struct glb_addr networks[] = {addr_network(&a->addr, shorter),
				      addr_network(&b->addr, shorter)};

	return a->proto == b->proto && glb_addr_equal(&networks[0], &networks[1]) &&
	       a->port_first <= b->port_last && b->port_first <= a->port_last;
}

static bool wins(const struct random_bind *a, const struct random_bind *b, bool a_is_first)
{
	int width_a = a->bind.port_last - a->bind.port_first;
	int width_b = b->bind.port_last - b->bind.port_first;

	if (a->bind.prefix_len != b->bind.prefix_len)
		return a->bind.prefix_len > b->bind.prefix_len;
	return width_a != width_b ? width_a < width_b : a_is_first;
}

/* 0: reached wherever it matches; 1: not everywhere; 2: no port left by binds of its own prefix */
static int fate(const struct random_bind *binds, unsigned int count, unsigned int i)
{
	const struct glb_bind *bind = &binds[i].bind;
	unsigned int ports_lost = 0;
	int lost = 0;

	for (unsigned int other = 0; other < count; other++)
		lost |= other != i && match_alike(bind, &binds[other].bind) &&
			wins(&binds[other], &binds[i], other < i);
	for (unsigned int port = bind->port_first; port <= bind->port_last; port++) {
		bool port_lost = false;

		for (unsigned int other = 0; other < count; other++)
			port_lost |= other != i &&
				     binds[other].bind.prefix_len == bind->prefix_len &&
				     match_alike(bind, &binds[other].bind) &&
				     wins(&binds[other], &binds[i], other < i) &&
				     binds[other].bind.port_first <= port &&
				     port <= binds[other].bind.port_last;
		ports_lost += port_lost;
	}
	return ports_lost == bind->port_last - bind->port_first + 1U ? 2 : lost;
}

static int told_fate(const struct random_bind *bind)
{
	char place[64];
	const char *found;

	(void)snprintf(place, sizeof(place), "$.tables[%u].binds[%u]: ", bind->table, bind->index);
	found = strstr(told, place);
	if (!found)
		return 0;
	ck_assert_ptr_null(strstr(found + 1, place)); /* told once */
	return strstr(found, "is never reached") == found + strlen(place) ? 2 : 1;
}

START_TEST(every_loser_and_no_other_is_told)
{
	static char text[DOCUMENT_LEN_MAX];
	struct random_bind binds[BINDS_MAX + 1];
	uint64_t random = 1 + (uint64_t)_i;

	for (int run = 0; run < 200; run++) {
		unsigned int count = make_binds(binds, &random);
		struct glb_spec spec;

		parse(&spec, text, write_binds(text, binds, count));
		for (unsigned int i = 0; i < count; i++)
			ck_assert_msg(told_fate(&binds[i]) == fate(binds, count, i),
				      "bind %u of %s\n%s", i, text, told);
		glb_spec_free(&spec);
	}
}
END_TEST

/* --- Many --- */

/* The shapes that make each part of the work largest. */
static size_t write_many(char *out, size_t room, int shape)
{
	size_t start =
		document(out, "{'tables':[{" KEYS ",'backends':[" BACKEND "," OTHER "],'binds':[");
	FILE *at = fmemopen(out + start, room - start, "w");

	ck_assert_ptr_nonnull(at);
	for (unsigned int i = 0; i < GLB_BINDS_MAX; i++) {
		bool half = i % 2;

		if (shape == 0) /* all the same */
			fprintf(at, "{\"ip\":\"::/0\",\"port\":1");
		else if (shape == 1) /* ranges in ranges */
			fprintf(at, "{\"ip\":\"::/0\",\"port_start\":%u,\"port_end\":%u", i,
				65535 - i);
		else if (shape == 2) /* hosts in prefixes, on other ports */
			fprintf(at, "{\"ip\":\"fd00::%x/%u\",\"port\":%u", half ? i : 0,
				half ? 128 : 16, half ? 1 : 2 + i);
		else /* prefixes in prefixes */
			fprintf(at, "{\"ip\":\"::/%u\",\"port\":%u", i % 129, i / 129);
		fprintf(at, ",\"proto\":\"tcp\"}%s", i + 1 < GLB_BINDS_MAX ? "," : "]}]}");
	}

	size_t len = start + (size_t)ftell(at);

	ck_assert_int_eq(fclose(at), 0);
	return len;
}

START_TEST(the_most_binds_of_a_table_are_checked)
{
	static const uint32_t want[] = {GLB_BINDS_MAX - 1, GLB_BINDS_MAX - 1, 0,
					GLB_BINDS_MAX - 128};
	const size_t room = (size_t)GLB_BINDS_MAX * 80 + 1024;
	char *text = malloc(room);
	struct glb_spec spec;

	ck_assert_ptr_nonnull(text);

	size_t len = write_many(text, room, _i);

	parse(&spec, text, len);
	ck_assert_uint_eq(report.totals[SEVERITY_WARNING], want[_i]);
	glb_spec_free(&spec);
	free(text);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("overlap");
	TCase *overlap = tcase_create("overlap");

	tcase_add_loop_test(overlap, the_loser_of_an_overlap_is_told_and_the_winner_named, 0,
			    COUNT_OF(cases));
	tcase_add_loop_test(overlap, every_loser_and_no_other_is_told, 0, 5);
	tcase_add_loop_test(overlap, the_most_binds_of_a_table_are_checked, 0, 4);
	suite_add_tcase(suite, overlap);
	return suite;
}
