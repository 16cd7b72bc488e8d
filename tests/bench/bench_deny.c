/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a list of denied sources add to a packet?
 *
 *   bench-deny [--rounds N] [--repeats N] [--json FILE] [--only TEXT]
 *
 * The same frames, of 65,536 sources, are forwarded without a list and with one of 10,000 prefixes
 * (differences.h). A packet that the list treats other than it should ends the program.
 */
#include <stdlib.h>
#include <string.h>

#include "core/forward/forward_isa.h"
#include "differences.h"

enum { ROUNDS = 301, REPEATS = 5, LISTS = 2, NETS = 2000, OTHER_NETS = 18000, FLOWS = 65536 };

/* Which sources are the packets from? */
enum sources { FREE, IN_DOUBT, DENIED, HALF_DENIED };

static const struct {
	struct subject traffic;
	enum sources sources;
} subjects[] = {
	{{.name = "ipv4 64, none denied", .kind = TRAFFIC_IPV4, .flows = FLOWS}, FREE},
	{{.name = "ipv4 64, none denied, all in doubt", .kind = TRAFFIC_IPV4, .flows = FLOWS},
	 IN_DOUBT},
	{{.name = "ipv4 64, half denied", .kind = TRAFFIC_IPV4, .flows = FLOWS}, HALF_DENIED},
	{{.name = "ipv4 64, all denied", .kind = TRAFFIC_IPV4, .flows = FLOWS}, DENIED},
	{{.name = "ipv6 78, none denied", .kind = TRAFFIC_IPV6, .frame_len = 78, .flows = FLOWS},
	 FREE},
	{{.name = "ipv6 78, none denied, all in doubt",
	  .kind = TRAFFIC_IPV6,
	  .frame_len = 78,
	  .flows = FLOWS},
	 IN_DOUBT},
	{{.name = "ipv6 78, half denied", .kind = TRAFFIC_IPV6, .frame_len = 78, .flows = FLOWS},
	 HALF_DENIED},
	{{.name = "ipv6 78, all denied", .kind = TRAFFIC_IPV6, .frame_len = 78, .flows = FLOWS},
	 DENIED},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

/* Sources are chosen by the first list; the last is none. */
static const uint32_t lengths[LISTS] = {10000, 0};
static const char *const length_names[LISTS] = {"10000 prefixes", "no list"};

static uint64_t random_state;

static uint64_t random_next(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t random_below(uint32_t limit)
{
	return (uint32_t)(random_next() % limit);
}

/* Any unicast address of IPv4; of IPv6 one in a /32 that a registry might have given away. */
static void random_addr(uint8_t out[16], uint8_t version, uint32_t nets)
{
	static const uint16_t blocks[] = {0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00};
	uint32_t net;

	memset(out, 0, 16);
	if (version == 4) {
		do {
			glb_store_be32(out, (uint32_t)random_next());
		} while (!glb_is_host(out, 4));
		return;
	}
	net = random_below(nets) * 2654435761U;
	glb_store_be16(out,
		       (uint16_t)(blocks[net % 6] | (blocks[net % 6] == 0x2001 ? 0 : net >> 29)));
	glb_store_be16(out + 2, (uint16_t)(net >> 8));
	glb_store64(out + 4, random_next());
	glb_store32(out + 12, (uint32_t)random_next());
}

/* As blocklists have them: half single addresses or /64, then networks of all sizes. */
static struct glb_deny_prefix random_prefix(uint8_t version)
{
	static const uint8_t lens4[] = {32, 32, 32, 32, 32, 24, 24, 24, 22, 20};
	static const uint8_t lens6[] = {64, 64, 64, 64, 128, 48, 48, 48, 56, 32};
	struct glb_deny_prefix prefix = {.addr.version = version};

	random_addr(prefix.addr.bytes, version, NETS);
	prefix.prefix_len = (version == 4 ? lens4 : lens6)[random_below(10)];
	return prefix;
}

static struct glb_deny *make_list(uint32_t count, uint8_t version)
{
	struct glb_deny_prefix *prefixes = calloc(count + 1, sizeof(*prefixes));
	struct glb_deny *deny;

	if (!prefixes)
		abort();
	random_state = version;
	for (uint32_t i = 0; i < count; i++)
		prefixes[i] = random_prefix(version);
	if (glb_deny_make(&deny, prefixes, count))
		abort();
	free(prefixes);
	return deny;
}

/* An address of a prefix of the list. */
static void denied_addr(uint8_t out[16], const struct glb_deny *deny, uint8_t version)
{
	const struct glb_deny_prefix *prefix = &deny->prefixes[random_below(deny->prefix_count)];
	uint8_t any[16];

	random_addr(any, version, NETS);
	memcpy(out, prefix->addr.bytes, 16);
	for (unsigned int bit = prefix->prefix_len; bit < (version == 4 ? 32 : 128); bit++)
		out[bit / 8] = (uint8_t)((out[bit / 8] & ~(0x80 >> bit % 8)) |
					 (any[bit / 8] & 0x80 >> bit % 8));
}

/* Is it in a network that has denied addresses, or seems to be? */
static bool in_doubt(const struct glb_deny *deny, const uint8_t *addr, uint8_t version)
{
	const struct glb_deny6 *v6 = &deny->v6;
	bool found = false;

	if (version == 4)
		return glb_deny_is_set(deny->v4.index.bits,
				       glb_deny4_bit(&deny->v4, glb_load_be32(addr)));
	for (uint32_t m = 0; m < v6->large_count; m++)
		found |= glb_deny_is_set(
			v6->large,
			glb_deny6_bit(glb_load_le64(addr) & v6->large_masks[m], v6->large_shift));
	return found;
}

/* A source for a packet. */
static void choose_source(uint8_t out[16], const struct glb_deny *deny, enum sources sources,
			  uint8_t version)
{
	if (sources == DENIED || (sources == HALF_DENIED && random_below(2))) {
		denied_addr(out, deny, version);
		return;
	}
	do {
		random_addr(out, version, NETS + OTHER_NETS);
	} while (glb_denies(deny, out, version) ||
		 (sources == IN_DOUBT && !in_doubt(deny, out, version)));
}

/* Gives each flow a source. No checksum is looked at. */
static void set_sources(struct traffic *traffic, const struct glb_deny *deny, enum sources sources,
			uint8_t version)
{
	for (uint32_t flow = 0; flow < traffic->flows; flow++) {
		uint8_t *ip = traffic->heads + (size_t)flow * TRAFFIC_HEAD_LEN + GLB_ETHER_LEN;
		uint8_t source[16];

		choose_source(source, deny, sources, version);
		if (version == 4)
			memcpy(ip + 12, source, 4);
		else
			memcpy(ip + 8, source, 16);
	}
}

static void forward(struct traffic *traffic, const struct glb_generation *gen)
{
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i += TRAFFIC_BURST)
		glb_forward(gen, traffic->packets + i, TRAFFIC_BURST);
}

/* Is every packet denied whose source is? */
static void check(struct traffic *traffic, const struct glb_generation *gen, uint8_t version)
{
	for (uint32_t done = 0; done < traffic->flows; done += TRAFFIC_CHUNK) {
		traffic_refill(traffic, TRAFFIC_CHUNK);
		forward(traffic, gen);
		for (unsigned int i = 0; i < TRAFFIC_CHUNK; i++) {
			const uint8_t *ip = traffic->frames[i].data + GLB_ETHER_LEN;
			bool denied = gen->settings.deny &&
				      glb_denies(gen->settings.deny, ip + (version == 4 ? 12 : 8),
						 version);

			if (traffic->packets[i].verdict == (denied ? GLB_DROP_DENIED : GLB_FORWARD))
				continue;
			fprintf(stderr, "%s: %s\n", traffic->subject->name,
				glb_verdict_label(traffic->packets[i].verdict));
			exit(EXIT_FAILURE);
		}
	}
}

static void bench_isa(struct report *out, struct traffic *traffic, unsigned int s,
		      struct glb_deny *const lists[LISTS], enum glb_isa isa,
		      const struct options *options)
{
	const uint8_t version = subjects[s].traffic.kind == TRAFFIC_IPV4 ? 4 : 6;
	struct glb_generation *gens[LISTS];
	const struct differences differences = {traffic, gens, length_names, LISTS, forward};

	for (unsigned int l = 0; l < LISTS; l++) {
		struct glb_settings settings = traffic->gen->settings;

		settings.isa = (uint8_t)isa;
		settings.deny = lists[l];
		gens[l] = differences_generation(traffic, &settings);
		check(traffic, gens[l], version);
	}
	differences_report(out, &differences, options);
	for (unsigned int l = 0; l < LISTS; l++)
		glb_generation_free(gens[l]);
}

static void bench(struct report *out, unsigned int s, const struct options *options)
{
	static struct traffic traffic;
	const uint8_t version = subjects[s].traffic.kind == TRAFFIC_IPV4 ? 4 : 6;
	struct glb_deny *lists[LISTS];

	for (unsigned int l = 0; l < LISTS; l++)
		lists[l] = lengths[l] ? make_list(lengths[l], version) : NULL;
	traffic_start(&traffic, &subjects[s].traffic, GLB_ISA_BEST);
	set_sources(&traffic, lists[0], subjects[s].sources, version);
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++)
		if (glb_forward_of((enum glb_isa)isa))
			bench_isa(out, &traffic, s, lists, (enum glb_isa)isa, options);
	traffic_stop(&traffic);
	for (unsigned int l = 0; l < LISTS; l++)
		glb_deny_free(lists[l]);
}

int main(int argc, char **argv)
{
	struct options options = {.only = "", .rounds = ROUNDS, .repeats = REPEATS};
	struct report report;

	if (!options_read(&options, argc, argv))
		return EXIT_FAILURE;
	if (report_open(&report, options.json)) {
		perror(options.json);
		return EXIT_FAILURE;
	}
	report_section(&report, "what a list of denied sources adds, per packet", "ns", "");
	for (unsigned int s = 0; s < SUBJECTS; s++)
		if (strstr(subjects[s].traffic.name, options.only))
			bench(&report, s, &options);
	return report_close(&report) ? EXIT_FAILURE : EXIT_SUCCESS;
}
