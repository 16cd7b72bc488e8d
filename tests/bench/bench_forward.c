/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does the data path take for a packet?
 *
 *   bench-forward [--rounds N] [--repeats N] [--json FILE] [--only TEXT]
 *                 [--against MODULE --own MODULE] [--burst N]
 *
 * TEXT is a part of a subject's name. Frames are written anew before each chunk, see traffic.h;
 * that is measured alone and taken off. A repeat is the median of its rounds, on memory of its own.
 * Everything that forwards must give the same frames, or the exit status is 1.
 *
 * With modules (forward_build.h) of another build and of this one, each instruction set is compared
 * with the same one there, in turn with it. `scripts/bench forward --against COMMIT` makes them. A
 * burst has 32 packets, or N in this build: a director has 64 on hugepages.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forward_build.h"
#include "naive_forward.h"
#include "options.h"
#include "report.h"
#include "traffic.h"

_Static_assert(TRAFFIC_CHUNK % BURST_MAX == 0, "a chunk has whole bursts");
enum { ROUNDS = 301, REPEATS = 3, FRAME_LEN_MAX = 2048 };

#define IPV4 .kind = TRAFFIC_IPV4
#define IPV6 .kind = TRAFFIC_IPV6, .frame_len = 78
#define MANY .flows = 65536

static const struct subject subjects[] = {
	{"ipv4 64", IPV4},
	{"ipv4 64, inner checksum", IPV4, .udp_checksum = GLB_UDP_INNER},
	{"ipv4 64, checksum offload", IPV4, .udp_checksum = GLB_UDP_OFFLOAD},
	{"ipv4 64, no checksum", IPV4, .udp_checksum = GLB_UDP_ZERO},
	{"ipv4 256", IPV4, .frame_len = 256},
	{"ipv4 256, inner checksum", IPV4, .frame_len = 256, .udp_checksum = GLB_UDP_INNER},
	{"ipv4 1514", IPV4, .frame_len = 1514},
	{"ipv4 1514, inner checksum", IPV4, .frame_len = 1514, .udp_checksum = GLB_UDP_INNER},
	{"ipv4 1514, checksum offload", IPV4, .frame_len = 1514, .udp_checksum = GLB_UDP_OFFLOAD},
	{"ipv4 1514, no checksum", IPV4, .frame_len = 1514, .udp_checksum = GLB_UDP_ZERO},
	{"ipv6 78", IPV6},
	{"ipv6 78, inner checksum", IPV6, .udp_checksum = GLB_UDP_INNER},
	{"ipv6 78, no checksum", IPV6, .udp_checksum = GLB_UDP_ZERO},
	{"ipv6 256, inner checksum", .kind = TRAFFIC_IPV6, .frame_len = 256,
	 .udp_checksum = GLB_UDP_INNER},
	{"ipv6 1514, inner checksum", .kind = TRAFFIC_IPV6, .frame_len = 1514,
	 .udp_checksum = GLB_UDP_INNER},
	{"ipv4 64, 64k flows", IPV4, MANY},
	{"ipv6 78, 64k flows", IPV6, MANY},
	{"ipv4 64, all hash fields", IPV4, .all_fields = true},
	{"ipv4 64, 4 hops", IPV4, .hops = 4},
	{"ipv4 64, ipv6 proxies", IPV4, .underlay6 = true},
	{"ipv6 78, ipv6 proxies", IPV6, .underlay6 = true},
	{"ipv4 64, 256 binds", IPV4, .binds = 256},
	{"ipv4 64, 4096 binds, 64k flows", IPV4, MANY, .binds = 4096},
	{"ipv4 64, 16 tables, 64k flows", IPV4, MANY, .tables = 16},
	{"ipv4 64, 100 tables, 64k flows", IPV4, MANY, .tables = 100},
	{"ipv4 64, alternative fields", IPV4, .alt_fields = true},
	{"ipv4 64, prefix /24", IPV4, .prefix = 24},
	{"ipv4 64, ports 1-65535", IPV4, .all_ports = true},
	{"ipv4 68, vlan", IPV4, .frame_len = 68, .vlan = 100},
	{"ipv4 64, vlan of the port", IPV4, .vlan_out = 100},
	{"syn 74", .kind = TRAFFIC_SYN, .frame_len = 74},
	{"syn 74, clamp", .kind = TRAFFIC_SYN, .frame_len = 74, .clamp_mss = true},
	{"udp 64", .kind = TRAFFIC_UDP},
	{"udp 60, 36 of ip", .kind = TRAFFIC_UDP, .frame_len = 60, .padding = 10},
	{"quic 64, short header", .kind = TRAFFIC_QUIC},
	{"quic 64, initial", .kind = TRAFFIC_QUIC_FIRST},
	{"quic 1242, inner checksum", .kind = TRAFFIC_QUIC_FIRST, .frame_len = 1242,
	 .udp_checksum = GLB_UDP_INNER},
	{"ipv4 64, ip options", .kind = TRAFFIC_OPTIONS},
	{"ipv4 64, half with ip options", .kind = TRAFFIC_HALF},
	{"icmp echo 64", .kind = TRAFFIC_ECHO},
	{"icmp frag needed 70", .kind = TRAFFIC_IPV4_ERROR, .frame_len = 70},
	{"icmpv6 too big 122", .kind = TRAFFIC_IPV6_ERROR, .frame_len = 122},
	{"punt 64", .kind = TRAFFIC_PUNT},
	{"mix", .kind = TRAFFIC_MIX, .udp_checksum = GLB_UDP_INNER},
	{"mix, 64k flows", .kind = TRAFFIC_MIX, MANY, .udp_checksum = GLB_UDP_INNER},
	{"mix, 16 tables, 64k flows", .kind = TRAFFIC_MIX, MANY, .tables = 16,
	 .udp_checksum = GLB_UDP_INNER},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

/* What is compared: the reference, then each instruction set, of another build before this one's.
 */
enum { VARIANTS_MAX = 1 + 2 * ((int)GLB_ISA_COUNT - 1), NAIVE = 0 };

struct variant {
	const char *name;
	const struct forward_build *build;
	unsigned int isa; /* enum glb_isa; of the reference BEST */
	unsigned int burst;
	int compared_with; /* the variant that its ratio is formed with; -1: none */
};

struct variants {
	struct variant all[VARIANTS_MAX];
	unsigned int count;
};

/* What the variants work on: generations and packets have the layout of their build. */
struct field {
	const struct variants *variants;
	struct traffic traffic;
	void *gens[VARIANTS_MAX]; /* NULL: the build does not know the subject */
	_Alignas(64) uint8_t packets[TRAFFIC_CHUNK * FORWARD_BUILD_PACKET_LEN];
};

static void add(struct variants *variants, const char *name, const struct forward_build *build,
		unsigned int isa, unsigned int burst, int compared_with)
{
	variants->all[variants->count++] = (struct variant){name, build, isa, burst, compared_with};
}

/* `other` may be NULL. What this processor lacks is left out. */
static void list_variants(struct variants *variants, const struct forward_build *own,
			  const struct forward_build *other, unsigned int burst)
{
	static const char *const before[] = {
		[GLB_ISA_GENERIC] = "generic before",
		[GLB_ISA_AVX2] = "avx2 before",
		[GLB_ISA_AVX512] = "avx512 before",
	};

	*variants = (struct variants){.count = 0};
	add(variants, "naive", forward_build(), GLB_ISA_BEST, TRAFFIC_BURST, -1);
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++) {
		int base = NAIVE;

		if (!own->has(isa))
			continue;
		if (other && other->has(isa)) {
			base = (int)variants->count;
			add(variants, before[isa], other, isa, TRAFFIC_BURST, -1);
		}
		add(variants, glb_isa_name((enum glb_isa)isa), own, isa, burst, base);
	}
}

static void field_start(struct field *field, const struct variants *variants,
			const struct subject *subject)
{
	const struct subject whole = subject_whole(subject);

	field->variants = variants;
	traffic_start(&field->traffic, subject, GLB_ISA_BEST);
	for (unsigned int v = 0; v < variants->count; v++) {
		const struct forward_build *build = variants->all[v].build;

		field->gens[v] = NULL;
		if (build == forward_build())
			field->gens[v] = field->traffic.gen;
		for (unsigned int u = 0; u < v && !field->gens[v]; u++)
			if (build == variants->all[u].build)
				field->gens[v] = field->gens[u];
		if (!field->gens[v] && forward_build_knows(build, subject))
			field->gens[v] = build->make(&whole);
	}
}

static void field_stop(struct field *field)
{
	const struct variants *variants = field->variants;

	for (unsigned int v = 0; v < variants->count; v++) {
		void *gen = field->gens[v];

		if (!gen || gen == field->traffic.gen)
			continue;
		variants->all[v].build->free(gen);
		for (unsigned int u = v; u < variants->count; u++)
			if (field->gens[u] == gen)
				field->gens[u] = NULL;
	}
	traffic_stop(&field->traffic);
}

static void refill(struct field *field, unsigned int v)
{
	traffic_write(&field->traffic, TRAFFIC_CHUNK);
	field->variants->all[v].build->describe(field->packets, field->traffic.frames,
						TRAFFIC_CHUNK);
}

static void forward(struct field *field, unsigned int v)
{
	const struct variant *variant = &field->variants->all[v];

	if (v == NAIVE)
		naive_forward(field->gens[v], (struct glb_packet *)(void *)field->packets,
			      TRAFFIC_CHUNK);
	else
		variant->build->forward(field->gens[v], variant->isa, field->packets, TRAFFIC_CHUNK,
					variant->burst);
}

static double refill_only(struct field *field, unsigned int v)
{
	double begin = bench_now_ms();

	refill(field, v);
	return bench_now_ms() - begin;
}

static double refill_and_forward(struct field *field, unsigned int v)
{
	double begin = bench_now_ms();

	refill(field, v);
	forward(field, v);
	return bench_now_ms() - begin;
}

/* Does a variant make the same of the next frames as the reference? */
static bool agrees(struct field *field, unsigned int v)
{
	static struct fate want[TRAFFIC_CHUNK];
	static uint8_t frames[TRAFFIC_CHUNK][FRAME_LEN_MAX];
	const struct variant *variant = &field->variants->all[v];
	uint32_t first = field->traffic.next;

	refill(field, NAIVE);
	forward(field, NAIVE);
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i++) {
		want[i] = forward_build()->fate(field->packets, i);
		memcpy(frames[i], want[i].data, want[i].len);
	}
	field->traffic.next = first;
	refill(field, v);
	forward(field, v);
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i++) {
		const struct fate got = variant->build->fate(field->packets, i);

		if (!strcmp(got.verdict, want[i].verdict) && got.len == want[i].len &&
		    !memcmp(frames[i], got.data, got.len))
			continue;
		fprintf(stderr, "%s: frame %u of %s differs from the reference's\n",
			field->traffic.subject->name, first + i, variant->name);
		return false;
	}
	return true;
}

static int check(struct field *field)
{
	for (unsigned int v = 1; v < field->variants->count; v++)
		for (uint32_t done = 0; field->gens[v] && done < field->traffic.flows;
		     done += TRAFFIC_CHUNK)
			if (!agrees(field, v))
				return -EINVAL;
	return 0;
}

/* Adds the median of some rounds per variant, in which all take turns. */
static void repeat(struct samples *medians, struct field *field, unsigned int rounds)
{
	static struct samples samples[VARIANTS_MAX];
	const unsigned int count = field->variants->count;

	for (unsigned int v = 0; v < count; v++)
		samples[v].count = 0;
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int v = 0; v < count; v++) {
			if (!field->gens[v])
				continue;

			double base = refill_only(field, v);

			samples_add(&samples[v],
				    (refill_and_forward(field, v) - base) / TRAFFIC_CHUNK * 1e6);
		}
	}
	for (unsigned int v = 0; v < count; v++)
		if (samples[v].count)
			samples_add(&medians[v], samples_spread(&samples[v]).median);
}

static void report(struct report *report, const char *subject, const struct variants *variants,
		   const struct samples *medians)
{
	for (unsigned int v = 0; v < variants->count; v++) {
		int base = variants->all[v].compared_with;

		if (medians[v].count)
			report_row(report, subject, variants->all[v].name, &medians[v],
				   base >= 0 && medians[base].count ? &medians[base] : NULL);
	}
}

static int bench(struct report *out, const struct subject *subject, const struct variants *variants,
		 const struct options *options)
{
	static struct samples medians[VARIANTS_MAX];
	static struct field field;
	int err = 0;

	for (unsigned int v = 0; v < VARIANTS_MAX; v++)
		medians[v].count = 0;
	for (unsigned int r = 0; r < options->repeats && !err; r++) {
		field_start(&field, variants, subject);
		err = r ? 0 : check(&field);
		if (!err)
			repeat(medians, &field, options->rounds);
		field_stop(&field);
	}
	if (!err)
		report(out, subject->name, variants, medians);
	return err;
}

int main(int argc, char **argv)
{
	struct options options = {.only = "",
				  .rounds = ROUNDS,
				  .repeats = REPEATS,
				  .burst = TRAFFIC_BURST,
				  .compares_builds = true};
	const struct forward_build *own = forward_build();
	const struct forward_build *other = NULL;
	struct variants variants;
	struct report report;
	int err = 0;

	if (!options_read(&options, argc, argv))
		return EXIT_FAILURE;
	if (options.against) {
		own = forward_build_load(options.own);
		other = forward_build_load(options.against);
		if (!own || !other)
			return EXIT_FAILURE;
	}
	if (report_open(&report, options.json)) {
		perror(options.json);
		return EXIT_FAILURE;
	}
	list_variants(&variants, own, other, options.burst);
	report_section(&report, "the data path, per packet", "ns",
		       other ? "times faster than before" : "times faster than naive");
	for (unsigned int i = 0; i < SUBJECTS && !err; i++)
		if (strstr(subjects[i].name, options.only))
			err = bench(&report, &subjects[i], &variants, &options);
	if (report_close(&report) || err)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
