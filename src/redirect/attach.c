/* SPDX-License-Identifier: BSD-3-Clause */
/* glb-redirect attach and detach: commands that change what runs on a device. */
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attachment.h"
#include "commands.h"
#include "refusal.h"
#include "syn_settings.h"
#include "warnings.h"

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

/* The lists of a command line. */
struct given {
	struct senders from;
	struct services udp;
	bool syn_cookies;
	struct redirect_lists lists; /* the ones above, as far as they are given */
};

/* Reads `on` or `off`. Returns 0, or -EINVAL and writes into `why` what is wrong. */
static int read_syn_cookies(bool *out, const char *word, char why[SERVICES_WHY_LEN])
{
	*out = !strcmp(word, "on");
	if (*out || !strcmp(word, "off"))
		return 0;
	(void)snprintf(why, SERVICES_WHY_LEN, "--syn-cookies: '%.16s': not 'on' or 'off'", word);
	return -EINVAL;
}

/* False, after logging why, if a list is invalid. */
static bool read_given(struct given *given, const char *device, const struct command_line *line)
{
	const char *from = line->values[OPTION_FROM];
	const char *udp = line->values[OPTION_UDP];
	const char *cookies = line->values[OPTION_SYN_COOKIES];
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
	if (!error && cookies) {
		error = read_syn_cookies(&given->syn_cookies, cookies, why);
		given->lists.syn_cookies = &given->syn_cookies;
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

	bool was_there = !redirect_read_status(ifindex, &before);
	bool was_filter = was_there && before.hook == REDIRECT_CLSACT;
	bool had_cookies = was_there && syn_settings_answer(&before.syn);
	int error = redirect_attach(ifindex, clsact ? REDIRECT_CLSACT : REDIRECT_TCX, &given.lists);

	if (error)
		return redirect_refuse(device, redirect_reason(error));
	if (redirect_read_status(ifindex, &now))
		return EXIT_SUCCESS; /* inspecting requires CAP_SYS_ADMIN */
	warn_of_rules(device, now.asks_conntrack);
	warn_of_others(device, &now);
	if (given.lists.syn_cookies ? given.syn_cookies : had_cookies)
		warn_of_syn_cookies(device, ifindex, &now);
	if (was_filter && now.hook == REDIRECT_TCX)
		warn_of_overtaken(device, &before);
	return EXIT_SUCCESS;
}

int run_attach(const struct command_line *line)
{
	int ifindex = redirect_find_device(line);

	return ifindex ? attach(line->args[0], ifindex, line) : EXIT_REFUSED;
}

int run_detach(const struct command_line *line)
{
	int ifindex = redirect_find_device(line);
	int error = ifindex ? redirect_detach(ifindex) : 0;

	if (error)
		return redirect_refuse(line->args[0], redirect_reason(error));
	return ifindex ? EXIT_SUCCESS : EXIT_REFUSED;
}
