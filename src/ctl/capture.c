/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "standard.h"
#include "sys/log.h"

enum {
	WARNINGS_MAX = 10,  /* per kind, reported one by one */
	MICRO_MAGIC = 0xd4, /* first byte, in this byte order, of a capture with microseconds */
};

/* Refuses everything but Ethernet, by name. */
static int check_link_type(const struct capture *capture)
{
	int type = pcap_datalink(capture->pcap);
	const char *name = pcap_datalink_val_to_name(type);
	const char *description = pcap_datalink_val_to_description(type);

	if (type == DLT_EN10MB)
		return 0;
	if (name && description)
		log_error("%s: link type %s (%s), expected Ethernet", capture->path, name,
			  description);
	else
		log_error("%s: link type %d, expected Ethernet", capture->path, type);
	return -EINVAL;
}

/* Takes ownership of `in`, even on failure. */
static int open_stream(struct capture *capture, FILE *in)
{
	char error[PCAP_ERRBUF_SIZE];
	int first = getc(in);

	capture->micro = first == MICRO_MAGIC;
	(void)ungetc(first, in);
	capture->pcap =
		pcap_fopen_offline_with_tstamp_precision(in, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!capture->pcap) {
		log_error("%s: %s", capture->path, error);
		if (in != stdin)
			(void)fclose(in);
		return -EINVAL;
	}
	return check_link_type(capture);
}

int capture_open(struct capture *capture, const char *path)
{
	FILE *in = is_standard(path) ? stdin : fopen(path, "rbe");

	*capture = (struct capture){.path = path};
	if (!in) {
		log_error("%s: %s", path, strerror(errno));
		return -EINVAL;
	}

	int err = open_stream(capture, in);

	if (err)
		capture_close(capture);
	return err;
}

void capture_note(struct capture *capture, const struct frame *frame, enum oddity oddity,
		  const char *format, ...)
{
	char text[256];
	va_list args;

	if (++capture->odd[oddity] > WARNINGS_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_warning("%s: frame %" PRIu64 ": %s", capture->path, frame->number, text);
}

static void check_time(struct capture *capture, const struct frame *frame)
{
	if (frame->at_ns < capture->latest_ns)
		capture_note(capture, frame, ODD_CLOCK_BACK,
			     "is from %" PRIu64 ".%06" PRIu64 " s before an earlier one; rates of "
			     "answers are by these times",
			     (capture->latest_ns - frame->at_ns) / 1000000000,
			     (capture->latest_ns - frame->at_ns) / 1000 % 1000000);
	else
		capture->latest_ns = frame->at_ns;
}

bool capture_next(struct frame *out, struct capture *capture)
{
	struct pcap_pkthdr *header;
	int got = capture->broken ? PCAP_ERROR_BREAK
				  : pcap_next_ex(capture->pcap, &header, &out->bytes);

	if (got == PCAP_ERROR_BREAK)
		return false;
	if (got != 1) {
		capture->broken = true;
		log_error("%s: behind frame %" PRIu64 ": %s", capture->path, capture->frames,
			  pcap_geterr(capture->pcap));
		return false;
	}
	out->number = ++capture->frames;
	out->at_ns = (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec;
	out->captured = header->caplen;
	out->len = header->len;
	check_time(capture, out);
	if (out->captured > out->len) {
		capture_note(capture, out, ODD_STRETCHED,
			     "captured with %u bytes, more than the %u it is said to have had; "
			     "taken as captured",
			     out->captured, out->len);
		out->len = out->captured;
	}
	return true;
}

void capture_sum_up(const struct capture *capture)
{
	static const char *const sentences[] = {
#define ODDITY_SENTENCE(constant, name, sentence) sentence,
		ODDITIES(ODDITY_SENTENCE)
#undef ODDITY_SENTENCE
	};

	for (unsigned int i = 0; i < ODD_COUNT; i++)
		if (capture->odd[i] > WARNINGS_MAX)
			log_warning("%s: %" PRIu64 " frames in all %s", capture->path,
				    capture->odd[i], sentences[i]);
}

bool capture_is_sound(const struct capture *capture)
{
	bool sound = !capture->broken;

	for (unsigned int i = 0; i < ODD_COUNT; i++)
		sound &= !capture->odd[i];
	return sound;
}

const char *oddity_name(enum oddity oddity)
{
	static const char *const names[] = {
#define ODDITY_NAME(constant, name, sentence) name,
		ODDITIES(ODDITY_NAME)
#undef ODDITY_NAME
	};

	return names[oddity];
}

void capture_close(struct capture *capture)
{
	if (capture->pcap)
		pcap_close(capture->pcap);
	capture->pcap = NULL;
}
