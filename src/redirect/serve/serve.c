/* SPDX-License-Identifier: BSD-3-Clause */
/* glb-redirect serve: how is this proxy, for those that ask over the network? */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "conf/addr.h"
#include "ending.h"
#include "redirect/commands.h"
#include "redirect/refusal.h"
#include "redirect/syn_settings.h"
#include "serve.h"
#include "sys/clock.h"
#include "sys/http.h"
#include "sys/log.h"
#include "sys/log_pairs.h"
#include "sys/loop.h"

enum {
	WINDOW_DEFAULT_S = 10,
	WINDOW_MAX_S = 3600,
	LOOKS_A_WINDOW = 10,
	LOOK_MIN_MS = 100,
	WEIGHT_DEGRADED = 50,
};

/* What the command line says. */
struct serve_words {
	struct glb_addr listen, agent; /* version 0: none */
	uint16_t listen_port, agent_port;
	uint64_t window_ms;
	struct grade_limits limits;
	bool has_vips;
	struct host_vips vips;
};

bool server_is_ready(const struct server *server, char why[SERVER_WHY_LEN])
{
	char text[GRADE_TEXT_LEN];

	if (server->status_error) {
		(void)snprintf(why, SERVER_WHY_LEN, "%s",
			       server->ifindex ? redirect_reason(server->status_error)
					       : "the device is gone");
		return false;
	}
	(void)snprintf(why, SERVER_WHY_LEN, "%s: %s", grade_word(server->judge.grade),
		       grade_text(text, &server->judge));
	return server->judge.grade != GRADE_DOWN;
}

/*
 * The line for an agent check of HAProxy. "up" and "down" set what the check has found; "drain",
 * "maint" and "ready" would change what an operator has set there, and are not used.
 */
static void write_agent_line(char out[AGENT_LINE_LEN], void *arg)
{
	const struct server *server = arg;
	char why[SERVER_WHY_LEN];

	if (!server_is_ready(server, why))
		(void)snprintf(out, AGENT_LINE_LEN, "down #%s\n", why);
	else
		(void)snprintf(out, AGENT_LINE_LEN, "up %d%%\n",
			       server->judge.grade == GRADE_OK ? 100 : WEIGHT_DEGRADED);
}

/* --- Looking at the host --- */

static void look_at_program(struct server *server)
{
	int before = server->status_error;

	server->ifindex = (int)if_nametoindex(server->device);
	server->status_error =
		server->ifindex ? redirect_read_status(server->ifindex, &server->status) : -ENODEV;
	if (server->status_error && server->status_error != before)
		log_warning("%s: %s", server->device,
			    server->ifindex ? redirect_reason(server->status_error)
					    : "the device is gone");
	else if (!server->status_error && before)
		log_info("%s: the program is attached", server->device);
}

static void look_at_host(struct server *server)
{
	const struct grade_sample sample = pressure_sample(&server->pressure, clock_ms());
	enum grade before = server->judge.grade;
	enum grade now = grade_judge_take(&server->judge, &sample);
	struct log_pairs pairs = log_pairs_of("proxy_grade");
	char text[GRADE_TEXT_LEN];

	if (now == before)
		return;
	log_pair(&pairs, "device", server->device);
	log_pair(&pairs, "grade", grade_word(now));
	log_event(now > before ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, &pairs, "%s: %s, %s",
		  server->device, grade_word(now), grade_text(text, &server->judge));
}

/* SYNs that the program answers are none to the kernel, which counts no cookies then. */
static void look_at_answers(struct server *server)
{
	struct syn_reports reports;

	if (!server->status_error && syn_settings_answer(&server->status.syn) &&
	    !redirect_read_syn_queues(server->ifindex, &reports))
		server->pressure.answered = syn_reports_answered(&reports);
}

static void look(void *arg)
{
	struct server *server = arg;

	look_at_program(server);
	look_at_answers(server);
	pressure_read(&server->pressure, server->given);
	look_at_host(server);
	if (server->agent)
		agent_tidy(server->agent);
}

/* --- Setup --- */

static bool refuse_word(const char *device, const char *option, const char *word, const char *why)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "--%s: '%.64s': %s", option, word, why);
	(void)redirect_refuse(device, text);
	return false;
}

/* Reads an option that is an address and a port, if it is given. */
static bool read_place(struct glb_addr *address, uint16_t *port, const struct command_line *line,
		       unsigned int option, const char *name)
{
	const char *word = line->values[option];

	if (!word || addr_port_parse(address, port, word))
		return true;
	return refuse_word(line->args[0], name, word,
			   "not an address and a port, such as 127.0.0.1:9391 or [::1]:9391");
}

static bool read_window(struct serve_words *words, const struct command_line *line)
{
	const char *word = line->values[OPTION_WINDOW];
	size_t digits = word ? strspn(word, "0123456789") : 0;
	unsigned long seconds = !word					? WINDOW_DEFAULT_S
				: digits && digits < 6 && !word[digits] ? strtoul(word, NULL, 10)
									: 0;

	words->window_ms = seconds * 1000;
	if (seconds && seconds <= WINDOW_MAX_S)
		return true;
	return refuse_word(line->args[0], "window", word, "not a number of seconds up to 3600");
}

/* False after logging what is wrong. */
static bool serve_read_words(struct serve_words *words, const struct command_line *line)
{
	const char *limits = line->values[OPTION_LIMITS];
	const char *vips = line->values[OPTION_VIP];
	char why[GRADE_WHY_LEN + HOST_VIPS_WHY_LEN];

	*words = (struct serve_words){.limits = grade_limits_default(), .has_vips = vips};
	if (!read_place(&words->listen, &words->listen_port, line, OPTION_LISTEN, "listen") ||
	    !read_place(&words->agent, &words->agent_port, line, OPTION_AGENT, "agent") ||
	    !read_window(words, line))
		return false;
	if ((limits && grade_limits_parse(&words->limits, limits, why)) ||
	    (vips && host_vips_parse(&words->vips, vips, why))) {
		(void)redirect_refuse(line->args[0], why);
		return false;
	}
	return true;
}

static int open_http(struct server *server, const struct serve_words *words)
{
	char address[ADDR_TEXT_LEN];
	char why[HTTP_WHY_LEN];
	int error = http_open(&server->http, server->loop, addr_text(address, &words->listen),
			      words->listen_port, &server_site, server, why);

	if (error)
		log_error("--listen: %s", why);
	else
		log_info("metrics and grade at http://%s%s%s:%u",
			 words->listen.version == 6 ? "[" : "", address,
			 words->listen.version == 6 ? "]" : "", http_port(server->http));
	return error;
}

static int open_agent(struct server *server, const struct serve_words *words)
{
	char address[ADDR_TEXT_LEN];
	int error;

	if (!words->agent.version)
		return 0;
	error = agent_open(&server->agent, server->loop, &words->agent, words->agent_port,
			   write_agent_line, server);
	(void)addr_text(address, &words->agent);
	if (error)
		log_error("--agent: %s port %u: %s", address, words->agent_port, strerror(-error));
	else
		log_info("agent checks at %s port %u", address, agent_port(server->agent));
	return error;
}

static int open_server(struct server *server, const struct serve_words *words)
{
	unsigned int look_ms = (unsigned int)(words->window_ms / LOOKS_A_WINDOW);
	int error = loop_open(&server->loop);

	if (!error)
		error = ending_open(&server->ending, server->loop);
	if (!error)
		error = log_start();
	if (!error)
		error = loop_every(server->loop, look_ms > LOOK_MIN_MS ? look_ms : LOOK_MIN_MS,
				   look, server);
	if (!error)
		error = open_http(server, words);
	if (!error)
		error = open_agent(server, words);
	return error;
}

int run_serve(const struct command_line *line)
{
	struct server server = {.device = line->args[0], .started = time(NULL)};
	struct serve_words words;
	int error;

	if (!redirect_find_device(line) || !serve_read_words(&words, line))
		return EXIT_REFUSED;
	server.given = words.has_vips ? &words.vips : NULL;
	server.judge = grade_judge_start(&words.limits, words.window_ms);
	error = open_server(&server, &words);
	if (error) {
		log_error("cannot start: %s", strerror(-error));
	} else {
		look(&server);
		loop_run(server.loop);
	}
	http_close(server.http);
	loop_close(server.loop);
	agent_close(server.agent);
	ending_close(server.ending);
	log_stop();
	return error ? EXIT_REFUSED : EXIT_SUCCESS;
}
