/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glb-redirect: the second chance of a proxy, on or off a network device.
 *
 * Exit status: 0 done, 1 refused with a reason on stderr, 2 not understood.
 */
#include "attachment.h"
#include "netfilter.h"

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

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct options {
	bool clsact;	  /* of attach */
	const char *from; /* of attach; NULL when not given */
	bool json;	  /* of counters */
};

static const char usage[] =
	"usage: glb-redirect attach DEV [--clsact] [--from PREFIX[,PREFIX...]]\n"
	"       glb-redirect detach DEV\n"
	"       glb-redirect counters DEV [--json]\n"
	"       glb-redirect status DEV\n"
	"       glb-redirect --help\n"
	"\n"
	"The proxy side of a GLB load balancer. On the ingress of network device DEV, packets\n"
	"in GUE (UDP port 19523) for connections of this host are decapsulated; others go to the\n"
	"next hop that they name.\n"
	"\n"
	"  attach    put the program on DEV; on a DEV that has it, replace it without a gap.\n"
	"            Its place is the front of the tcx list, or, with --clsact and on kernels\n"
	"            without tcx, priority 19523 of the tc filters. With --from, packets in GUE\n"
	"            are taken from these outer source addresses only; without, from those that\n"
	"            an earlier attach named, or else from everybody\n"
	"  detach    remove it\n"
	"  counters  print what became of the packets so far, one NAME VALUE a line, or as JSON\n"
	"  status    print where the program is, whom it takes packets from and what runs\n"
	"            before it\n"
	"\n"
	"DEV is a device of the current network namespace. Needs root.\n";

static const char *const labels[] = {
#define LABEL(name, label, sentence) label,
	GLB_REDIRECT_COUNTERS(LABEL)
#undef LABEL
};

/* The error of a command in words. */
static const char *reason(int error)
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

static int refuse(const char *device, const char *why)
{
	fprintf(stderr, "glb-redirect: error: %s: %s\n", device, why);
	return EXIT_REFUSED;
}

/* Do frames of this device start with an Ethernet header? */
static bool is_ethernet(const char *device)
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

/* Where a program or filter is, in words that tc and bpftool know. */
static const char *const hooks[] = {[REDIRECT_TCX] = "tcx", [REDIRECT_CLSACT] = "clsact"};

static void warn(const char *device, const struct redirect_before *other, const char *sentence)
{
	fprintf(stderr, "glb-redirect: warning: %s: %s %" PRIu32 " (%s) %s\n", device,
		other->hook == REDIRECT_TCX ? "tcx program" : "the filter of priority",
		other->number, other->name, sentence);
}

/* Names everything that may keep packets from the program. */
static void warn_of_others(const char *device, const struct redirect_status *status)
{
	for (unsigned int i = 0; i < status->before_count; i++)
		warn(device, &status->before[i],
		     "runs before glb-redirect, which sees only what that leaves to others");
}

/* Names the filters that the program has just overtaken: one may be a firewall. */
static void warn_of_overtaken(const char *device, const struct redirect_status *before)
{
	for (unsigned int i = 0; i < before->before_count; i++)
		if (before->before[i].hook == REDIRECT_CLSACT)
			warn(device, &before->before[i],
			     "ran before glb-redirect and now runs after it; attach with --clsact "
			     "to keep their order");
}

static const char unknown_connections[] =
	"this kernel does not let the program ask connection tracking: packets of connections "
	"behind NAT, and answers to SYN cookies behind TPROXY, go to the next hop; let servers "
	"listen on the ports of the VIPs, or use Linux 6.1 or later";
static const char unknown_cookies[] =
	"TPROXY rules without connection tracking: answers to SYN cookies go to the next hop; "
	"add a rule that looks at ct state";

/* Names rules that keep the program from recognising connections of this host. */
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
		fprintf(stderr, "glb-redirect: warning: %s: %s\n", device, why);
}

static int attach(const char *device, int ifindex, const struct options *options)
{
	struct redirect_status before;
	struct redirect_status now;
	struct senders from;
	char why[SENDERS_WHY_LEN];

	if (!is_ethernet(device))
		return refuse(device, "not an Ethernet device");
	if (options->from && senders_parse(&from, options->from, why))
		return refuse(device, why);

	bool was_filter = !redirect_read_status(ifindex, &before) && before.hook == REDIRECT_CLSACT;
	int error = redirect_attach(ifindex, options->clsact ? REDIRECT_CLSACT : REDIRECT_TCX,
				    options->from ? &from : NULL);

	if (error)
		return refuse(device, reason(error));
	if (redirect_read_status(ifindex, &now))
		return EXIT_SUCCESS; /* without CAP_SYS_ADMIN nobody can say what is there */
	warn_of_rules(device, now.asks_conntrack);
	warn_of_others(device, &now);
	if (was_filter && now.hook == REDIRECT_TCX)
		warn_of_overtaken(device, &before);
	return EXIT_SUCCESS;
}

static int detach(const char *device, int ifindex)
{
	int error = redirect_detach(ifindex);

	return error ? refuse(device, reason(error)) : EXIT_SUCCESS;
}

static int print_status(const char *device, int ifindex)
{
	struct redirect_status status;
	struct netfilter_rules rules;
	int error = redirect_read_status(ifindex, &status);

	if (error)
		return refuse(device, reason(error));
	printf("hook %s\nprogram %" PRIu32 "\nconntrack %s\n", hooks[status.hook],
	       status.program_id, status.asks_conntrack ? "asked" : "unavailable");
	netfilter_read_rules(&rules);
	printf("rules%s%s%s\n", rules.translate ? " nat" : "", rules.tproxy ? " tproxy" : "",
	       rules.translate || rules.tproxy ? "" : " none");
	for (uint32_t i = 0; i < status.from.count; i++) {
		char text[SENDER_TEXT_LEN];

		printf("from %s\n", sender_text(text, &status.from.list[i]));
	}
	for (unsigned int i = 0; i < status.before_count; i++)
		printf("before %s %" PRIu32 " %s\n", hooks[status.before[i].hook],
		       status.before[i].number, status.before[i].name);
	return fflush(stdout) ? refuse(device, strerror(errno)) : EXIT_SUCCESS;
}

static int print_counters(const char *device, int ifindex, bool json)
{
	uint64_t values[GLB_REDIRECT_COUNTER_COUNT];
	struct redirect_status status;
	int error = redirect_read_counters(ifindex, values);

	if (error)
		return refuse(device, reason(error));
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
	return fflush(stdout) ? refuse(device, strerror(errno)) : EXIT_SUCCESS;
}

static int misused(void)
{
	fputs(usage, stderr);
	return EXIT_USAGE;
}

/* Reads what follows a command and its device; false when it makes no sense. */
static bool read_options(struct options *options, const char *command, char **words)
{
	bool attaches = !strcmp(command, "attach");
	bool counts = !strcmp(command, "counters");

	for (; *words; words++) {
		if (attaches && !options->clsact && !strcmp(*words, "--clsact"))
			options->clsact = true;
		else if (counts && !options->json && !strcmp(*words, "--json"))
			options->json = true;
		else if (attaches && !options->from && !strcmp(*words, "--from") && words[1])
			options->from = *++words;
		else
			return false;
	}
	return attaches || counts || !strcmp(command, "detach") || !strcmp(command, "status");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(usage, stdout) < 0;
	if (argc < 3)
		return misused();

	const char *command = argv[1];
	const char *device = argv[2];
	struct options options = {0};

	if (!read_options(&options, command, argv + 3))
		return misused();

	int ifindex = (int)if_nametoindex(device);

	if (!ifindex)
		return refuse(device, "no such device in this network namespace");
	if (!strcmp(command, "attach"))
		return attach(device, ifindex, &options);
	if (!strcmp(command, "detach"))
		return detach(device, ifindex);
	if (!strcmp(command, "status"))
		return print_status(device, ifindex);
	return print_counters(device, ifindex, options.json);
}
