/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/addr.h"
#include "director/xdp/vips.h"
#include "suite.h"

enum { BINDS_MAX = 16 };

/* Tables with one table that has these binds; "" ends the list. */
static struct glb_tables tables_of(const char *const *texts)
{
	struct glb_table *table = calloc(1, sizeof(*table));
	struct glb_tables tables = {calloc(1, sizeof(*tables.tables)), 1};

	ck_assert(table && tables.tables);
	tables.tables[0] = table;
	table->spec.binds = calloc(BINDS_MAX, sizeof(*table->spec.binds));
	ck_assert(table->spec.binds);
	for (unsigned int i = 0; texts[i]; i++) {
		struct glb_bind *bind = &table->spec.binds[table->spec.bind_count++];

		ck_assert(prefix_parse(&bind->addr, &bind->prefix_len, texts[i]));
	}
	return tables;
}

static void free_tables(struct glb_tables *tables)
{
	free(tables->tables[0]->spec.binds);
	free(tables->tables[0]);
	free(tables->tables);
}

static struct xdp_vips vips_of(const char *const *texts, const struct glb_settings *settings)
{
	struct glb_tables tables = tables_of(texts);
	struct glb_diag diag = {{0}};
	struct xdp_vips vips;

	ck_assert_int_eq(xdp_vips_list(&vips, &tables, settings, &diag), 0);
	ck_assert_str_eq(diag.text, "");
	free_tables(&tables);
	return vips;
}

static const struct glb_settings no_settings;

/* The roles of an address or prefix; 0: it is not listed. */
static unsigned int roles_of(const struct xdp_vips *vips, const char *text)
{
	struct glb_addr addr;
	uint8_t prefix_len;

	ck_assert(prefix_parse(&addr, &prefix_len, text));
	for (uint32_t i = 0; i < vips->count; i++) {
		const struct xdp_key *key = &vips->list[i].key;

		if (key->version == addr.version &&
		    key->bit_count == (uint32_t)XDP_VERSION_BITS + prefix_len &&
		    !memcmp(key->address, addr.bytes, sizeof(key->address)))
			return vips->list[i].roles;
	}
	return 0;
}

START_TEST(every_address_and_prefix_of_a_bind_is_listed_once)
{
	static const char *const binds[] = {"192.0.2.10", "192.0.2.10",	     "2001:db8::10",
					    "192.0.2.10", "198.18.0.7/24",   "198.18.0.9/24",
					    "0.0.0.0/0",  "2001:db8:1::/64", NULL};
	struct xdp_vips vips = vips_of(binds, &no_settings);

	ck_assert_uint_eq(vips.count, 5);
	ck_assert_uint_eq(roles_of(&vips, "192.0.2.10"), XDP_ROLE_VIP);
	ck_assert_uint_eq(roles_of(&vips, "2001:db8::10"), XDP_ROLE_VIP);
	ck_assert_uint_eq(roles_of(&vips, "198.18.0.0/24"), XDP_ROLE_VIP);
	ck_assert_uint_eq(roles_of(&vips, "0.0.0.0/0"), XDP_ROLE_VIP);
	ck_assert_uint_eq(roles_of(&vips, "2001:db8:1::/64"), XDP_ROLE_VIP);
	for (uint32_t i = 1; i < vips.count; i++)
		ck_assert_int_lt(
			memcmp(&vips.list[i - 1].key, &vips.list[i].key, sizeof(vips.list[i].key)),
			0);
	xdp_vips_free(&vips);
}
END_TEST

START_TEST(sources_are_listed_while_errors_about_outer_packets_are_relayed)
{
	static const char *const binds[] = {"10.0.0.11", NULL};
	struct glb_settings settings = {.relay_outer_errors = true};
	struct xdp_vips vips;

	ck_assert(addr_parse(&settings.src_addr, "10.0.0.11"));
	ck_assert(addr_parse(&settings.src_addr6, "fd00::11"));
	vips = vips_of(binds, &settings);
	ck_assert_uint_eq(vips.count, 2);
	ck_assert_uint_eq(roles_of(&vips, "10.0.0.11"), XDP_ROLE_VIP | XDP_ROLE_SOURCE);
	ck_assert_uint_eq(roles_of(&vips, "fd00::11"), XDP_ROLE_SOURCE);
	xdp_vips_free(&vips);

	settings.relay_outer_errors = false;
	vips = vips_of(binds, &settings);
	ck_assert_uint_eq(vips.count, 1);
	ck_assert_uint_eq(roles_of(&vips, "10.0.0.11"), XDP_ROLE_VIP);
	xdp_vips_free(&vips);
}
END_TEST

START_TEST(two_sets_together_have_the_roles_of_both)
{
	static const char *const one[] = {"192.0.2.10", "198.18.0.0/24", NULL};
	static const char *const other[] = {"192.0.2.10", "192.0.2.11", NULL};
	struct xdp_vips a = vips_of(one, &no_settings);
	struct xdp_vips b = vips_of(other, &no_settings);
	struct xdp_vips both;

	b.list[0].roles = XDP_ROLE_SOURCE;
	ck_assert_int_eq(xdp_vips_join(&both, &a, &b), 0);
	ck_assert_uint_eq(both.count, 3);
	ck_assert_uint_eq(roles_of(&both, "192.0.2.10"), XDP_ROLE_VIP | XDP_ROLE_SOURCE);
	ck_assert_uint_eq(roles_of(&both, "192.0.2.11"), XDP_ROLE_VIP);
	ck_assert_uint_eq(roles_of(&both, "198.18.0.0/24"), XDP_ROLE_VIP);
	xdp_vips_free(&a);
	xdp_vips_free(&b);
	xdp_vips_free(&both);
}
END_TEST

/* What was called, in order: + or -, and the last byte of the address. */
struct calls {
	char text[64];
	int fail_at;
};

static int call(struct calls *calls, char sign, const struct xdp_entry *entry)
{
	size_t len = strlen(calls->text);

	if (calls->fail_at && !--calls->fail_at)
		return -ENOSPC;
	(void)snprintf(calls->text + len, sizeof(calls->text) - len, "%c%u", sign,
		       entry->key.address[3]);
	return 0;
}

static int set(void *arg, const struct xdp_entry *entry)
{
	return call(arg, '+', entry);
}

static int unset(void *arg, const struct xdp_entry *entry)
{
	return call(arg, '-', entry);
}

START_TEST(one_set_becomes_another_by_what_differs)
{
	static const char *const one[] = {"10.0.0.1", "10.0.0.2", "10.0.0.4", "10.0.0.7", NULL};
	static const char *const other[] = {"10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.9", NULL};
	struct xdp_vips a = vips_of(one, &no_settings);
	struct xdp_vips b = vips_of(other, &no_settings);
	struct xdp_vips none = {.count = 0};
	struct calls calls = {.fail_at = 0};
	const struct xdp_changes changes = {set, unset, &calls};

	b.list[2].roles |= XDP_ROLE_SOURCE;
	ck_assert_int_eq(xdp_vips_change(&a, &b, &changes), 0);
	ck_assert_str_eq(calls.text, "-1+3+4-7+9");
	calls = (struct calls){.fail_at = 0};
	ck_assert_int_eq(xdp_vips_change(&a, &a, &changes), 0);
	ck_assert_str_eq(calls.text, "");
	ck_assert_int_eq(xdp_vips_change(&none, &a, &changes), 0);
	ck_assert_int_eq(xdp_vips_change(&a, &none, &changes), 0);
	ck_assert_str_eq(calls.text, "+1+2+4+7-1-2-4-7");
	calls = (struct calls){.fail_at = 2};
	ck_assert_int_eq(xdp_vips_change(&none, &a, &changes), -ENOSPC);
	ck_assert_str_eq(calls.text, "+1");
	xdp_vips_free(&a);
	xdp_vips_free(&b);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("xdp_vips");
	TCase *vips = tcase_create("xdp_vips");

	tcase_add_test(vips, every_address_and_prefix_of_a_bind_is_listed_once);
	tcase_add_test(vips, sources_are_listed_while_errors_about_outer_packets_are_relayed);
	tcase_add_test(vips, two_sets_together_have_the_roles_of_both);
	tcase_add_test(vips, one_set_becomes_another_by_what_differs);
	suite_add_tcase(suite, vips);
	return suite;
}
