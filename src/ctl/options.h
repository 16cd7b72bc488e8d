/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which options do the commands of glbctl take?
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include "sys/command.h"

/* constant, --name, its value, sentence for --help */
#define OPTIONS(X)                                                                                 \
	X(JSON, "json", NULL, "print JSON, for programs")                                          \
	X(STRICT, "strict", NULL, "treat warnings as errors")                                      \
	X(FORCE, "force", NULL, "proceed although established flows are lost")                     \
	X(SETTLED, "settled", NULL,                                                                \
	  "the old file has been in force for the lifetime of the longest flow")                   \
	X(CONFIG, "config", "FILE", "director.json of the director that serves the tables")        \
	X(TABLES, "tables", "FILE", "its tables: source or image")                                 \
	X(WRITE, "write", "PATH",                                                                  \
	  "output: a new directory for the tables files of the steps, or the file of a bundle")    \
	X(TABLE, "table", "NAME", "name of the table, if there are several")                       \
	X(WEIGHT, "weight", "N", "weight of the new backend, default 100")                         \
	X(ZONE, "zone", "NAME", "its failure domain, such as a rack")                              \
	X(SERVER_ID, "server-id", "N", "its number in the connection IDs of QUIC")                 \
	X(SOURCE_MAC, "source-mac", "MAC",                                                         \
	  "MAC address of the port; without it, frames to any unicast address are the director's") \
	X(GATEWAY_MAC, "gateway-mac", "MAC", "what \"auto\" in director.json would find")          \
	X(PUNTED, "punted", "FILE", "write packets punted to the kernel to this capture")          \
	X(SOCKET, "socket", "PATH",                                                                \
	  "control socket; default: that of the director or health checker in /run")               \
	X(TABLES_ONLY, "tables-only", NULL, "keep director.json as it is in force")                \
	X(DENY_ONLY, "deny-only", NULL,                                                            \
	  "read only the deny file; keep director.json and tables as they are in force")           \
	X(QUIET, "quiet", "SECONDS", "stop after this time without packets; default 5")            \
	X(DEADLINE, "deadline", "SECONDS",                                                         \
	  "stop, or stay, after this time in any case; default 60")                                \
	X(OR_STAY, "or-stay", NULL,                                                                \
	  "do not stop if packets still arrive at the deadline, but be ready again")               \
	X(TO, "to", "PATH", "control socket of the next director, on ports of its own")            \
	X(START, "start", "COMMAND",                                                               \
	  "starts the next director; default: systemctl start glb-director")                       \
	X(ONCE, "once", NULL, "print it once, for other programs, and exit")                       \
	X(INTERVAL, "interval", "SECONDS", "refresh interval; default 2")                          \
	X(RATE, "rate", NULL, "counts per second rather than since the start")                     \
	X(NONZERO, "nonzero", NULL, "omit counters that are 0")                                    \
	X(LCORES, "lcores", "LIST",                                                                \
	  "lcores of a director that is not running, as in its EAL option -l")                     \
	X(ROOT, "root", "DIR", "read /proc, /sys and files from a copy below DIR")                 \
	X(PACKETS, "count", "N", "end after this number of packets")                               \
	X(SECONDS, "seconds", "S", "end after this time in any case")                              \
	X(VERDICT, "verdict", "NAME,...",                                                          \
	  "only packets with one of these; drop means any drop_...")                               \
	X(SNAPLEN, "snaplen", "BYTES", "bytes recorded of a frame, 128 to 9216; default 2048")     \
	X(UNHEALTHY, "unhealthy", NULL, "only backends that need attention")                       \
	X(CHECK, "check", "TYPE", "only checks of this type, such as tcp or http")                 \
	X(DEVICE, "device", "NAME", "network device of the NIC")                                   \
	X(DRIVER, "driver", "NAME",                                                                \
	  "ixgbe, i40e, ice, mlx5, or switchdev for another NIC in that mode; default: what "      \
	  "/sys says of the device")                                                               \
	X(VF, "vf", "N", "its virtual function for the director; default 0")                       \
	X(QUEUE, "queue", "N", "receive queue of the VF, for ixgbe and i40e; default 0")           \
	X(FIRST, "first", "N",                                                                     \
	  "location of the first rule, default 0; for tc its preference, default 4000")            \
	X(VF_MAC, "vf-mac", "MAC", "MAC address to give to the VF")                                \
	X(REPRESENTOR, "representor", "NAME",                                                      \
	  "network device for the VF in switchdev mode; default: found when the script runs")      \
	X(DELETE, "delete", NULL, "print how to remove the rules")

enum {
#define OPTION_CONSTANT(constant, ...) OPTION_##constant,
	OPTIONS(OPTION_CONSTANT)
#undef OPTION_CONSTANT
		OPTION_COUNT,
};

#endif
