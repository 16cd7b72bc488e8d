/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glb-redirect: attaches and detaches a proxy's second chance.
 *
 * Exit status: 0 success, 1 failure with a reason on stderr, 2 invalid command line.
 */
#include "attachment.h"
#include "netfilter.h"
#include "sys/command.h"
#include "sys/log.h"
#include "sys/printable.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EXIT_REFUSED = 1, LIBRARY_LEN = 32 };
enum { OPTION_CLSACT, OPTION_FROM, OPTION_UDP, OPTION_SERVER_ID, OPTION_JSON };

static const char *const labels[] = {
#define LABEL(name, label, sentence) label,
	GLB_REDIRECT_COUNTERS(LABEL)
#undef LABEL
};

/* The error of a command in words. */
static const char *redirect_reason(int error)
{
	switch (-error) {
	case ENOENT:
		return "glb-redirect is not attached";
	case EEXIST:
		return "the place of glb-redirect among the filters (priority 19523, handle 1) is "
		       "taken by another filter";
	case EXDEV:
		return "its tc filters are in a block that it shares with other devices, where "
		       "glb-redirect has no place";
	case EBUSY:
		return "the program that is attached is held by a link of another tool; detach it "
		       "there";
	case ENOEXEC:
		return "the kernel refused the program, for the reasons above; "
		       "docs/second-chance.md has the kernels it was run on";
	case ENOTSUP:
		return "the program that is attached is of another version; attach again";
	case EPERM:
		return "no permission; this needs root, or CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON and "
		       "CAP_SYS_ADMIN";
	default:
		return strerror(-error);
	}
}

static int redirect_refuse(const char *device, const char *why)
{
	log_error("%s: %s", device, why);
	return EXIT_REFUSED;
}

/* Do frames of this device start with an Ethernet header? */
static bool redirect_is_ethernet(const char *device)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	strncpy(request.ifr_name, device, sizeof(request.ifr_name) - 1);

	bool answered = ioctl(fd, SIOCGIFHWADDR, &request) == 0;

	close(fd);
	return answered && request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

/* Places, in the terms of tc and bpftool. */
static const char *const hooks[] = {[REDIRECT_TCX] = "tcx", [REDIRECT_CLSACT] = "clsact"};

static void redirect_warn(const char *device, const struct redirect_before *other,
			  const char *sentence)
{
	log_warning("%s: %s %" PRIu32 " (%s) %s", device,
		    other->hook == REDIRECT_TCX ? "tcx program" : "the filter of priority",
		    other->number, other->name, sentence);
}

/* Lists everything that may keep packets from the program. */
static void warn_of_others(const char *device, const struct redirect_status *status)
{
	for (unsigned int i = 0; i < status->before_count; i++)
		redirect_warn(
			device, &status->before[i],
			"runs before glb-redirect, which sees only what that leaves to others");
}

/* Lists the filters that the program now precedes: one may be a firewall. */
static void warn_of_overtaken(const char *device, const struct redirect_status *before)
{
	for (unsigned int i = 0; i < before->before_count; i++)
		if (before->before[i].hook == REDIRECT_CLSACT)
			redirect_warn(device, &before->before[i],
				      "ran before glb-redirect and now runs after it; attach with "
				      "--clsact "
				      "to keep their order");
}

static const char unknown_connections[] =
	"this kernel does not let the program ask connection tracking: packets of connections "
	"behind NAT, and answers to SYN cookies behind TPROXY, go to the next hop; let servers "
	"listen on the ports of the VIPs, or use Linux 6.1 or later";
static const char unknown_cookies[] =
	"TPROXY rules without connection tracking: answers to SYN cookies go to the next hop; "
	"add a rule that looks at ct state";

static const char unknown_synproxy[] = "SYNPROXY rules: answers to their SYN cookies go to the "
				       "next hop; use the SYN cookies of the "
				       "listeners (net.ipv4.tcp_syncookies)";

/* Lists rules that keep the program from recognising connections of this host. */
static void warn_of_rules(const char *device, bool asks_conntrack)
{
	struct netfilter_rules rules;
	const char *why = NULL;

	netfilter_read_rules(&rules);
	if (!asks_conntrack && (rules.translate || rules.tproxy))
		why = unknown_connections;
	else if (rules.tproxy && !rules.track)
		why = unknown_cookies;
	if (why)
		log_warning("%s: %s", device, why);
	if (rules.synproxy)
		log_warning("%s: %s", device, unknown_synproxy);
}

/* The lists of a command line. */
struct given {
	struct senders from;
	struct services udp;
	struct redirect_lists lists; /* the ones above, as far as they are given */
};

/* False, after logging why, if a list is invalid. */
static bool read_given(struct given *given, const char *device, const struct command_line *line)
{
	const char *from = line->values[OPTION_FROM];
	const char *udp = line->values[OPTION_UDP];
	char why[SERVICES_WHY_LEN + SENDERS_WHY_LEN] = "--server-id: needs --udp";
	int error = line->values[OPTION_SERVER_ID] && !udp ? -EINVAL : 0;

	given->lists = (struct redirect_lists){0};
	if (!error && from) {
		error = senders_parse(&given->from, from, why);
		given->lists.from = &given->from;
	}
	if (!error && udp) {
		error = services_parse(&given->udp, udp, line->values[OPTION_SERVER_ID], why);
		given->lists.udp = &given->udp;
	}
	if (error)
		(void)redirect_refuse(device, why);
	return !error;
}

static int attach(const char *device, int ifindex, const struct command_line *line)
{
	bool clsact = command_has(line, OPTION_CLSACT);
	struct redirect_status before;
	struct redirect_status now;
	struct given given;

	if (!redirect_is_ethernet(device))
		return redirect_refuse(device, "not an Ethernet device");
	if (!read_given(&given, device, line))
		return EXIT_REFUSED;

	bool was_filter = !redirect_read_status(ifindex, &before) && before.hook == REDIRECT_CLSACT;
	int error = redirect_attach(ifindex, clsact ? REDIRECT_CLSACT : REDIRECT_TCX, &given.lists);

	if (error)
		return redirect_refuse(device, redirect_reason(error));
	if (redirect_read_status(ifindex, &now))
		return EXIT_SUCCESS; /* inspecting requires CAP_SYS_ADMIN */
	warn_of_rules(device, now.asks_conntrack);
	warn_of_others(device, &now);
	if (was_filter && now.hook == REDIRECT_TCX)
		warn_of_overtaken(device, &before);
	return EXIT_SUCCESS;
}

static int detach(const char *device, int ifindex)
{
	int error = redirect_detach(ifindex);

	return error ? redirect_refuse(device, redirect_reason(error)) : EXIT_SUCCESS;
}

static int redirect_print_status(const char *device, int ifindex)
{
	struct redirect_status status;
	struct netfilter_rules rules;
	int error = redirect_read_status(ifindex, &status);

	if (error)
		return redirect_refuse(device, redirect_reason(error));
	printf("hook %s\nprogram %" PRIu32 "\nconntrack %s\n", hooks[status.hook],
	       status.program_id, status.asks_conntrack ? "asked" : "unavailable");
	netfilter_read_rules(&rules);
	printf("rules%s%s%s%s\n", rules.translate ? " nat" : "", rules.tproxy ? " tproxy" : "",
	       rules.synproxy ? " synproxy" : "",
	       rules.translate || rules.tproxy || rules.synproxy ? "" : " none");
	for (uint32_t i = 0; i < status.from.count; i++) {
		char text[SENDER_TEXT_LEN];

		printf("from %s\n", sender_text(text, &status.from.list[i]));
	}
	for (uint32_t i = 0; i < status.udp.count; i++) {
		char text[SERVICE_TEXT_LEN];

		printf("udp %s\n", service_text(text, &status.udp, i));
	}
	for (unsigned int i = 0; i < status.before_count; i++) {
		char name[PRINTABLE_NAME_LEN];

		printf("before %s %" PRIu32 " %s\n", hooks[status.before[i].hook],
		       status.before[i].number,
		       printable(name, sizeof(name), status.before[i].name));
	}
	return fflush(stdout) ? redirect_refuse(device, strerror(errno)) : EXIT_SUCCESS;
}

static int redirect_print_counters(const char *device, int ifindex, bool json)
{
	uint64_t values[GLB_REDIRECT_COUNTER_COUNT];
	struct redirect_status status;
	int error = redirect_read_counters(ifindex, values);

	if (error)
		return redirect_refuse(device, redirect_reason(error));
	if (!redirect_read_status(ifindex, &status))
		warn_of_others(device, &status);
	for (int i = 0; i < GLB_REDIRECT_COUNTER_COUNT; i++) {
		if (json)
			printf("%s\"%s\": %" PRIu64, i ? ", " : "{", labels[i], values[i]);
		else
			printf("%s %" PRIu64 "\n", labels[i], values[i]);
	}
	if (json)
		puts("}");
	return fflush(stdout) ? redirect_refuse(device, strerror(errno)) : EXIT_SUCCESS;
}

/* Returns the index of the command's device, or 0 after logging that there is none. */
static int redirect_find_device(const struct command_line *line)
{
	int ifindex = (int)if_nametoindex(line->args[0]);

	if (!ifindex)
		(void)redirect_refuse(line->args[0], "no such device in this network namespace");
	return ifindex;
}

static int run_attach(const struct command_line *line)
{
	int ifindex = redirect_find_device(line);

	return ifindex ? attach(line->args[0], ifindex, line) : EXIT_REFUSED;
}

static int run_detach(const struct command_line *line)
{
	int ifindex = redirect_find_device(line);

	return ifindex ? detach(line->args[0], ifindex) : EXIT_REFUSED;
}

static int run_counters(const struct command_line *line)
{
	int ifindex = redirect_find_device(line);

	return ifindex ? redirect_print_counters(line->args[0], ifindex,
						 command_has(line, OPTION_JSON))
		       : EXIT_REFUSED;
}

static int run_status(const struct command_line *line)
{
	int ifindex = redirect_find_device(line);

	return ifindex ? redirect_print_status(line->args[0], ifindex) : EXIT_REFUSED;
}

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
	[OPTION_JSON] = {"json", NULL, "as JSON, for programs", 0},
};

static const struct command commands[] = {
	{
		.name = "attach",
		.run = run_attach,
		.options = 1U << OPTION_CLSACT | 1U << OPTION_FROM | 1U << OPTION_UDP |
			   1U << OPTION_SERVER_ID,
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
		.options = 1U << OPTION_JSON,
		.args = "DEV",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Print the fate of the packets so far, as lines of NAME VALUE.",
		.example = "glb-redirect counters eth0",
	},
	{
		.name = "status",
		.run = run_status,
		.args = "DEV",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Print where it is attached, which hosts it accepts and what runs "
			    "before it.",
		.example = "glb-redirect status eth0",
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
