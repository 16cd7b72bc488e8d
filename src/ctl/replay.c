/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glbctl replay: runs a capture through the data path, without DPDK, devices or privileges.
 *
 * Decisions are made by the same glb_forward() as in the director, in bursts of the same size, so
 * the output is what a director would do.
 */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glb/icmp_reply.h>

#include "capture.h"
#include "commands.h"
#include "conf/addr.h"
#include "conf/director.h"
#include "cut.h"
#include "load.h"
#include "standard.h"
#include "sys/log.h"
#include "sys/writer.h"

enum {
	BURST = 32,
	HEADROOM = CUT_HEADROOM,
	FRAME_LEN_MAX = 65536 + 64,
	SNAPSHOT_LEN = 262144, /* recorded in output: not truncated */
	SLOTS = BURST + 1,     /* and one as scratch space */
};

struct replay_args {
	const char *config_path;
	const char *tables_path;
	const char *punted_path; /* NULL: punted frames are only counted */
	const char *in_path;
	const char *out_path;
	uint8_t source_mac[GLB_MAC_LEN];
	bool has_source_mac;		  /* false: frames to any unicast address are accepted */
	uint8_t gateway_mac[GLB_MAC_LEN]; /* for outbound_gateway_mac "auto" */
	bool has_gateway_mac;
	bool json;
	bool nonzero; /* omit counters that are 0 */
};

struct slot {
	uint64_t at_ns;
	uint32_t known; /* bytes that were captured; the rest is zeros */
	uint8_t buffer[HEADROOM + FRAME_LEN_MAX];
};

/* A capture being written. */
struct dump {
	const char *path;
	pcap_dumper_t *pcap; /* NULL: not requested */
	uint64_t unit_ns;    /* resolution of its timestamps */
};

struct run {
	struct glb_generation *gen;
	struct capture in;
	struct dump out;
	struct dump punted;
	bool punt_unmatched; /* otherwise unmatched packets are only counted */
	struct slot *slots;  /* SLOTS of them */
	struct glb_packet packets[BURST];
	uint64_t counts[GLB_VERDICT_COUNT];
	struct glb_icmp_reply_limits reply_limits;
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
	log_error("--source-mac: \"%s\" is a multicast address", text);
	return EXIT_FAILED;
}

/* Parses the MAC addresses of the port and its gateway. */
static int replay_read_macs(struct replay_args *args, const char *source, const char *gateway)
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

static int replay_read_args(struct replay_args *out, const struct command_line *line)
{
	*out = (struct replay_args){
		.config_path = line->values[OPTION_CONFIG],
		.tables_path = line->values[OPTION_TABLES],
		.punted_path = line->values[OPTION_PUNTED],
		.in_path = line->args[0],
		.out_path = line->args[1],
		.json = command_has(line, OPTION_JSON),
		.nonzero = command_has(line, OPTION_NONZERO),
		.source_mac = {2}, /* a locally administered address, 02:00:00:00:00:00 */
	};
	return replay_read_macs(out, line->values[OPTION_SOURCE_MAC],
				line->values[OPTION_GATEWAY_MAC]);
}

/* Describes the single port that packets enter and leave through. */
static int describe_port(struct glb_port *port, const struct director_conf *conf,
			 const struct replay_args *args)
{
	*port = conf->defaults.port;
	memcpy(port->mac, args->source_mac, GLB_MAC_LEN);
	port->any_mac = !args->has_source_mac; /* a capture does not show which MAC address is the
						  director's */
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

static int replay_make_generation(struct run *run, const struct replay_args *args)
{
	struct director_conf conf;
	struct glb_tables tables;
	struct glb_diag reason = {{0}};

	if (!load_director(&conf, &tables, args->config_path, args->tables_path))
		return -EINVAL;
	if (conf.settings.udp_checksum == GLB_UDP_OFFLOAD) /* as the device would */
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
	glb_deny_free(conf.settings.deny);
	return err;
}

/* Do two paths refer to the same file? */
static bool same_file(const char *a, const char *b)
{
	struct stat one;
	struct stat other;

	return !stat(a, &one) && !stat(b, &other) && S_ISREG(one.st_mode) &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Opens a duplicate of standard output, as libpcap closes what it is given. NULL: see
 * pcap_geterr(). */
static pcap_dumper_t *start_dump(pcap_t *dead, const char *path)
{
	FILE *out = is_standard(path) ? fdopen(dup(STDOUT_FILENO), "wb") : NULL;

	return out ? pcap_dump_fopen(dead, out) : pcap_dump_open(dead, path);
}

/* Opens a capture for writing, with the timestamp resolution of the input. */
static int replay_open_dump(struct dump *dump, const char *path, bool micro)
{
	pcap_t *dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPSHOT_LEN,
							    micro ? PCAP_TSTAMP_PRECISION_MICRO
								  : PCAP_TSTAMP_PRECISION_NANO);

	if (is_standard(path) && isatty(STDOUT_FILENO)) {
		log_error("standard output is a terminal, and a capture is binary");
		return -EINVAL;
	}
	*dump = (struct dump){
		.path = path,
		.pcap = dead ? start_dump(dead, path) : NULL,
		.unit_ns = micro ? 1000 : 1,
	};
	if (!dump->pcap)
		log_error("%s", dead ? pcap_geterr(dead) : "out of memory");
	if (dead)
		pcap_close(dead);
	return dump->pcap ? 0 : -EINVAL;
}

/* Refuses and logs two outputs to the same file, which would corrupt each other. */
static bool refuse_one_target(const struct replay_args *args)
{
	if (!args->punted_path ||
	    !(same_file(args->out_path, args->punted_path) ||
	      (is_standard(args->out_path) && is_standard(args->punted_path))))
		return false;
	log_error("%s: cannot be both OUT and the file of --punted", args->punted_path);
	return true;
}

/* New files can be compared only once the first of them exists. */
static int open_dumps(struct run *run, const struct replay_args *args)
{
	int err = refuse_one_target(args)
			  ? -EINVAL
			  : replay_open_dump(&run->out, args->out_path, run->in.micro);

	if (err || !args->punted_path)
		return err;
	return refuse_one_target(args)
		       ? -EINVAL
		       : replay_open_dump(&run->punted, args->punted_path, run->in.micro);
}

static int open_files(struct run *run, const struct replay_args *args)
{
	if (!reads_once(args->in_path, args->config_path) ||
	    !reads_once(args->in_path, args->tables_path) || capture_open(&run->in, args->in_path))
		return -EINVAL;

	const char *in_path = is_standard(args->in_path) ? "/dev/stdin" : args->in_path;

	if (same_file(in_path, args->out_path) ||
	    (args->punted_path && same_file(in_path, args->punted_path))) {
		log_error("%s: cannot be read and written at the same time", args->in_path);
		return -EINVAL;
	}
	run->slots = calloc(SLOTS, sizeof(*run->slots));
	if (!run->slots) {
		log_error("out of memory");
		return -ENOMEM;
	}
	return open_dumps(run, args);
}

/* Copies a frame into a slot and fills what was not captured with zeros. */
static void put_frame(struct run *run, unsigned int slot, const struct frame *frame)
{
	uint8_t *data = run->slots[slot].buffer + HEADROOM;

	run->slots[slot].at_ns = frame->at_ns;
	run->slots[slot].known = frame->captured;
	memcpy(data, frame->bytes, frame->captured);
	memset(data + frame->captured, 0, frame->len - frame->captured);
}

/* Should the frame be replayed? Records its oddities. */
static bool check_frame(struct run *run, const struct frame *frame)
{
	if (frame->len > FRAME_LEN_MAX) {
		capture_note(&run->in, frame, ODD_TOO_LONG,
			     "has %u bytes, more than the %d that a director receives; not "
			     "replayed",
			     frame->len, FRAME_LEN_MAX);
		return false;
	}
	if (frame->captured == frame->len)
		return true;

	bool decided = cut_is_decided(run->gen, run->slots[BURST].buffer, frame);

	capture_note(&run->in, frame, decided ? ODD_CUT : ODD_UNDECIDED,
		     decided ? "captured with %u of its %u bytes; decided by these"
			     : "captured with %u of its %u bytes, too few to decide by; not "
			       "replayed",
		     frame->captured, frame->len);
	return decided;
}

/* Returns the number of packets; 0 at the end of the readable input. */
static unsigned int load_burst(struct run *run)
{
	struct frame frame;
	unsigned int n = 0;

	while (n < BURST && capture_next(&frame, &run->in)) {
		if (!check_frame(run, &frame))
			continue;
		put_frame(run, n, &frame);
		run->packets[n] = (struct glb_packet){
			.data = run->slots[n].buffer + HEADROOM,
			.len = frame.len,
			.headroom = HEADROOM,
		};
		n++;
	}
	return n;
}

/* Of a frame captured in part, writes only what was captured and the outer headers. */
static void replay_write_frame(struct dump *dump, const struct slot *slot,
			       const struct glb_packet *pkt)
{
	uint32_t known = (uint32_t)(slot->buffer + HEADROOM + slot->known - pkt->data);
	struct pcap_pkthdr header = {
		.ts = {(time_t)(slot->at_ns / 1000000000),
		       (suseconds_t)(slot->at_ns % 1000000000 / dump->unit_ns)},
		.caplen = known < pkt->len ? known : pkt->len,
		.len = pkt->len,
	};

	pcap_dump((u_char *)dump->pcap, &header, pkt->data);
}

/* Sends an ICMP reply unless the limit is reached by the capture's clock, which may go backwards.
 */
static void replay_answer(struct run *run, unsigned int i)
{
	glb_icmp_reply_within(&run->reply_limits, run->gen, &run->packets[i], run->slots[i].at_ns);
}

static void replay_settle(struct run *run, unsigned int i)
{
	const struct glb_packet *pkt = &run->packets[i];

	if (glb_verdict_is_icmp_reply(pkt->verdict))
		replay_answer(run, i);
	run->counts[pkt->verdict]++;
	if (pkt->verdict == GLB_FORWARD || glb_verdict_is_icmp_reply(pkt->verdict))
		replay_write_frame(&run->out, &run->slots[i], pkt);
	else if (glb_verdict_is_punt(pkt->verdict) && run->punt_unmatched && run->punted.pcap)
		replay_write_frame(&run->punted, &run->slots[i], pkt);
}

static void run_all(struct run *run)
{
	unsigned int n;

	while ((n = load_burst(run)) > 0) {
		glb_forward(run->gen, run->packets, n);
		for (unsigned int i = 0; i < n; i++)
			replay_settle(run, i);
	}
	capture_sum_up(&run->in);
}

/* Closes a capture. Reports write errors, including earlier ones. */
static int close_dump(struct dump *dump)
{
	int err = 0;

	if (!dump->pcap)
		return 0;
	if (pcap_dump_flush(dump->pcap) || ferror(pcap_dump_file(dump->pcap))) {
		err = -errno;
		log_error("%s: %s", dump->path, strerror(errno));
	}
	pcap_dump_close(dump->pcap);
	return err;
}

static void print_counters(FILE *out, const struct run *run, bool nonzero)
{
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		if (run->counts[v] || !nonzero)
			(void)fprintf(out, "%s %" PRIu64 "\n", glb_verdict_label(v),
				      run->counts[v]);
}

static void write_counters(FILE *out, const struct run *run, bool nonzero)
{
	struct writer w = {.out = out};

	write_open(&w, NULL, '{');
	write_uint(&w, "frames", run->in.frames);
	write_bool(&w, "complete", capture_is_sound(&run->in));
	write_open(&w, "odd", '{');
	for (unsigned int i = 0; i < ODD_COUNT; i++)
		if (run->in.odd[i] || !nonzero)
			write_uint(&w, oddity_name(i), run->in.odd[i]);
	write_bool(&w, "broken", run->in.broken);
	write_close(&w, '}');
	write_open(&w, "counters", '{');
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		if (run->counts[v] || !nonzero)
			write_uint(&w, glb_verdict_label(v), run->counts[v]);
	write_close(&w, '}');
	write_close(&w, '}');
}

/* Prints the fate of the frames, for those not written to a capture. */
static void replay_tell(const struct run *run, const struct replay_args *args)
{
	bool taken = is_standard(args->out_path) ||
		     (args->punted_path && is_standard(args->punted_path));

	(args->json ? write_counters : print_counters)(taken ? stderr : stdout, run, args->nonzero);
}

int replay(const struct command_line *line)
{
	struct replay_args args;
	struct run run = {0};
	int status = replay_read_args(&args, line);

	if (status != EXIT_OK)
		return status;

	int err = replay_make_generation(&run, &args);

	if (!err)
		err = open_files(&run, &args);
	if (!err)
		run_all(&run);
	if (close_dump(&run.out))
		err = -EIO;
	if (close_dump(&run.punted))
		err = -EIO;
	if (!err)
		replay_tell(&run, &args);
	capture_close(&run.in);
	glb_generation_free(run.gen);
	free(run.slots);
	return err || !capture_is_sound(&run.in) ? EXIT_FAILED : EXIT_OK;
}
