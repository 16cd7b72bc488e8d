/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stddef.h>

#include <glb/hash.h>

#include "conf/addr.h"
#include "conf/settings.h"

enum {
	TTL_MAX = 255,
	DSCP_MAX = 63,
	ANSWERS_PER_SECOND_MAX = 1000000,
};

/* Keys whose value is one of a list of words; stored as its index. */
static const struct {
	const char *key;
	size_t at; /* in struct glb_settings: one byte, an enum or a flag */
	const char *names[5];
	const char *wanted;
} words[] = {
	{"icmp_errors",
	 offsetof(struct glb_settings, all_icmp_errors),
	 {"compatible", "all"},
	 "compatible or all"},
	{"fragments",
	 offsetof(struct glb_settings, forward_fragments),
	 {"drop", "address"},
	 "drop or address"},
	{"padding", offsetof(struct glb_settings, trim_padding), {"keep", "trim"}, "keep or trim"},
	{"too_big",
	 offsetof(struct glb_settings, too_big),
	 {"forward", "answer", "drop"},
	 "forward, answer or drop"},
	{"outer_errors",
	 offsetof(struct glb_settings, relay_outer_errors),
	 {"punt", "relay"},
	 "punt or relay"},
	{"outer_ecn", offsetof(struct glb_settings, copy_ecn), {"zero", "copy"}, "zero or copy"},
	{"udp_checksum",
	 offsetof(struct glb_settings, udp_checksum),
	 {"full", "inner", "offload", "zero"},
	 "full, inner, offload or zero"},
	{"instruction_set",
	 offsetof(struct glb_settings, isa),
	 {"best", "generic", "avx2", "avx512"},
	 "best, generic, avx2 or avx512"},
};
_Static_assert(sizeof(bool) == 1, "a flag is as large as the enums");
_Static_assert(GLB_TOO_BIG_ANSWER == 1 && GLB_TOO_BIG_DROP == 2 && GLB_UDP_INNER == 1 &&
		       GLB_UDP_OFFLOAD == 2 && GLB_UDP_ZERO == 3 && GLB_ISA_GENERIC == 1 &&
		       GLB_ISA_AVX2 == 2 && GLB_ISA_AVX512 == 3,
	       "words stand in the order of their enums");

static void settings_read_words(struct glb_settings *settings, const struct conf_value *root)
{
	for (unsigned int i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct conf_value value;
		uint32_t place;

		if (conf_find(&value, root, words[i].key) &&
		    !conf_choice(&place, words[i].names, words[i].wanted, &value))
			((uint8_t *)settings)[words[i].at] = (uint8_t)place;
	}
}

/* A file that is only checked may be for another machine. */
static void check_isa(const struct glb_settings *settings, const struct conf_value *root)
{
	struct glb_diag reason = {{0}};
	struct conf_value value;

	if (root->file->report->serving && conf_find(&value, root, "instruction_set") &&
	    glb_isa_check((enum glb_isa)settings->isa, &reason))
		(void)conf_refuse(&value, "%s", reason.text);
}

static void read_flags(struct glb_settings *settings, const struct conf_value *root)
{
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
		{"verify_ip_checksum", &settings->verify_ip_checksum},
		{"clamp_mss", &settings->clamp_mss},
		{"unique_hops", &settings->unique_hops},
	};

	for (unsigned int i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		struct conf_value value;

		if (conf_find(&value, root, flags[i].key))
			(void)conf_bool(flags[i].flag, &value);
	}
}

static void read_min_ttl(struct glb_settings *settings, const struct conf_value *root)
{
	struct conf_value value;
	uint32_t ttl;

	if (conf_find(&value, root, "min_ttl") && !conf_uint(&ttl, 0, TTL_MAX, &value))
		settings->min_ttl = (uint8_t)ttl;
}

static void read_outer_dscp(struct glb_settings *settings, const struct conf_value *root)
{
	static const char *const names[] = {"copy", NULL};
	struct conf_value value;
	uint32_t dscp;

	if (!conf_find(&value, root, "outer_dscp"))
		return;
	if (!conf_is_string(&value)) {
		if (!conf_uint(&dscp, 0, DSCP_MAX, &value))
			settings->outer_dscp = (uint8_t)dscp;
	} else if (!conf_choice(&dscp, names, "copy, nor an integer from 0 to 63", &value)) {
		settings->outer_dscp = GLB_DSCP_COPY;
	}
}

void src_addr_read(struct glb_addr *out, uint8_t version, const char *const keys[2],
		   const struct conf_value *root)
{
	struct conf_value value;
	struct glb_addr addr;

	if (!conf_find(&value, root, keys[version == 6]) || conf_addr(&addr, &value))
		return;
	if (!glb_is_host(addr.bytes, addr.version))
		conf_warn(&value, "is not the address of a single host");
	if (addr.version == version)
		*out = addr;
	else
		(void)conf_refuse(&value, "is an IPv%u address, which belongs in %s", addr.version,
				  keys[version == 4]);
}

static void read_src_addrs(struct glb_settings *settings, const struct conf_value *root)
{
	static const char *const keys[] = {"outbound_src_ip", "outbound_src_ip6"};
	struct conf_value value;
	struct conf_value value6;

	if (conf_find(&value, root, keys[0]) || conf_find(&value6, root, keys[1])) {
		src_addr_read(&settings->src_addr, 4, keys, root);
		src_addr_read(&settings->src_addr6, 6, keys, root);
	} else {
		(void)conf_refuse(&value, "is missing, as is outbound_src_ip6: give one or both");
	}
}

/* In the order of enum glb_hash_field. */
static const char *const field_names[] = {"src_addr", "dst_addr", "src_port", "dst_port", NULL};

const char *fields_text(char out[FIELDS_TEXT_LEN], uint8_t fields)
{
	char *at = out;

	*at = '\0';
	for (unsigned int i = 0; field_names[i]; i++)
		if (fields >> i & 1)
			at += sprintf(at, "%s%s", at == out ? "" : " ", field_names[i]);
	return out;
}

/* *out is unchanged if the key is absent or invalid. */
static void read_hash_fields(uint8_t *out, const struct conf_value *root, const char *key)
{
	struct conf_value fields;
	uint8_t set = 0;

	if (!conf_find(&fields, root, key) || conf_object(&fields))
		return;

	/* directors that hash different fields break each other's flows: no typos here */
	int err = conf_refuse_unknown(&fields, field_names);

	for (unsigned int i = 0; field_names[i]; i++) {
		struct conf_value field;
		bool on = false;

		if (conf_find(&field, &fields, field_names[i]) && conf_bool(&on, &field))
			err = -EINVAL;
		set |= (uint8_t)(on << i);
	}
	if (!set && !err)
		err = conf_refuse(&fields, "names no field to hash");
	if (!err)
		*out = set;
}

/* Only a warning: they are equal for a while when hash_fields is migrated. */
static void check_alternative(const struct glb_settings *settings, const struct conf_value *root)
{
	struct conf_value value;

	if (settings->alt_hash_fields == settings->hash_fields &&
	    conf_find(&value, root, "alt_hash_fields"))
		conf_warn(&value, "lists the same hops as hash_fields");
}

/* The original has a flag that selects between two of the modes. */
static void read_echo(struct glb_settings *settings, const struct conf_value *root)
{
	static const char *const names[] = {"forward", "answer", "punt", "drop", NULL};
	struct conf_value old;
	struct conf_value value;
	uint32_t echo;
	bool forward = true;
	bool is_old =
		conf_find(&old, root, "forward_icmp_ping_responses") && !conf_bool(&forward, &old);

	settings->echo = forward ? GLB_ECHO_FORWARD : GLB_ECHO_PUNT;
	if (!conf_find(&value, root, "echo") ||
	    conf_choice(&echo, names, "forward, answer, punt or drop", &value))
		return;
	if (is_old && echo != settings->echo)
		(void)conf_refuse(&value, "contradicts forward_icmp_ping_responses: %s is \"%s\"",
				  forward ? "true" : "false", names[settings->echo]);
	settings->echo = (uint8_t)echo; /* enum glb_echo in the order of names */
}

/*
 * Called after the settings that enable replies are read. The older key limits both kinds of
 * replies if the newer one is absent.
 */
static void read_answers(struct glb_settings *settings, const struct conf_value *root)
{
	bool errors = settings->too_big == GLB_TOO_BIG_ANSWER || settings->relay_outer_errors;
	struct conf_value rate;
	struct conf_value error_rate;
	bool apart = conf_find(&error_rate, root, "errors_per_second");

	if (conf_find(&rate, root, "answers_per_second") &&
	    !conf_uint(&settings->answers_per_second, 1, ANSWERS_PER_SECOND_MAX, &rate) &&
	    settings->echo != GLB_ECHO_ANSWER && (apart || !errors))
		conf_warn(&rate, apart ? "has no effect: echo is not \"answer\""
				       : "has no effect: neither echo nor too_big is \"answer\", "
					 "nor outer_errors \"relay\"");
	settings->errors_per_second = settings->answers_per_second;
	if (apart &&
	    !conf_uint(&settings->errors_per_second, 1, ANSWERS_PER_SECOND_MAX, &error_rate) &&
	    !errors)
		conf_warn(&error_rate,
			  "has no effect: too_big is not \"answer\", nor outer_errors \"relay\"");
}

static void check_fragments(const struct glb_settings *settings, const struct conf_value *root)
{
	const uint8_t ports = GLB_HASH_SRC_PORT | GLB_HASH_DST_PORT;
	bool own = settings->hash_fields & ports;
	struct conf_value value;

	if (!settings->forward_fragments ||
	    !((settings->hash_fields | settings->alt_hash_fields) & ports))
		return;
	if (conf_find(&value, root, "fragments"))
		(void)conf_refuse(&value,
				  "\"address\" is impossible: %s has a port, and later fragments "
				  "have none",
				  own ? "hash_fields" : "alt_hash_fields");
}

void settings_read(struct glb_settings *settings, const struct conf_value *root)
{
	read_src_addrs(settings, root);
	read_hash_fields(&settings->hash_fields, root, "hash_fields");
	read_hash_fields(&settings->alt_hash_fields, root, "alt_hash_fields");
	check_alternative(settings, root);
	read_echo(settings, root);
	settings_read_words(settings, root);
	check_isa(settings, root);
	read_flags(settings, root);
	read_min_ttl(settings, root);
	read_outer_dscp(settings, root);
	read_answers(settings, root);
	check_fragments(settings, root);
}
