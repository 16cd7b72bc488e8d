/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which tables and settings do tests and fuzzers work with that need some, but none in particular?
 *
 *   table 0   1.1.1.1 tcp 80 and 443                        1.2.3.4  2.3.4.5  3.4.5.6
 *   table 1   1.1.1.2, 1.1.1.3, fdb4:98ce:52d4::42 tcp 80   4.5.6.7  5.6.7.8  6.7.8.9  7.8.9.0
 *   table 2   10.0.0.0/8 udp 1000-2000, 2001:db8::/32 tcp   192.0.2.1, alone
 *
 * All backends are active and healthy. Tables 0 and 1 are those other implementations test with, so
 * that their rows are known. The wide fixture has more, and no backend twice:
 *
 *   table 3   1.1.1.4, fdb4:98ce:52d4::44 tcp, 1.1.1.1 udp 53     2001:db8:5::1 to ::4
 *   table 4   1.1.1.5, fdb4:98ce:52d4::45 tcp, udp                2001:db8:6::1 to ::5, 4 hops
 *   table 5   1.1.1.6, fdb4:98ce:52d4::46 tcp, udp for QUIC       172.16.0.1 to .5, 4 hops, whose
 *             server IDs are 0, 1, 0x102, 0xffff and none
 *   table 6   1.1.1.7, fdb4:98ce:52d4::47 tcp, udp 80     172.16.0.11 to .15, 4 hops; and 1.1.1.7
 *             udp 443 for QUIC, the server ID of .11 is 0x4243, which payloads of frame.h name
 *   table 7   1.1.1.8 tcp, udp 80                         172.16.0.21, alone
 */
#ifndef UNIT_FIXTURE_H
#define UNIT_FIXTURE_H

#include <glb/generation.h>

extern const struct glb_spec fixture_spec;

/* From 65.65.65.65 and 2001:db8:41::41 to gateway 02:00:00:00:01:00, hashed by source address,
 * echoes forwarded. */
extern const struct glb_settings fixture_settings;

/* The tables of fixture_spec, for glb_tables_free(). */
struct glb_tables fixture_tables(void);

/* A generation of those tables, for glb_generation_free(). */
struct glb_generation *fixture_generation(const struct glb_settings *settings);

/*
 * A generation of the wide fixture, for glb_generation_free(): the tables are built once and shared
 * by all. With alternative hash fields, table 4 has 2 hops. NULL if settings->isa is not for this
 * processor.
 */
struct glb_generation *fixture_wide_generation(const struct glb_settings *settings);

/*
 * A generation of the tables of another one, under other settings, for glb_generation_free(): in no
 * time, which is why neither whether there are alternative hash fields, nor unique_hops, nor which
 * families have a source address may be different. NULL if settings->isa is not for this processor.
 */
struct glb_generation *fixture_with_settings(const struct glb_generation *base,
					     const struct glb_settings *settings);

/* An unchecked fixture of a test case: builds those tables once for all of its tests. */
void fixture_share_wide(void);

/*
 * A generation of the wide fixture, but towards backends of the other family: 2001:db8:7::a.b.c.d
 * for a.b.c.d, 172.31.5.1 for 2001:db8:5::1. All tables have so many hops, 2 to 4; 0: as above, and
 * 3 in table 1. With alternative hash fields all have 2.
 */
struct glb_generation *fixture_wide6_generation(const struct glb_settings *settings, uint8_t hops);

#endif
