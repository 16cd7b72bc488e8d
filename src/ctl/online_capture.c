/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl capture: which packets does a running director receive and send, and why? */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "columns.h"
#include "pcapng.h"
#include "standard.h"
#include "sys/log.h"
#include "sys/version.h"
#include "sys/writer.h"
#include "viewer.h"

enum { PORTS_MAX = 64, COMMENT_LEN = 512 };

/* A capture being written. */
struct dump {
	const char *path;
	FILE *out;	     /* NULL: not open yet */
	uint64_t packets;    /* written so far */
	uint64_t interfaces; /* two per port: in and out */
	uint32_t ports[PORTS_MAX];
	unsigned int port_count;
};

static int check_dump(const struct dump *dump)
{
	if (!fflush(dump->out) && !ferror(dump->out))
		return EXIT_OK;
	log_error("%s: %s", dump->path, strerror(errno));
	return EXIT_FAILED;
}

/* Called only once the director has accepted the request, so that a refusal overwrites no file. */
static int open_dump(struct dump *dump)
{
	dump->out = is_standard(dump->path) ? stdout : fopen(dump->path, "wbe");
	if (dump->out)
		return EXIT_OK;
	log_error("%s: %s", dump->path, strerror(errno));
	return EXIT_FAILED;
}

/* Adds two interfaces per port, in the order of the list. */
static void add_ports(struct dump *dump, const struct conf_value *started, uint32_t snaplen)
{
	struct conf_value list;
	struct conf_value value;

	if (!conf_find(&list, started, "ports"))
		return;
	for (size_t i = 0; i < conf_count(&list) && i < PORTS_MAX; i++) {
		struct conf_value port = conf_element(&list, i);
		char name[CONF_TEXT_LEN];
		char in[sizeof(name) + 4];
		char out[sizeof(name) + 4];

		if (conf_find(&value, &port, "port"))
			(void)conf_uint(&dump->ports[i], 0, UINT32_MAX, &value);
		(void)snprintf(in, sizeof(in), "%s in", member_text(name, &port, "name"));
		(void)snprintf(out, sizeof(out), "%s out", name);
		pcapng_add_interface(dump->out, in, snaplen);
		pcapng_add_interface(dump->out, out, snaplen);
		dump->port_count++;
	}
}

static int capture_begin(void *arg, const struct conf_value *started)
{
	struct dump *dump = arg;
	struct conf_value value;
	char program[64];
	uint32_t snaplen = 0;
	int status = open_dump(dump);

	if (status != EXIT_OK)
		return status;
	if (conf_find(&value, started, "snaplen"))
		(void)conf_uint(&snaplen, 0, UINT32_MAX, &value);
	(void)snprintf(program, sizeof(program), "glbctl %s", version_number());
	pcapng_begin(dump->out, program);
	add_ports(dump, started, snaplen);
	return check_dump(dump);
}

/* The index of a port in the list: its interfaces are 2 * index and 2 * index + 1. */
static uint32_t capture_place_of(const struct dump *dump, uint32_t port)
{
	uint32_t place = 0;

	while (place + 1 < dump->port_count && dump->ports[place] != port)
		place++;
	return place;
}

static void add_frame(struct dump *dump, const struct viewed *packet, bool is_outbound,
		      const char *comment)
{
	const struct viewed_frame *frame = is_outbound ? &packet->sent : &packet->received;
	const struct pcapng_packet one = {
		.interface = 2 * capture_place_of(dump, frame->port) + is_outbound,
		.time_ns = packet->time_ns,
		.bytes = frame->bytes,
		.kept = frame->kept,
		.len = frame->len,
		.is_outbound = is_outbound,
		.id = dump->packets,
		.comment = comment,
	};

	pcapng_add(dump->out, &one);
}

static int capture_add_packet(void *arg, const struct viewed *packet)
{
	struct dump *dump = arg;
	char comment[COMMENT_LEN];

	dump->packets++;
	(void)snprintf(comment, sizeof(comment),
		       "%s; generation %" PRIu64 ", worker %" PRIu64 ", packet %" PRIu64,
		       packet->verdict, packet->generation, packet->worker, dump->packets);
	add_frame(dump, packet, false, comment);
	if (packet->sent.len)
		add_frame(dump, packet, true, comment);
	return EXIT_OK;
}

static int pause_dump(void *arg)
{
	return check_dump(arg);
}

static int finish_dump(struct dump *dump)
{
	if (!dump->out || dump->out == stdout || !fclose(dump->out))
		return EXIT_OK;
	log_error("%s: %s", dump->path, strerror(errno));
	return EXIT_FAILED;
}

static void capture_tell(const struct views *views, const struct command_line *line)
{
	FILE *out = is_standard(line->args[0]) ? stderr : stdout;
	struct writer w = {.out = out, .on_one_line = true};

	if (!command_has(line, OPTION_JSON)) {
		(void)fprintf(out, "packets %" PRIu64 "\nmissed %" PRIu64 "\n", views->packets,
			      views->missed);
		return;
	}
	write_open(&w, NULL, '{');
	write_uint(&w, "packets", views->packets);
	write_uint(&w, "missed", views->missed);
	write_close(&w, '}');
}

int online_capture(const struct command_line *line)
{
	struct dump dump = {.path = line->args[0]};
	const struct viewer viewer = {
		.line = line,
		.filter_at = 1,
		.begin = capture_begin,
		.take = capture_add_packet,
		.pause = pause_dump,
		.arg = &dump,
	};
	struct views views;
	int status;

	if (is_standard(dump.path) && isatty(STDOUT_FILENO)) {
		log_error("standard output is a terminal, and a capture is binary");
		return EXIT_FAILED;
	}
	status = viewer_run(&views, &viewer);
	if (finish_dump(&dump) != EXIT_OK)
		return EXIT_FAILED;
	if (status == EXIT_OK)
		capture_tell(&views, line);
	return status;
}
