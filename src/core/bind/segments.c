/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ports are cut into pieces wherever a rule begins or has ended. Then each rule, best first,
 * takes the pieces of its range that are left. Taken pieces are not visited again: each refers to a
 * later one up to which all are taken, and paths are shortened as they are followed, as in the sets
 * of Tarjan, "Efficiency of a good but not linear set union algorithm", 1975.
 */
#include <stdbool.h>
#include <string.h>

#include "segments.h"

enum { PORTS = 1 << 16, WORDS = PORTS / 64 };
#define NO_RULE UINT32_MAX

/* A set of ports that can be enumerated in order. Only the words in use are initialised. */
struct ports {
	uint64_t used[WORDS / 64];
	uint64_t words[WORDS];
};

static void add_port(struct ports *ports, uint32_t port)
{
	uint32_t word = port / 64;
	uint64_t in_use = 1ULL << word % 64;

	if (!(ports->used[word / 64] & in_use))
		ports->words[word] = 0;
	ports->used[word / 64] |= in_use;
	ports->words[word] |= 1ULL << port % 64;
}

/* Marks where pieces begin; none begins after the last port. */
static void cut(struct ports *cuts, const struct rule *rules, uint32_t count)
{
	memset(cuts->used, 0, sizeof(cuts->used));
	for (uint32_t i = 0; i < count; i++) {
		add_port(cuts, rules[i].port_first);
		if (rules[i].port_last < PORTS - 1)
			add_port(cuts, rules[i].port_last + 1U);
	}
}

/* Removes and returns the lowest bit that is set, of which there is at least one. */
static uint32_t take_bit(uint64_t *bits)
{
	uint32_t lowest = (uint32_t)__builtin_ctzll(*bits);

	*bits &= *bits - 1;
	return lowest;
}

/* Until segments_join(), `last` of a piece is not a port but the index of a piece: see
 * last_taken(). */
static uint32_t list_pieces(struct segment *pieces, struct ports *cuts)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < WORDS / 64; i++) {
		while (cuts->used[i]) {
			uint32_t word = i * 64 + take_bit(&cuts->used[i]);

			while (cuts->words[word]) {
				uint32_t port = word * 64 + take_bit(&cuts->words[word]);

				pieces[count] =
					(struct segment){(uint16_t)port, (uint16_t)count, NO_RULE};
				count++;
			}
		}
	}
	return count;
}

static bool is_taken(const struct segment *piece)
{
	return piece->rule != NO_RULE;
}

/* The last of the pieces taken without a gap from a taken one on. */
static uint32_t last_taken(struct segment *pieces, uint32_t at)
{
	while (pieces[at].last != at) {
		pieces[at].last = pieces[pieces[at].last].last;
		at = pieces[at].last;
	}
	return at;
}

/* Assigns a piece, which is not taken, to a rule. */
static void segments_take(struct segment *pieces, uint32_t count, uint32_t at, uint32_t rule)
{
	pieces[at].rule = rule;
	if (at + 1 < count && is_taken(&pieces[at + 1]))
		pieces[at].last = (uint16_t)(at + 1);
	if (at > 0 && is_taken(&pieces[at - 1]))
		pieces[at - 1].last = (uint16_t)at;
}

/* Assigns to rules[i] what better rules have left of its range. */
static void take_range(struct segment *pieces, uint32_t count, const struct rule *rules, uint32_t i)
{
	const struct segment *first = segments_at(pieces, count, rules[i].port_first);

	for (uint32_t at = (uint32_t)(first - pieces);
	     at < count && pieces[at].first <= rules[i].port_last; at++) {
		if (is_taken(&pieces[at]))
			at = last_taken(pieces, at);
		else
			segments_take(pieces, count, at, i);
	}
}

/* Turns pieces into segments in place, joining neighbours of one rule. */
static uint32_t segments_join(struct segment *pieces, uint32_t count)
{
	uint32_t joined = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct segment next = pieces[i];
		struct segment *before = joined ? &pieces[joined - 1] : NULL;

		next.last = i + 1 < count ? (uint16_t)(pieces[i + 1].first - 1) : PORTS - 1;
		if (!is_taken(&next))
			continue;
		if (before && before->rule == next.rule && before->last + 1 == next.first)
			before->last = next.last;
		else
			pieces[joined++] = next;
	}
	return joined;
}

uint32_t segments_of(struct segment *out, const struct rule *rules, uint32_t count)
{
	struct ports cuts;
	uint32_t pieces;

	cut(&cuts, rules, count);
	pieces = list_pieces(out, &cuts);
	for (uint32_t i = 0; i < count; i++)
		take_range(out, pieces, rules, i);
	return segments_join(out, pieces);
}
