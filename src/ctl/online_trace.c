/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl trace: what happens to packets in a running director? */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "sys/log.h"
#include "viewer.h"

#define COUNT_USUAL "10"

enum { LINE_BYTES = 16, LINES_MAX = 10 };

static int online_trace_begin(void *arg, const struct conf_value *started)
{
	(void)arg;
	(void)started;
	return EXIT_OK;
}

static int online_trace_flush(void *arg)
{
	(void)arg;
	return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}

static void print_time(uint64_t time_ns)
{
	const time_t s = (time_t)(time_ns / 1000000000);
	struct tm utc;

	(void)gmtime_r(&s, &utc);
	printf("%04d-%02d-%02dT%02d:%02d:%02d.%06" PRIu64 "Z", utc.tm_year + 1900, utc.tm_mon + 1,
	       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, time_ns % 1000000000 / 1000);
}

static void print_bytes(const char *what, const struct viewed_frame *frame)
{
	printf("  %s\n", what);
	for (uint32_t at = 0; at < frame->kept && at < LINE_BYTES * LINES_MAX; at += LINE_BYTES) {
		printf("    %04x ", at);
		for (uint32_t i = at; i < at + LINE_BYTES && i < frame->kept; i++)
			printf("%s%02x", i % 2 ? "" : " ", frame->bytes[i]);
		putchar('\n');
	}
	if (frame->len > LINE_BYTES * LINES_MAX)
		printf("    and %u bytes more, which are in --json and captures\n",
		       frame->len - LINE_BYTES * LINES_MAX);
}

static int print_packet(void *arg, const struct viewed *packet)
{
	const struct command_line *line = arg;

	if (command_has(line, OPTION_JSON)) /* already printed by the viewer */
		return EXIT_OK;
	print_time(packet->time_ns);
	printf(" worker %" PRIu64 ", generation %" PRIu64 ": %s\n", packet->worker,
	       packet->generation, packet->verdict);
	for (size_t i = 0; i < conf_count(&packet->reasons); i++) {
		struct conf_value one = conf_element(&packet->reasons, i);
		const char *text;

		if (!conf_string(&text, &one))
			printf("  %s\n", text);
	}
	print_bytes("received", &packet->received);
	if (packet->sent.len)
		print_bytes("sent", &packet->sent);
	putchar('\n');
	return EXIT_OK;
}

int online_trace(const struct command_line *line)
{
	const struct viewer viewer = {
		.line = line,
		.count = COUNT_USUAL,
		.with_reasons = true,
		.prints_answers = command_has(line, OPTION_JSON),
		.begin = online_trace_begin,
		.take = print_packet,
		.pause = online_trace_flush,
		.arg = (void *)line,
	};
	struct views views;
	int status = viewer_run(&views, &viewer);

	if (status == EXIT_OK && !views.packets)
		log_info("no packet came that the filter takes");
	return status;
}
