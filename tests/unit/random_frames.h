/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may arrive at a director?
 *
 * Random frames with a structure: of all kinds of packets that the data path tells from each other,
 * to addresses and ports next to those of binds, of lengths next to every limit, most of them right
 * and some of them spoilt in one field. Bursts are of one kind or mixed, as on the wire.
 */
#ifndef UNIT_RANDOM_FRAMES_H
#define UNIT_RANDOM_FRAMES_H

#include "chance.h"
#include "random_world.h"

enum { RANDOM_FRAME_MAX = 70000, RANDOM_SENT_MAX = 2048 };

struct random_frames {
	struct chance chance;
	const struct world *world;
	const struct glb_settings *settings;
	unsigned int mix; /* what is usual in this burst: random_mix() */
	uint8_t port;	  /* most of it came in here */
	uint32_t sent_len;
	uint8_t sent[RANDOM_SENT_MAX]; /* an IP packet of this director's that routers complain of
					*/
};

/* A frame on its way from a device. */
struct random_frame {
	uint32_t len;
	uint16_t headroom;
	uint8_t port;
	uint8_t bytes[RANDOM_FRAME_MAX];
};

/* What one layer leaves to the next. */
struct draft {
	struct random_frames *from;
	struct random_frame *frame;
	const struct glb_table_spec *table; /* some bind of which it is, or nearly is, for */
	const struct glb_bind *bind;
	uint32_t overhead; /* bytes of outer headers of that table */
	uint32_t ip_at;
	uint32_t transport_at; /* in the frame, as is: */
	uint32_t end;	       /* of the IP packet */
	uint8_t proto;
	bool v4;
	bool plain; /* nothing odd about it */
	bool later; /* a fragment without a transport header */
};

/* Chooses what is usual in the next burst. */
void random_mix(struct random_frames *from);

/* Makes the next frame. */
void random_frame(struct random_frame *frame, struct random_frames *from);

/* Writes the transport header of draft->proto and what is behind it; sets draft->end. */
void random_segment(struct draft *draft);

/* Spoils a frame of len bytes in one place, if that is as much as a header. Returns its length. */
uint32_t random_spoil(uint8_t *frame, uint32_t len, struct chance *chance);

#endif
