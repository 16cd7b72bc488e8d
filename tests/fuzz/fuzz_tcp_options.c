/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is the options of a TCP header. */
#include <string.h>

#include "fuzz.h"
#include "redirect/syn_cookie.h"

/* Reads the first len bytes of the input from a room that ends where it must. */
static struct tcp_options options_in(const uint8_t *input, size_t len, uint8_t behind)
{
	uint8_t *room = malloc(TCP_OPTIONS_ROOM);
	struct tcp_options options;

	PROMISE(room);
	memset(room, behind, TCP_OPTIONS_ROOM);
	memcpy(room, input, len);
	tcp_options_read(&options, room, (uint32_t)len);
	free(room);
	return options;
}

static bool are_same(const struct tcp_options *a, const struct tcp_options *b)
{
	return a->tsval == b->tsval && a->tsecr == b->tsecr && a->read_len == b->read_len &&
	       a->mss == b->mss && a->wscale == b->wscale && a->sack == b->sack &&
	       a->timestamp == b->timestamp && a->is_signed == b->is_signed;
}

/* A cookie for what was read says it again. */
static void check_cookie(const struct tcp_options *options, uint8_t version)
{
	const struct syn_cookie_key key = {{1, 2}};
	const struct syn_ends ends = {.client_isn = options->tsval, .version = version};
	uint16_t least = version == 4 ? SYN_MSS_DEFAULT_V4 : SYN_MSS_DEFAULT_V6;
	const struct syn_said said = {options->mss < least ? least : options->mss, options->wscale,
				      options->sack};
	struct syn_said again;
	uint32_t offset;
	uint64_t now_ns = (uint64_t)options->tsecr << 32 | 1ULL << SYN_COOKIE_PERIOD_BITS;
	uint32_t cookie = syn_cookie_make(&offset, &key, &ends, &said, now_ns);

	PROMISE(syn_cookie_check(&again, &key, &ends, cookie, now_ns));
	PROMISE(again.wscale == said.wscale && again.sack == said.sack);
	PROMISE(again.mss <= said.mss && again.mss >= least);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	if (len > TCP_OPTIONS_LEN_MAX)
		return 0;

	struct tcp_options options = options_in(input, len, 0);
	struct tcp_options other = options_in(input, len, 0xff);
	struct tcp_options whole = options_in(input, options.read_len, 2);

	PROMISE(options.read_len <= len);
	PROMISE(options.wscale <= TCP_WSCALE_NONE);
	PROMISE(are_same(&options, &other));
	PROMISE(are_same(&options, &whole));
	PROMISE(options.timestamp || (!options.tsval && !options.tsecr));
	check_cookie(&options, 4);
	check_cookie(&options, 6);
	return 0;
}
