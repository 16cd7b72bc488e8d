/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which options do the commands of glbctl take?
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include "sys/command.h"

/* constant, --name, its value, sentence for --help */
#define OPTIONS(X)                                                                                 \
	X(JSON, "json", NULL, "print JSON, for machines")                                          \
	X(STRICT, "strict", NULL, "what deserves a warning is an error")                           \
	X(FORCE, "force", NULL, "go on although established flows are lost")                       \
	X(SETTLED, "settled", NULL,                                                                \
	  "the old file has been in force for as long as the longest flow lives")                  \
	X(CONFIG, "config", "FILE", "director.json of the director that serves the tables")        \
	X(TABLES, "tables", "FILE", "the tables it serves: source or image")                       \
	X(WRITE, "write", "PATH",                                                                  \
	  "what is made: a new folder with the tables file of each step, or the file of a bundle") \
	X(TABLE, "table", "NAME", "the table that is meant, where there are several")              \
	X(WEIGHT, "weight", "N", "weight of the new backend, 100 being usual")                     \
	X(ZONE, "zone", "NAME", "what it fails together with, such as a rack")                     \
	X(SERVER_ID, "server-id", "N", "its number in the connection IDs of QUIC")                 \
	X(SOURCE_MAC, "source-mac", "MAC",                                                         \
	  "MAC address of the port; without it, frames to any unicast address are the director's") \
	X(GATEWAY_MAC, "gateway-mac", "MAC", "what \"auto\" in director.json would find")          \
	X(PUNTED, "punted", "FILE", "capture to be written of what goes to the kernel")            \
	X(SOCKET, "socket", "PATH",                                                                \
	  "control socket of whoever is asked; without it, that of the director or health "        \
	  "checker in /run")                                                                       \
	X(TABLES_ONLY, "tables-only", NULL, "leave director.json as it is in force")               \
	X(QUIET, "quiet", "SECONDS", "without a packet until it stops; 5 is usual")                \
	X(DEADLINE, "deadline", "SECONDS", "until it stops in any case; 60 is usual")              \
	X(ONCE, "once", NULL, "print it once, for other programs, and end")                        \
	X(INTERVAL, "interval", "SECONDS", "from one look to the next; 2 is usual")                \
	X(RATE, "rate", NULL, "what is counted in a second, rather than since the start")          \
	X(NONZERO, "nonzero", NULL, "leave out counters that are 0")                               \
	X(LCORES, "lcores", "LIST",                                                                \
	  "lcores of a director that does not run, as in its EAL option -l")                       \
	X(ROOT, "root", "DIR", "read /proc, /sys and files below a copy of them")                  \
	X(PACKETS, "count", "N", "packets until it ends")                                          \
	X(SECONDS, "seconds", "S", "until it ends in any case")                                    \
	X(VERDICT, "verdict", "NAME,...", "only of which one of these came; drop is any drop_...") \
	X(SNAPLEN, "snaplen", "BYTES", "that are kept of a frame, 128 to 9216; 2048 is usual")     \
	X(UNHEALTHY, "unhealthy", NULL, "only backends about which there is more to say")          \
	X(CHECK, "check", "TYPE", "only checks of this type, as tcp or http")

enum {
#define OPTION_CONSTANT(constant, ...) OPTION_##constant,
	OPTIONS(OPTION_CONSTANT)
#undef OPTION_CONSTANT
		OPTION_COUNT,
};

#endif
