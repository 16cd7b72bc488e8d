/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a deny file. */
#include <string.h>

#include "conf/deny.h"
#include "fuzz.h"

/* Does a prefix have its own first and last address denied, and is it found by them? */
static void check_prefix(const struct glb_deny *deny, const struct glb_deny_prefix *prefix)
{
	struct glb_addr addr = prefix->addr;
	const struct glb_deny_prefix *found;

	PROMISE(addr.version == 4 || addr.version == 6);
	PROMISE(prefix->prefix_len && prefix->prefix_len <= (addr.version == 4 ? 32 : 128));
	PROMISE(glb_denies(deny, addr.bytes, addr.version));
	for (unsigned int bit = prefix->prefix_len; bit < (addr.version == 4 ? 32 : 128); bit++)
		addr.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	PROMISE(glb_denies(deny, addr.bytes, addr.version));
	found = glb_deny_find(deny, &addr);
	PROMISE(found && found->prefix_len >= prefix->prefix_len);
}

/* An address that no prefix has is not denied. */
static void check_others(const struct glb_deny *deny, const uint8_t *input, size_t len)
{
	struct glb_addr addr = {.version = len & 1 ? 4 : 6};

	memcpy(addr.bytes, input, len < 16 ? len : 16);
	PROMISE(glb_denies(deny, addr.bytes, addr.version) == (glb_deny_find(deny, &addr) != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct glb_deny *deny = NULL;
	struct report report;
	int err;

	report_init(&report);
	err = deny_parse(&deny, "deny.conf", (const char *)input, len, &report);
	PROMISE(err ? report_has_errors(&report) && !deny : !report_has_errors(&report));
	for (uint32_t i = 0; i < report.count; i++)
		PROMISE(report.problems[i].line);
	if (err)
		return 0;
	for (uint32_t i = 0; i < deny->prefix_count && i < 200; i++)
		check_prefix(deny, &deny->prefixes[i]);
	check_others(deny, input, len);
	glb_deny_free(deny);
	return 0;
}
