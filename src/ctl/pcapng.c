/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "pcapng.h"

enum {
	/* section 4.1 */
	BLOCK_SECTION = 0x0a0d0d0a,
	MAGIC = 0x1a2b3c4d,
	VERSION = 1, /* 1.0: two 16-bit numbers */
	SECTION_PROGRAM = 4,
	/* section 4.2 */
	BLOCK_INTERFACE = 1,
	LINK_ETHERNET = 1,
	INTERFACE_NAME = 2,
	INTERFACE_RESOLUTION = 9,
	NANOSECONDS = 9, /* negative power of ten: resolution of timestamps in seconds */
	/* section 4.3 */
	BLOCK_PACKET = 6,
	PACKET_FLAGS = 2,
	PACKET_ID = 5,
	INBOUND = 1,
	OUTBOUND = 2,
	/* section 3.5 */
	OPTION_END_OF = 0,
	OPTION_COMMENT = 1,
};

/* Values are padded with zeros to the next word. */
static uint32_t padded(uint32_t len)
{
	return (len + 3) & ~3U;
}

static uint32_t text_len(const char *text)
{
	const size_t len = strlen(text);

	return len < PCAPNG_TEXT_MAX ? (uint32_t)len : PCAPNG_TEXT_MAX;
}

static uint32_t option_len(uint32_t len)
{
	return 4 + padded(len);
}

static void put_word(FILE *out, uint32_t word)
{
	(void)fwrite(&word, sizeof(word), 1, out);
}

static void put_halves(FILE *out, uint32_t first, uint32_t second)
{
	const uint16_t halves[] = {(uint16_t)first, (uint16_t)second};

	(void)fwrite(halves, sizeof(halves), 1, out);
}

static void put_padded(FILE *out, const void *bytes, uint32_t len)
{
	static const uint8_t zeros[3];

	(void)fwrite(bytes, 1, len, out);
	(void)fwrite(zeros, 1, padded(len) - len, out);
}

static void put_option(FILE *out, uint32_t code, const void *bytes, uint32_t len)
{
	put_halves(out, code, len);
	put_padded(out, bytes, len);
}

static void end_options(FILE *out)
{
	put_halves(out, OPTION_END_OF, 0);
}

void pcapng_begin(FILE *out, const char *program)
{
	const uint32_t len = 28 + option_len(text_len(program)) + 4;

	put_word(out, BLOCK_SECTION);
	put_word(out, len);
	put_word(out, MAGIC);
	put_halves(out, VERSION, 0);
	put_word(out, UINT32_MAX); /* section length unknown: 64 bits of ones */
	put_word(out, UINT32_MAX);
	put_option(out, SECTION_PROGRAM, program, text_len(program));
	end_options(out);
	put_word(out, len);
}

void pcapng_add_interface(FILE *out, const char *name, uint32_t snaplen)
{
	const uint8_t resolution = NANOSECONDS;
	const uint32_t len = 20 + option_len(text_len(name)) + option_len(1) + 4;

	put_word(out, BLOCK_INTERFACE);
	put_word(out, len);
	put_halves(out, LINK_ETHERNET, 0);
	put_word(out, snaplen);
	put_option(out, INTERFACE_NAME, name, text_len(name));
	put_option(out, INTERFACE_RESOLUTION, &resolution, 1);
	end_options(out);
	put_word(out, len);
}

void pcapng_add(FILE *out, const struct pcapng_packet *packet)
{
	const uint32_t comment_len = text_len(packet->comment);
	const uint32_t flags = packet->is_outbound ? OUTBOUND : INBOUND;
	const uint32_t len = 32 + padded(packet->kept) + option_len(comment_len) +
			     option_len(sizeof(flags)) + option_len(sizeof(packet->id)) + 4;

	put_word(out, BLOCK_PACKET);
	put_word(out, len);
	put_word(out, packet->interface);
	put_word(out, (uint32_t)(packet->time_ns >> 32));
	put_word(out, (uint32_t)packet->time_ns);
	put_word(out, packet->kept);
	put_word(out, packet->len);
	put_padded(out, packet->bytes, packet->kept);
	put_option(out, OPTION_COMMENT, packet->comment, comment_len);
	put_option(out, PACKET_FLAGS, &flags, sizeof(flags));
	put_option(out, PACKET_ID, &packet->id, sizeof(packet->id));
	end_options(out);
	put_word(out, len);
}
