/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glb-redirect: attaches and detaches a proxy's second chance.
 *
 * Exit status: 0 success, 1 failure with a reason on stderr or a proxy that is not drained, 2
 * invalid command line.
 */
#include "commands.h"

#include <bpf/libbpf.h>
#include <stdio.h>

enum { LIBRARY_LEN = 32 };

static const struct command_option options[] = {
	[OPTION_CLSACT] = {"clsact", NULL,
			   "attach as the tc filter of priority 19523 even if the kernel has tcx",
			   0},
	[OPTION_FROM] = {"from", "PREFIX[,PREFIX...]",
			 "accept GUE from these outer source addresses only; default: those of an "
			 "earlier attach, or else everybody",
			 0},
	[OPTION_UDP] = {"udp", "SERVICE[,SERVICE...]",
			"give flows of these UDP services a second chance: ADDRESS:PORT if servers "
			"connect their sockets, or ADDRESS:PORT/quic; 'none' ends it; default: "
			"those of an earlier attach",
			0},
	[OPTION_SERVER_ID] = {"server-id", "N",
			      "the number that this host puts into connection IDs of QUIC; needs "
			      "--udp",
			      0},
	[OPTION_SYN_COOKIES] = {"syn-cookies", "on|off",
				"answer SYNs with cookies while the SYN queue of their listener is "
				"full; needs Linux 6.9; default: as at an earlier attach, or else "
				"off",
				0},
	[OPTION_VIP] = {"vip", "ADDRESS[,ADDRESS...]",
			"the VIPs of this host; default: the addresses of loopback and of other "
			"devices without ARP",
			0},
	[OPTION_LISTEN] = {"listen", "ADDRESS:PORT", "where to serve metrics and grade over HTTP",
			   0},
	[OPTION_AGENT] = {"agent", "ADDRESS:PORT",
			  "where to answer agent checks of HAProxy; default: nowhere", 0},
	[OPTION_WINDOW] = {"window", "SECONDS",
			   "the time over which the grade is judged, 1 to 3600; default: 10", 0},
	[OPTION_LIMITS] = {"limits", "SIGNAL=DEGRADED[:DOWN],...",
			   "other limits of the grade than lost=1,cookies=10,queue=70:100,"
			   "memory=66:95; 0: never",
			   0},
	[OPTION_VIPS] = {"vips", NULL, "for each VIP, as lines of VIP NAME VALUE", 0},
	[OPTION_PEERS] = {"peers", NULL,
			  "for each other hop that packets came from or went to, as lines of HOP "
			  "NAME VALUE",
			  0},
	[OPTION_SECONDS] = {"seconds", "N",
			    "for how long no connection may have needed this proxy; default: 60, "
			    "unless connections have no socket here",
			    0},
	[OPTION_WAIT] = {"wait", NULL, "until the proxy is drained", 0},
	[OPTION_TIMEOUT] = {"timeout", "S",
			    "wait for so many seconds at most; needs --wait; default: no limit", 0},
	[OPTION_JSON] = {"json", NULL, "as JSON, for programs", 0},
};

static const struct command commands[] = {
	{
		.name = "attach",
		.run = run_attach,
		.options = 1U << OPTION_CLSACT | 1U << OPTION_FROM | 1U << OPTION_UDP |
			   1U << OPTION_SERVER_ID | 1U << OPTION_SYN_COOKIES,
		.args = "DEV",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Attach the program to a device, or replace it there without a gap.",
		.example = "glb-redirect attach eth0 --from 10.0.0.0/24",
	},
	{
		.name = "detach",
		.run = run_detach,
		.args = "DEV",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Detach it from a device.",
		.example = "glb-redirect detach eth0",
	},
	{
		.name = "counters",
		.run = run_counters,
		.options = 1U << OPTION_VIPS | 1U << OPTION_PEERS | 1U << OPTION_JSON,
		.args = "DEV",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Print the fate of the packets so far, as lines of NAME VALUE.",
		.example = "glb-redirect counters eth0",
	},
	{
		.name = "drained",
		.run = run_drained,
		.options = 1U << OPTION_SECONDS | 1U << OPTION_WAIT | 1U << OPTION_TIMEOUT |
			   1U << OPTION_JSON,
		.args = "DEV",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Print which connections still need this proxy, for each VIP. Fails if "
			    "there are any.",
		.example = "glb-redirect drained eth0 --wait --timeout 3600",
	},
	{
		.name = "status",
		.run = run_status,
		.options = 1U << OPTION_JSON,
		.args = "DEV",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Print where it is attached, which hosts it accepts, what runs before "
			    "it, and which VIPs need it.",
		.example = "glb-redirect status eth0",
	},
	{
		.name = "check",
		.run = run_check,
		.options = 1U << OPTION_VIP | 1U << OPTION_JSON,
		.args = "DEV",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Find out what this host lacks to be a proxy: exit 0, or 1 if there is "
			    "a problem.",
		.example = "glb-redirect check eth0",
	},
	{
		.name = "serve",
		.run = run_serve,
		.options = 1U << OPTION_VIP | 1U << OPTION_LISTEN | 1U << OPTION_AGENT |
			   1U << OPTION_WINDOW | 1U << OPTION_LIMITS,
		.needed = 1U << OPTION_LISTEN,
		.args = "DEV",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Serve metrics, readiness and the grade of this proxy, until SIGTERM.",
		.example = "glb-redirect serve eth0 --listen 127.0.0.1:9391",
	},
};

/* The version of libbpf, for --version. Returns out. */
static const char *library_text(char out[LIBRARY_LEN])
{
	(void)snprintf(out, LIBRARY_LEN, "libbpf %u.%u", libbpf_major_version(),
		       libbpf_minor_version());
	return out;
}

int main(int argc, char **argv)
{
	char library[LIBRARY_LEN];
	const struct program program = {
		.name = "glb-redirect",
		.library = library_text(library),
		.sentence = "The proxy side of a GLB load balancer. On the ingress of a network "
			    "device, packets in GUE\n(UDP port 19523) for connections of this host "
			    "are decapsulated; others go to the next hop\nthat they name.",
		.notes = "DEV is a device of the current network namespace. Needs root. Without "
			 "--clsact, and on kernels\nwith tcx, the place of the program is the "
			 "front of the tcx list.\n",
		.commands = commands,
		.command_count = sizeof(commands) / sizeof(*commands),
		.options = options,
		.option_count = sizeof(options) / sizeof(*options),
	};
	struct command_line line;

	if (!command_read(&line, &program, argc, argv))
		return line.status;

	return line.command->run(&line);
}
