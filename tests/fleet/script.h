/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is written down what happens to a fleet?
 *
 * As a script: versions of the tables as operators and health checkers put them in force, and what
 * befalls proxies and directors meanwhile. Times are ticks, in ascending order.
 */
#ifndef FLEET_SCRIPT_H
#define FLEET_SCRIPT_H

#include "../bench/table_fleet.h"
#include "course.h"
#include "schemes.h"

enum {
	LONGEST_S = 600, /* the longest flow lives so long, and a plan waits so long */
	EVENTS_MAX = 64,
};

enum event_kind {
	EVENT_CRASH,  /* a proxy is gone, with its flows */
	EVENT_BACK,   /* it works again */
	EVENT_OFF,    /* a proxy is switched off, whatever flows it has */
	EVENT_LEAVE,  /* routers send a director nothing more */
	EVENT_JOIN,   /* or again */
	EVENT_FREEZE, /* a director takes no new tables */
	EVENT_FLOOD,  /* from now on so many SYNs of no client reach each director in a tick */
};

struct event {
	uint32_t at; /* tick */
	enum event_kind kind;
	unsigned int who;
};

struct script {
	struct course courses[SCHEME_TABLES];
	struct event events[EVENTS_MAX]; /* in order */
	unsigned int event_count;
	unsigned int directors;
	bool resilient;		   /* are the routers' groups? */
	uint32_t end;		   /* tick after the last */
	uint32_t first_change;	   /* tick of the first one, of tables or of anything else */
	uint32_t last_change;	   /* tick when the last one has reached every director */
	struct table_fleet fleet;  /* as it is being written: the newest version */
	struct table_fleet target; /* what a plan is to lead to */
	uint32_t spread;	   /* of the steps that are written */
	uint8_t fields, alt_fields;
	uint64_t random;
};

/* A fleet of so many proxies, its first version in force; for script_free(). */
struct script *script_start(unsigned int proxies, unsigned int directors, uint64_t seed);

/* Puts the fleet in force as it is in the script now, in one step. */
void script_put(struct script *script, uint32_t at);

/* Puts the steps in force that `glbctl table plan` finds from the fleet to the target, each for as
 * long as the longest flow lives. */
void script_plan(struct script *script, uint32_t at);

/* Something else happens. */
void script_event(struct script *script, uint32_t at, enum event_kind kind, unsigned int who);

/* Puts the events in order: all is written. */
void script_close(struct script *script);

void script_free(struct script *script);

#endif
