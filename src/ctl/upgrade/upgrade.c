/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl upgrade: the order of steps, and what has become of packets. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "conf/director.h"
#include "ctl/client.h"
#include "ctl/question.h"
#include "ctl/upgrade/upgrade.h"
#include "sys/log.h"

enum { UPGRADE_QUIET_S = 5, UPGRADE_DEADLINE_S = 60 };

void upgrade_step(struct upgrade *upgrade, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("%u. ", ++upgrade->step);
	(void)vprintf(format, args);
	va_end(args);
	putchar('\n');
	(void)fflush(stdout);
}

enum waited upgrade_wait(const struct upgrade *upgrade, int fd, unsigned int ms)
{
	struct pollfd fds[] = {{.fd = upgrade->signals, .events = POLLIN},
			       {.fd = fd, .events = POLLIN}};

	if (poll(fds, 2, (int)ms) <= 0)
		return WAITED_TIME;
	return fds[0].revents ? WAITED_INTERRUPT : WAITED_READABLE;
}

/*
 * From now on, an interrupt is noticed where something is waited for. A terminal that closes, as
 * of a lost connection, is none: what has begun is brought to its end. Returns 0 or -errno.
 */
static int upgrade_take_signals(struct upgrade *upgrade)
{
	const struct sigaction ignored = {.sa_handler = SIG_IGN};
	sigset_t interrupts;

	(void)sigemptyset(&interrupts);
	(void)sigaddset(&interrupts, SIGINT);
	(void)sigaddset(&interrupts, SIGTERM);
	if (sigaction(SIGHUP, &ignored, NULL) || sigaction(SIGPIPE, &ignored, NULL) ||
	    sigprocmask(SIG_BLOCK, &interrupts, NULL))
		return -errno;
	upgrade->signals = signalfd(-1, &interrupts, SFD_CLOEXEC | SFD_NONBLOCK);
	return upgrade->signals < 0 ? -errno : 0;
}

/* Does the director that is replaced not serve where the usual unit does? */
static bool is_elsewhere(const struct command_line *line)
{
	const char *path = line->values[OPTION_SOCKET];

	return path && strcmp(path, CONTROL_SOCKET_DEFAULT);
}

/* Reads the options. Returns EXIT_OK, or EXIT_USAGE after logging why. */
static int read_options(struct upgrade *upgrade, const struct command_line *line)
{
	const char *to = line->values[OPTION_TO];

	upgrade->from = upgrade->to = *line;
	upgrade->is_beside = to;
	upgrade->start = line->values[OPTION_START];
	if (!upgrade->start && (to || is_elsewhere(line))) {
		log_error("%s needs --start, as in --start \"systemctl start glb-director@b\"",
			  to ? "--to"
			     : "a --socket of another director than that of " UPGRADE_UNIT);
		return EXIT_USAGE;
	}
	if (to)
		upgrade->to.values[OPTION_SOCKET] = to;
	if (!upgrade->start)
		upgrade->start = "systemctl start " UPGRADE_UNIT;
	return seconds_of(&upgrade->quiet_s, line, OPTION_QUIET, UPGRADE_QUIET_S) &&
			       seconds_of(&upgrade->deadline_s, line, OPTION_DEADLINE,
					  UPGRADE_DEADLINE_S)
		       ? EXIT_OK
		       : EXIT_USAGE;
}

/* Nobody may serve where the next one is going to. */
static int check_place(const struct upgrade *upgrade)
{
	struct glb_diag why = {{0}};
	struct seen there;

	if (!upgrade->is_beside || seen_ask(&there, &upgrade->to, &why) != EXIT_OK)
		return EXIT_OK;
	log_error("process %d serves at %s already: if it is the next one, go on by glbctl leave "
		  "--or-stay; nothing was changed",
		  (int)there.pid, upgrade->to.values[OPTION_SOCKET]);
	seen_free(&there);
	return EXIT_REFUSED;
}

/* Asks the director that is to be replaced. */
static int meet(struct upgrade *upgrade)
{
	struct client_answer answer;
	struct glb_diag why = {{0}};
	int status = seen_ask(&upgrade->before, &upgrade->from, &why);

	if (status == EXIT_OK) {
		status = client_fetch(&answer, &upgrade->from, "{\"glb\": 1, \"verb\": \"status\"}",
				      &why);
		if (status == EXIT_OK)
			wire_open(&upgrade->wire, upgrade->before.pid, &answer.root);
		client_free(&answer);
	}
	if (status != EXIT_OK) {
		log_error("%s; nothing was changed", why.text);
		return status;
	}
	if (*upgrade->before.not_ready) {
		log_error("process %d is not in service, so there is nothing to hand over: %s; "
			  "nothing was changed",
			  (int)upgrade->before.pid, upgrade->before.not_ready);
		return EXIT_REFUSED;
	}
	if (!upgrade->before.has_live_device)
		log_warning("it has no live_device: have the routing daemon withdraw the VIPs when "
			    "it leaves, and announce them afterwards");
	return check_place(upgrade);
}

/* What the next one has made of packets, and how many may have found nobody. */
static void print_packets(const struct upgrade *upgrade, bool has_gap, uint64_t gap)
{
	struct glb_diag why = {{0}};
	struct packets next;

	if (packets_ask(&next, &upgrade->to, &why) == EXIT_OK)
		printf("packets since the start of the next director: %" PRIu64
		       " received, %" PRIu64 " forwarded, %" PRIu64 " lost\n",
		       next.received, next.forwarded, next.lost);
	if (upgrade->is_beside)
		return;
	if (has_gap)
		printf("while none was there, its devices received %" PRIu64
		       " frames, those for the host itself among them\n",
		       gap);
	else
		puts("while none was there, nobody counted what its ports received");
}

static int upgrade_in_place(struct upgrade *upgrade)
{
	uint64_t before = 0;
	uint64_t after = 0;
	struct seen next;
	bool is_known;
	int status;

	upgrade_step(upgrade,
		     "would the program that is installed now start with the files of process %d?",
		     (int)upgrade->before.pid);
	status = rehearse(upgrade);
	if (status == EXIT_OK)
		status = depart(upgrade);
	if (status != EXIT_OK)
		return status;
	is_known = wire_frames(&before, &upgrade->wire);
	status = arrive(upgrade, &next);
	if (status != EXIT_OK)
		return status;
	is_known = is_known && wire_frames(&after, &upgrade->wire);
	seen_free(&next);
	status = await_traffic(upgrade);
	if (status == EXIT_OK)
		print_packets(upgrade, is_known, after - before);
	return status;
}

static int upgrade_beside(struct upgrade *upgrade)
{
	struct seen next;
	int status = arrive(upgrade, &next);

	if (status != EXIT_OK)
		return status;
	seen_free(&next);
	status = await_traffic(upgrade);
	if (status == EXIT_OK)
		status = depart(upgrade);
	if (status == EXIT_OK)
		print_packets(upgrade, false, 0);
	return status;
}

int online_upgrade(const struct command_line *line)
{
	struct upgrade upgrade = {.signals = -1, .wire = {.fd = -1}};
	int status = read_options(&upgrade, line);
	int err;

	if (status != EXIT_OK)
		return status;
	err = upgrade_take_signals(&upgrade);
	if (err) {
		log_error("%s", strerror(-err));
		return EXIT_REFUSED;
	}
	status = meet(&upgrade);
	if (status == EXIT_OK) {
		printf("process %d, glb-director %s, is in service\n", (int)upgrade.before.pid,
		       upgrade.before.version);
		status = upgrade.is_beside ? upgrade_beside(&upgrade) : upgrade_in_place(&upgrade);
	}
	wire_close(&upgrade.wire);
	seen_free(&upgrade.before);
	(void)close(upgrade.signals);
	return status;
}
