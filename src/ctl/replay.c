/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glbctl replay: runs a capture through the data path, without DPDK, devices or privileges.
 *
 * The same glb_forward() as in the director decides, in bursts as there; so what this prints is
 * what a director would do.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <glb/answer.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/director.h"
#include "load.h"
#include "sys/log.h"

enum {
	BURST = 32,
	HEADROOM = 128,
	FRAME_LEN_MAX = 65536 + 64,
	SNAPSHOT_LEN = 65535, /* announced by what is written, unless a frame is longer */
	SNAPSHOT_AT = 16,     /* where a capture announces it, 32 bits in native order */
};

struct replay_args {
	const char *config_path;
	const char *tables_path;
	const char *punted_path; /* NULL: punted frames are only counted */
	const char *in_path;
	const char *out_path;
	uint8_t source_mac[GLB_MAC_LEN];
	bool has_source_mac;		  /* false: any unicast address is the director's */
	uint8_t gateway_mac[GLB_MAC_LEN]; /* for outbound_gateway_mac "auto" */
	bool has_gateway_mac;
};

struct slot {
	struct timeval at;
	uint8_t buffer[HEADROOM + FRAME_LEN_MAX];
};

/* A capture that is written. */
struct dump {
	const char *path;
	pcap_dumper_t *pcap; /* NULL: nobody asked for it */
	uint32_t longest;    /* frame so far */
};

struct run {
	struct glb_generation *gen;
	pcap_t *in;
	struct dump out;
	struct dump punted;
	bool punt_unmatched; /* otherwise they are only counted */
	struct slot *slots;  /* BURST of them */
	struct glb_packet packets[BURST];
	uint64_t counts[GLB_VERDICT_COUNT];
	struct glb_answer_limits answers;
};

static bool read_mac(uint8_t mac[GLB_MAC_LEN], const char *option, const char *text)
{
	if (mac_parse(mac, text))
		return true;
	log_error("%s: \"%s\" is not a MAC address", option, text);
	return false;
}

static int refuse_group(const char *text)
{
	log_error("--source-mac: \"%s\" is the address of a group", text);
	return EXIT_FAILED;
}

/* The addresses of what stands at both ends of the port. */
static int read_macs(struct replay_args *args, const char *source, const char *gateway)
{
	if ((source && !read_mac(args->source_mac, "--source-mac", source)) ||
	    (gateway && !read_mac(args->gateway_mac, "--gateway-mac", gateway)))
		return EXIT_FAILED;
	if (source && glb_is_group(args->source_mac))
		return refuse_group(source);
	args->has_source_mac = source;
	args->has_gateway_mac = gateway;
	return EXIT_OK;
}

static int read_args(struct replay_args *out, const struct command_line *line)
{
	*out = (struct replay_args){
		.config_path = line->values[OPTION_CONFIG],
		.tables_path = line->values[OPTION_TABLES],
		.punted_path = line->values[OPTION_PUNTED],
		.in_path = line->args[0],
		.out_path = line->args[1],
		.source_mac = {2}, /* a local address, 02:00:00:00:00:00 */
	};
	return read_macs(out, line->values[OPTION_SOURCE_MAC], line->values[OPTION_GATEWAY_MAC]);
}

/* The port that packets come in and leave through. */
static int describe_port(struct glb_port *port, const struct director_conf *conf,
			 const struct replay_args *args)
{
	*port = conf->defaults.port;
	memcpy(port->mac, args->source_mac, GLB_MAC_LEN);
	port->any_mac = !args->has_source_mac; /* no capture says whose frames it has */
	if (!port->mtu)
		port->mtu = PORT_MTU_DEFAULT;
	if (conf->defaults.gateway_auto != args->has_gateway_mac) {
		log_error("%s: $.outbound_gateway_mac: %s", args->config_path,
			  args->has_gateway_mac
				  ? "is not \"auto\", so --gateway-mac has no place"
				  : "is \"auto\", and no kernel is asked here: give --gateway-mac");
		return -EINVAL;
	}
	if (args->has_gateway_mac)
		memcpy(port->gateway_mac, args->gateway_mac, GLB_MAC_LEN);
	return 0;
}

static int make_generation(struct run *run, const struct replay_args *args)
{
	struct director_conf conf;
	struct glb_tables tables;
	struct glb_diag reason = {{0}};

	if (!load_director(&conf, &tables, args->config_path, args->tables_path))
		return -EINVAL;
	if (conf.settings.udp_checksum == GLB_UDP_OFFLOAD) /* what a device would make of it */
		conf.settings.udp_checksum = GLB_UDP_FULL;
	if (conf.port_count)
		log_warning("%s: $.ports: not looked at: a capture comes from none of them, so "
			    "the top level counts",
			    args->config_path);
	run->punt_unmatched = conf.punt_unmatched;

	int err = describe_port(&conf.settings.ports[0], &conf, args);

	if (!err) {
		err = glb_generation_make(&run->gen, 1, &conf.settings, &tables, &reason);
		if (err)
			log_error("%s: %s", args->tables_path, reason.text);
	}
	if (err)
		glb_tables_free(&tables);
	return err;
}

/* Do two paths lead to one file? */
static bool same_file(const char *a, const char *b)
{
	struct stat one;
	struct stat other;

	return !stat(a, &one) && !stat(b, &other) && S_ISREG(one.st_mode) &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static int open_dump(struct dump *dump, const char *path)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, SNAPSHOT_LEN);

	*dump = (struct dump){.path = path, .pcap = dead ? pcap_dump_open(dead, path) : NULL};
	if (!dump->pcap)
		log_error("%s", dead ? pcap_geterr(dead) : "out of memory");
	if (dead)
		pcap_close(dead);
	return dump->pcap ? 0 : -EINVAL;
}

/* Two writers of one file would make a capture of neither; logs that. */
static bool refuse_one_target(const struct replay_args *args)
{
	if (!args->punted_path || !same_file(args->out_path, args->punted_path))
		return false;
	log_error("%s: cannot be both OUT and the file of --punted", args->punted_path);
	return true;
}

/* New files have no identity until the first of them is there. */
static int open_dumps(struct run *run, const struct replay_args *args)
{
	int err = refuse_one_target(args) ? -EINVAL : open_dump(&run->out, args->out_path);

	if (err || !args->punted_path)
		return err;
	return refuse_one_target(args) ? -EINVAL : open_dump(&run->punted, args->punted_path);
}

static int open_files(struct run *run, const struct replay_args *args)
{
	char error[PCAP_ERRBUF_SIZE];

	run->in = pcap_open_offline(args->in_path, error);
	if (!run->in) {
		log_error("%s", error);
		return -EINVAL;
	}
	if (pcap_datalink(run->in) != DLT_EN10MB) {
		log_error("%s: link type %d, expected Ethernet", args->in_path,
			  pcap_datalink(run->in));
		return -EINVAL;
	}
	if (same_file(args->in_path, args->out_path) ||
	    (args->punted_path && same_file(args->in_path, args->punted_path))) {
		log_error("%s: cannot be read and written at the same time", args->in_path);
		return -EINVAL;
	}
	run->slots = calloc(BURST, sizeof(*run->slots));
	if (!run->slots) {
		log_error("out of memory");
		return -ENOMEM;
	}
	return open_dumps(run, args);
}

static int load_packet(struct run *run, unsigned int i, const struct pcap_pkthdr *header,
		       const u_char *bytes)
{
	if (header->caplen != header->len || header->caplen > FRAME_LEN_MAX) {
		log_error("a frame of %u bytes is captured with %u bytes, at most %d are possible",
			  header->len, header->caplen, FRAME_LEN_MAX);
		return -EINVAL;
	}
	run->slots[i].at = header->ts;
	memcpy(run->slots[i].buffer + HEADROOM, bytes, header->caplen);
	run->packets[i] = (struct glb_packet){
		.data = run->slots[i].buffer + HEADROOM,
		.len = header->caplen,
		.headroom = HEADROOM,
	};
	return 0;
}

/* Number of packets, or -errno. */
static int load_burst(struct run *run)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;

	for (unsigned int i = 0; i < BURST; i++) {
		int got = pcap_next_ex(run->in, &header, &bytes);

		if (got == PCAP_ERROR_BREAK)
			return (int)i;
		if (got != 1) {
			log_error("%s", pcap_geterr(run->in));
			return -EINVAL;
		}

		int err = load_packet(run, i, header, bytes);

		if (err)
			return err;
	}
	return BURST;
}

static void write_frame(struct dump *dump, struct timeval at, const struct glb_packet *pkt)
{
	struct pcap_pkthdr header = {at, pkt->len, pkt->len};

	pcap_dump((u_char *)dump->pcap, &header, pkt->data);
	if (pkt->len > dump->longest)
		dump->longest = pkt->len;
}

/* Answers, if there were not too many by the capture's clock; it may go back at times. */
static void answer(struct run *run, unsigned int i)
{
	const struct timeval *at = &run->slots[i].at;
	uint64_t now_ns = (uint64_t)at->tv_sec * 1000000000 + (uint64_t)at->tv_usec * 1000;

	glb_answer_within(&run->answers, run->gen, &run->packets[i], now_ns);
}

static void settle(struct run *run, unsigned int i)
{
	const struct glb_packet *pkt = &run->packets[i];

	if (glb_verdict_is_answer(pkt->verdict))
		answer(run, i);
	run->counts[pkt->verdict]++;
	if (pkt->verdict == GLB_FORWARD || glb_verdict_is_answer(pkt->verdict))
		write_frame(&run->out, run->slots[i].at, pkt);
	else if (glb_verdict_is_punt(pkt->verdict) && run->punt_unmatched && run->punted.pcap)
		write_frame(&run->punted, run->slots[i].at, pkt);
}

static int run_all(struct run *run)
{
	int n;

	while ((n = load_burst(run)) > 0) {
		glb_forward(run->gen, run->packets, (unsigned int)n);
		for (unsigned int i = 0; i < (unsigned int)n; i++)
			settle(run, i);
	}
	return n;
}

/* Readers cut frames that are longer than the capture announces. 0, or -1 and errno. */
static int announce_longest(const struct dump *dump)
{
	FILE *file = pcap_dump_file(dump->pcap);

	if (dump->longest <= SNAPSHOT_LEN)
		return 0;
	if (fseek(file, SNAPSHOT_AT, SEEK_SET))
		return -1;
	return fwrite(&dump->longest, sizeof(dump->longest), 1, file) == 1 ? 0 : -1;
}

/* Closes a capture; a write that failed earlier shows here. */
static int close_dump(struct dump *dump)
{
	int err = 0;

	if (!dump->pcap)
		return 0;
	if (pcap_dump_flush(dump->pcap) || ferror(pcap_dump_file(dump->pcap)) ||
	    announce_longest(dump) || pcap_dump_flush(dump->pcap)) {
		err = -errno;
		log_error("%s: %s", dump->path, strerror(errno));
	}
	pcap_dump_close(dump->pcap);
	return err;
}

int replay(const struct command_line *line)
{
	struct replay_args args;
	struct run run = {0};
	int status = read_args(&args, line);

	if (status != EXIT_OK)
		return status;

	int err = make_generation(&run, &args);

	if (!err)
		err = open_files(&run, &args);
	if (!err)
		err = run_all(&run);
	if (close_dump(&run.out))
		err = -EIO;
	if (close_dump(&run.punted))
		err = -EIO;
	if (run.in)
		pcap_close(run.in);
	glb_generation_free(run.gen);
	free(run.slots);
	for (unsigned int v = 0; !err && v < GLB_VERDICT_COUNT; v++)
		printf("%s %llu\n", glb_verdict_label(v), (unsigned long long)run.counts[v]);
	return err ? EXIT_FAILED : EXIT_OK;
}
