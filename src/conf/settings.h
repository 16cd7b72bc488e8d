/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director.json say about the data path, apart from ports?
 */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include <glb/generation.h>

#include "conf/json.h"

/* Keys of this module, for a list of known ones. */
#define SETTINGS_KEYS                                                                              \
	"outbound_src_ip", "outbound_src_ip6", "hash_fields", "alt_hash_fields", "echo",           \
		"forward_icmp_ping_responses", "icmp_errors", "fragments", "verify_ip_checksum",   \
		"min_ttl", "padding", "too_big", "answers_per_second", "errors_per_second",        \
		"clamp_mss", "outer_dscp", "outer_ecn", "outer_errors", "udp_checksum",            \
		"unique_hops", "instruction_set"

/*
 * Reads the source address of outer headers of one IP version. *out is unchanged if it is absent or
 * invalid; problems go into the report.
 *
 * keys  of the IPv4 source, and of the IPv6 source
 */
void src_addr_read(struct glb_addr *out, uint8_t version, const char *const keys[2],
		   const struct conf_value *root);

enum { FIELDS_TEXT_LEN = 48 };

/* The names of a set of enum glb_hash_field, as in hash_fields, separated by spaces. Returns out.
 */
const char *fields_text(char out[FIELDS_TEXT_LEN], uint8_t fields);

/*
 * Reads them from an object into settings initialised with defaults, which stay if a key is absent
 * or invalid; problems go into the report.
 */
void settings_read(struct glb_settings *settings, const struct conf_value *root);

#endif
