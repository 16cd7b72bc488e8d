/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does the data path take for a packet?
 *
 *   bench-forward [--rounds N] [--json FILE] [--only TEXT]    subjects whose name contains TEXT
 *   bench-forward --once SUBJECT BURSTS ISA                   glb only, for an instruction counter
 *
 * Frames lie in a ring of buffers. Before each chunk the headers are written again, as a NIC would;
 * that is measured alone and taken off. Everything that forwards must give the same frames, or the
 * exit status is 1.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>

#include "core/forward_isa.h"
#include "naive_forward.h"
#include "report.h"

enum {
	BURST = 32,
	CHUNK = 8 * BURST, /* packets between two looks at the clock: below 250 microseconds */
	RING = 512,
	BUFFER_LEN = 2048,
	FRAME_AT = 256,
	HEADROOM = 128,
	HEAD_LEN = 64, /* what a refill writes */
	BACKENDS = 16,
	ROUNDS = 301,
};

enum kind { IPV4_TCP, IPV6_TCP, IPV4_ECHO, PUNT };

/* One row of the report. Zero: the usual value. */
struct subject {
	const char *name;
	enum kind kind;
	uint16_t frame_len;   /* 64 */
	uint32_t flows;	      /* 256 */
	uint16_t tables;      /* 1; flows are spread over all of them */
	uint16_t binds;	      /* 1; per table */
	uint8_t hops;	      /* 2 */
	uint8_t udp_checksum; /* enum glb_udp_checksum */
	bool all_fields;      /* hash addresses and ports, not the source address alone */
};

static const struct subject subjects[] = {
	{"ipv4 64", IPV4_TCP, .frame_len = 64},
	{"ipv4 64, 64k flows", IPV4_TCP, .flows = 65536},
	{"ipv4 64, inner checksum", IPV4_TCP, .udp_checksum = GLB_UDP_INNER},
	{"ipv4 64, no checksum", IPV4_TCP, .udp_checksum = GLB_UDP_ZERO},
	{"ipv4 256", IPV4_TCP, .frame_len = 256},
	{"ipv4 1514", IPV4_TCP, .frame_len = 1514},
	{"ipv4 1514, inner checksum", IPV4_TCP, .frame_len = 1514, .udp_checksum = GLB_UDP_INNER},
	{"ipv4 1514, no checksum", IPV4_TCP, .frame_len = 1514, .udp_checksum = GLB_UDP_ZERO},
	{"ipv4 64, all hash fields", IPV4_TCP, .all_fields = true},
	{"ipv4 64, 4 hops", IPV4_TCP, .hops = 4},
	{"ipv4 64, 256 binds", IPV4_TCP, .binds = 256},
	{"ipv4 64, 4096 binds", IPV4_TCP, .binds = 4096},
	{"ipv4 64, 16 tables, 64k flows", IPV4_TCP, .flows = 65536, .tables = 16},
	{"ipv4 64, 100 tables, 64k flows", IPV4_TCP, .flows = 65536, .tables = 100},
	{"ipv6 78", IPV6_TCP, .frame_len = 78},
	{"ipv6 78, 64k flows", IPV6_TCP, .frame_len = 78, .flows = 65536},
	{"ipv6 78, no checksum", IPV6_TCP, .frame_len = 78, .udp_checksum = GLB_UDP_ZERO},
	{"icmp echo 64", IPV4_ECHO, .frame_len = 64},
	{"punt 64", PUNT, .frame_len = 64},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

/* What is compared: the yardstick, then glb by instruction set. */
static const char *const variants[] = {"naive", "generic", "avx2", "avx512"};
enum { VARIANTS = sizeof(variants) / sizeof(*variants) };
_Static_assert(VARIANTS == (int)GLB_ISA_COUNT, "naive stands where BEST does");

/* NULL: not on this processor. */
static glb_forward_fn *variant(unsigned int v)
{
	return v ? glb_forward_of((enum glb_isa)v) : naive_forward;
}

/* Everything a subject needs while it is measured. */
struct run {
	const struct subject *subject;
	struct glb_generation *gen;
	uint8_t *buffers;
	uint8_t *heads; /* one of HEAD_LEN bytes per flow */
	uint32_t flows;
	uint16_t frame_len;
	uint32_t next_flow;
	struct glb_packet packets[CHUNK];
};

static uint32_t or_else(uint32_t value, uint32_t usual)
{
	return value ? value : usual;
}

/* Bind b of table t: one address each, port 443. IPv6 binds have the same low bytes. */
static struct glb_bind bind_of(unsigned int t, unsigned int b, bool ipv6)
{
	struct glb_bind bind = {.prefix_len = ipv6 ? 128 : 32,
				.proto = GLB_PROTO_TCP,
				.port_first = 443,
				.port_last = 443};

	if (ipv6)
		bind.addr = (struct glb_addr){
			{0x20, 1, 0xd, 0xb8, [13] = (uint8_t)t, (uint8_t)(b >> 8), (uint8_t)b}, 6};
	else
		bind.addr = (struct glb_addr){{192, (uint8_t)t, (uint8_t)(b >> 8), (uint8_t)b}, 4};
	return bind;
}

static void fill_table(struct glb_table_spec *table, unsigned int t, const struct subject *subject)
{
	table->bind_count = or_else(subject->binds, 1);
	table->backend_count = BACKENDS;
	table->binds = calloc(table->bind_count, sizeof(*table->binds));
	table->backends = calloc(BACKENDS, sizeof(*table->backends));
	if (!table->binds || !table->backends)
		abort();
	table->hops = subject->hops;
	memset(table->hash_key, (int)t + 1, sizeof(table->hash_key));
	memset(table->seed, (int)t + 7, sizeof(table->seed));
	for (unsigned int b = 0; b < table->bind_count; b++)
		table->binds[b] = bind_of(t, b, subject->kind == IPV6_TCP);
	for (uint8_t b = 0; b < BACKENDS; b++)
		table->backends[b] = (struct glb_backend){
			.addr = {{10, (uint8_t)t, 0, b}, 4}, .state = GLB_ACTIVE, .healthy = true};
}

static struct glb_generation *make_generation(const struct subject *subject)
{
	const struct glb_settings settings = {
		.src_addr = {{10, 255, 0, 1}, 4},
		.hash_fields = subject->all_fields ? GLB_HASH_FIELDS_ALL : GLB_HASH_SRC_ADDR,
		.udp_checksum = subject->udp_checksum,
		.ports = {{.gateway_mac = {2, 1}, .mac = {2, 2}, .mtu = 1500}},
	};
	struct glb_spec spec = {.table_count = or_else(subject->tables, 1)};
	struct glb_generation *gen;
	struct glb_tables tables;

	spec.tables = calloc(spec.table_count, sizeof(*spec.tables));
	if (!spec.tables)
		abort();
	for (unsigned int t = 0; t < spec.table_count; t++)
		fill_table(&spec.tables[t], t, subject);
	if (glb_tables_build(&tables, &spec, NULL, NULL) ||
	    glb_generation_make(&gen, 1, &settings, &tables, NULL))
		abort();
	glb_spec_free(&spec);
	return gen;
}

static void write_ipv4(uint8_t *ip, const struct run *run, uint32_t flow)
{
	const struct subject *subject = run->subject;
	uint32_t table = flow % or_else(subject->tables, 1);
	uint32_t bind = flow / or_else(subject->tables, 1) % or_else(subject->binds, 1);
	struct glb_bind vip = bind_of(table, bind, false);

	ip[0] = 0x45;
	glb_store_be16(ip + 2, (uint16_t)(run->frame_len - GLB_ETHER_LEN));
	ip[8] = 64;
	ip[9] = subject->kind == IPV4_ECHO ? GLB_PROTO_ICMP : GLB_PROTO_TCP;
	glb_store_be32(ip + 12, 0x62000000 + flow * 2654435761U % 0x10000000);
	memcpy(ip + 16, vip.addr.bytes, 4);
	if (subject->kind == PUNT)
		ip[16] = 100;
	glb_store16(ip + 10, glb_sum_check(glb_sum(0, ip, GLB_IPV4_LEN)));
	if (subject->kind == IPV4_ECHO)
		ip[20] = GLB_ICMP_ECHO;
}

static void write_ipv6(uint8_t *ip, const struct run *run, uint32_t flow)
{
	struct glb_bind vip = bind_of(0, flow % or_else(run->subject->binds, 1), true);

	ip[0] = 0x60;
	glb_store_be16(ip + 4, (uint16_t)(run->frame_len - GLB_ETHER_LEN - GLB_IPV6_LEN));
	ip[6] = GLB_PROTO_TCP;
	ip[7] = 64;
	glb_store_be32(ip + 8, 0x20010db8);
	glb_store_be32(ip + 20, flow * 2654435761U);
	memcpy(ip + 24, vip.addr.bytes, 16);
}

/* The first HEAD_LEN bytes of a frame of this flow. */
static void write_head(uint8_t *head, const struct run *run, uint32_t flow)
{
	bool ipv6 = run->subject->kind == IPV6_TCP;
	uint8_t *ip = head + GLB_ETHER_LEN;
	uint8_t *tcp = ip + (ipv6 ? GLB_IPV6_LEN : GLB_IPV4_LEN);

	memset(head, 0, HEAD_LEN);
	memcpy(head, "\2\2\0\0\0\0\2\3\0\0\0", 12);
	glb_store_be16(head + 12, ipv6 ? GLB_ETHERTYPE_IPV6 : GLB_ETHERTYPE_IPV4);
	(ipv6 ? write_ipv6 : write_ipv4)(ip, run, flow);
	if (run->subject->kind == IPV4_ECHO)
		return;
	glb_store_be16(tcp, (uint16_t)(1024 + flow * 40503U % 60000));
	glb_store_be16(tcp + 2, 443);
}

/*
 * A right TCP checksum where the data path will rely on it: the payload is zeros, and of IPv6 the
 * bytes behind HEAD_LEN are, too.
 */
static void sum_head(uint8_t *head, const struct run *run)
{
	bool ipv6 = run->subject->kind == IPV6_TCP;
	uint8_t *ip = head + GLB_ETHER_LEN;
	uint8_t *tcp = ip + (ipv6 ? GLB_IPV6_LEN : GLB_IPV4_LEN);
	uint32_t head_len = GLB_ETHER_LEN + (ipv6 ? GLB_IPV6_LEN : GLB_IPV4_LEN);
	uint32_t len = run->frame_len - head_len;
	uint64_t sum = GLB_BE16(GLB_PROTO_TCP) + (uint64_t)GLB_BE16((uint16_t)len);
	uint32_t there = (uint32_t)(head + HEAD_LEN - tcp);

	if (run->subject->kind == IPV4_ECHO || ipv6)
		return; /* of IPv6 the field is behind what a refill writes */
	sum = glb_sum(sum, ip + 12, 8);
	glb_store16(tcp + 16, glb_sum_check(glb_sum(sum, tcp, len < there ? len : there)));
}

static void start(struct run *run, const struct subject *subject)
{
	*run = (struct run){.subject = subject,
			    .flows = or_else(subject->flows, 256),
			    .frame_len = (uint16_t)or_else(subject->frame_len, 64)};
	run->gen = make_generation(subject);
	run->buffers = aligned_alloc(4096, (size_t)RING * BUFFER_LEN);
	run->heads = aligned_alloc(64, (size_t)run->flows * HEAD_LEN);
	if (!run->buffers || !run->heads)
		abort();
	memset(run->buffers, 0, (size_t)RING * BUFFER_LEN);
	for (uint32_t flow = 0; flow < run->flows; flow++) {
		write_head(run->heads + (size_t)flow * HEAD_LEN, run, flow);
		sum_head(run->heads + (size_t)flow * HEAD_LEN, run);
	}
}

static void stop(struct run *run)
{
	glb_generation_free(run->gen);
	free(run->buffers);
	free(run->heads);
}

/* What a NIC would do: the next CHUNK frames. */
static void refill(struct run *run)
{
	for (unsigned int i = 0; i < CHUNK; i++) {
		uint32_t flow = run->next_flow++ % run->flows;
		uint8_t *frame =
			run->buffers + (size_t)(run->next_flow % RING) * BUFFER_LEN + FRAME_AT;

		memcpy(frame, run->heads + (size_t)flow * HEAD_LEN, HEAD_LEN);
		run->packets[i] = (struct glb_packet){
			.data = frame, .len = run->frame_len, .headroom = HEADROOM};
	}
}

static double refill_only(struct run *run)
{
	double begin = now_ms();

	refill(run);
	return now_ms() - begin;
}

static double refill_and_forward(struct run *run, glb_forward_fn *forward)
{
	double begin = now_ms();

	refill(run);
	for (unsigned int i = 0; i < CHUNK; i += BURST)
		forward(run->gen, run->packets + i, BURST);
	return now_ms() - begin;
}

/* Does a variant make the same of every flow as the yardstick? */
static int check(struct run *run, unsigned int v)
{
	static struct glb_packet want[CHUNK];
	static uint8_t frames[CHUNK][BUFFER_LEN];

	for (uint32_t done = 0; done < run->flows; done += CHUNK) {
		uint32_t first = run->next_flow;

		refill(run);
		naive_forward(run->gen, run->packets, CHUNK);
		memcpy(want, run->packets, sizeof(want));
		for (unsigned int i = 0; i < CHUNK; i++)
			memcpy(frames[i], want[i].data, want[i].len);
		run->next_flow = first;
		refill(run);
		variant(v)(run->gen, run->packets, CHUNK);
		for (unsigned int i = 0; i < CHUNK; i++) {
			const struct glb_packet *got = &run->packets[i];

			if (got->verdict == want[i].verdict && got->len == want[i].len &&
			    !memcmp(frames[i], got->data, got->len))
				continue;
			fprintf(stderr, "%s: frame %u of %s differs from the naive forwarder's\n",
				run->subject->name, i, variants[v]);
			return -EINVAL;
		}
	}
	return 0;
}

static int bench(struct report *report, const struct subject *subject, unsigned int rounds)
{
	static struct samples samples[VARIANTS];
	struct run run;
	int err = 0;

	start(&run, subject);
	/* it knows no other way to sum than all bytes */
	for (unsigned int v = 1; v < VARIANTS && subject->udp_checksum == GLB_UDP_FULL; v++)
		if (variant(v) && !err)
			err = check(&run, v);
	for (unsigned int v = 0; v < VARIANTS; v++)
		samples[v].count = 0;
	for (unsigned int round = 0; round < rounds && !err; round++) {
		for (unsigned int v = 0; v < VARIANTS; v++) {
			double base = refill_only(&run);

			if (variant(v))
				samples_add(&samples[v],
					    (refill_and_forward(&run, variant(v)) - base) / CHUNK *
						    1e6);
		}
	}
	for (unsigned int v = 0; v < VARIANTS && !err; v++)
		if (samples[v].count)
			report_row(report, subject->name, variants[v], &samples[v],
				   v ? &samples[0] : NULL);
	stop(&run);
	return err;
}

static int once(const char *name, const char *bursts, const char *isa)
{
	unsigned int v = 1;

	while (v < VARIANTS && strcmp(isa, variants[v]) != 0)
		v++;
	for (unsigned int i = 0; i < SUBJECTS && v < VARIANTS && variant(v); i++) {
		struct run run;

		if (strcmp(subjects[i].name, name) != 0)
			continue;
		start(&run, &subjects[i]);
		for (unsigned long n = strtoul(bursts, NULL, 10); n; n--) {
			refill(&run);
			variant(v)(run.gen, run.packets, BURST);
		}
		stop(&run);
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "no subject \"%s\", or no %s here\n", name, isa);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"rounds", required_argument, NULL, 'r'},
						{"json", required_argument, NULL, 'j'},
						{"only", required_argument, NULL, 'o'},
						{0}};
	const char *json = NULL;
	const char *only = "";
	unsigned long rounds = ROUNDS;
	struct report report;

	if (argc == 5 && !strcmp(argv[1], "--once"))
		return once(argv[2], argv[3], argv[4]);
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'r')
			rounds = strtoul(optarg, NULL, 10);
		else if (option == 'j')
			json = optarg;
		else if (option == 'o')
			only = optarg;
		else
			return EXIT_FAILURE;
	}
	if (rounds < 1 || rounds > SAMPLES_MAX || optind != argc) {
		fprintf(stderr, "rounds: 1 to %d\n", SAMPLES_MAX);
		return EXIT_FAILURE;
	}
	if (report_open(&report, json)) {
		perror(json);
		return EXIT_FAILURE;
	}

	int err = 0;

	report_section(&report, "the data path, per packet", "ns", "times faster than naive");
	for (unsigned int i = 0; i < SUBJECTS && !err; i++)
		if (strstr(subjects[i].name, only))
			err = bench(&report, &subjects[i], (unsigned int)rounds);
	if (report_close(&report) || err)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
