/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "differences.h"

struct glb_generation *differences_generation(const struct traffic *traffic,
					      const struct glb_settings *settings)
{
	struct glb_generation like = *traffic->gen;
	struct glb_generation *gen;

	like.settings = *settings;
	if (glb_generation_with_ports(&gen, &like, settings->ports))
		abort();
	return gen;
}

static double time_chunk(const struct differences *all, const struct glb_generation *gen)
{
	double begin;

	traffic_refill(all->traffic, TRAFFIC_CHUNK);
	begin = bench_now_ms();
	all->forward(all->traffic, gen);
	return (bench_now_ms() - begin) * 1e6 / TRAFFIC_CHUNK;
}

/* Adds what a repeat has shown. */
static void repeat(struct samples *differences, const struct differences *all, unsigned int rounds)
{
	static struct samples samples[DIFFERENCES_MAX];
	const unsigned int last = all->count - 1;

	for (unsigned int i = 0; i < all->count; i++)
		samples[i].count = 0;
	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned int i = 0; i < all->count; i++)
			samples_add(&samples[i], time_chunk(all, all->gens[i]));

	const double without = samples_spread(&samples[last]).median;

	for (unsigned int i = 0; i < all->count; i++)
		samples_add(&differences[i],
			    samples_spread(&samples[i]).median - (i < last ? without : 0));
}

void differences_report(struct report *out, const struct differences *all,
			const struct options *options)
{
	static struct samples differences[DIFFERENCES_MAX];
	const uint8_t isa = all->gens[0]->settings.isa;

	for (unsigned int i = 0; i < all->count; i++)
		differences[i].count = 0;
	for (unsigned int r = 0; r < options->repeats; r++)
		repeat(differences, all, options->rounds);
	for (unsigned int i = 0; i < all->count; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%s, %s", glb_isa_name((enum glb_isa)isa),
			       all->names[i]);
		report_row(out, all->traffic->subject->name, name, &differences[i], NULL);
	}
}
