/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes of some checks, each tried once, all at the same time?
 *
 *   probe_once < CHECKS
 *
 * Each line of the input is a check, its fields with a tab between:
 *
 *   TYPE ADDRESS PORT TIMEOUT_MS [send=TEXT] [expect=TEXT] [WORD...]
 *
 * Words are those of once_request.h, or of a command. For each check there is a line of JSON, in
 * their order. Variables of the environment: FILES_MAX, descriptors that this process may have;
 * STALL_MS, for so long it does nothing after it has started them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "conf/addr.h"
#include "healthcheck/probe/probe.h"
#include "once_request.h"
#include "sys/loop.h"

enum {
	TRIES_MAX = 4096,
	WORDS_MAX = 8,
	STEPS_LEN = 1024,
	LINE_MAX_LEN = 4096,
};

struct attempt {
	struct health_check check;
	char *words[WORDS_MAX + 1];
	char line[LINE_MAX_LEN]; /* what the check points into */
	char steps[STEPS_LEN];
	struct probe_result result;
};

static struct attempt *tries[TRIES_MAX];
static unsigned int try_count;
static unsigned int end_count;
static struct loop *loop;

static void fail(const char *why)
{
	(void)fprintf(stderr, "probe_once: %s\n", why);
	exit(2);
}

static void read_option(struct health_check *check, char *word, unsigned int *word_count)
{
	if (once_request_take(&check->request, word))
		return;
	if (!strncmp(word, "send=", 5)) {
		check->send = word + 5;
		check->send_len = strlen(check->send);
	} else if (!strncmp(word, "expect=", 7)) {
		check->expect = word + 7;
		check->expect_len = strlen(check->expect);
	} else if (*word_count < WORDS_MAX) {
		check->command[(*word_count)++] = word;
	}
}

static void read_check(struct attempt *one)
{
	struct health_check *check = &one->check;
	char *at = one->line;
	const char *type = strsep(&at, "\t");
	const char *addr = strsep(&at, "\t");
	const char *port = strsep(&at, "\t");
	const char *timeout = strsep(&at, "\t");
	unsigned int word_count = 0;

	if (!timeout || !addr_parse(&check->backend, addr))
		fail("no check");
	while (check->type < HEALTH_TYPE_COUNT && strcmp(health_check_word(check->type), type) != 0)
		check->type++;
	if (check->type == HEALTH_TYPE_COUNT)
		fail("no type");
	check->name = one->line;
	check->port = (uint16_t)atoi(port);
	check->timeout_ms = (uint32_t)atoi(timeout);
	check->command = one->words;
	once_request_init(&check->request);
	for (char *word; (word = strsep(&at, "\t"));)
		read_option(check, word, &word_count);
}

static bool read_next(void)
{
	struct attempt *one = calloc(1, sizeof(*one));

	if (!one || try_count == TRIES_MAX)
		fail("too many checks");
	if (!fgets(one->line, sizeof(one->line), stdin)) {
		free(one);
		return false;
	}
	one->line[strcspn(one->line, "\n")] = '\0';
	read_check(one);
	tries[try_count++] = one;
	return true;
}

static void on_done(void *arg, const struct probe_result *result)
{
	struct attempt *one = arg;

	one->result = *result;
	end_count++;
	if (end_count == try_count)
		loop_end(loop);
}

static void on_step(void *arg, const char *text)
{
	struct attempt *one = arg;
	size_t len = strlen(one->steps);

	(void)snprintf(one->steps + len, sizeof(one->steps) - len, "%s%s", len ? "; " : "", text);
}

/* Texts are printable: only quotes and backslashes need a backslash. */
static void print_text(const char *key, const char *text)
{
	(void)printf("\"%s\": \"", key);
	for (; *text; text++)
		(void)printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
	(void)printf("\", ");
}

static void print(const struct attempt *one)
{
	(void)printf("{");
	print_text("reason", probe_reason_word(one->result.reason));
	print_text("detail", one->result.detail);
	print_text("steps", one->steps);
	(void)printf("\"is_degraded\": %s, ", one->result.is_degraded ? "true" : "false");
	(void)printf("\"connect_us\": %u, \"total_us\": %u}\n", one->result.connect_us,
		     one->result.total_us);
}

static void limit_files(const char *max)
{
	const struct rlimit limit = {.rlim_cur = (rlim_t)atoi(max), .rlim_max = (rlim_t)atoi(max)};

	if (setrlimit(RLIMIT_NOFILE, &limit))
		fail("cannot limit descriptors");
}

static void stall(const char *ms)
{
	const struct timespec time = {
		.tv_sec = atoi(ms) / 1000,
		.tv_nsec = (long)(atoi(ms) % 1000) * 1000000,
	};

	(void)nanosleep(&time, NULL);
}

static void start(struct probes *probes, struct attempt *one)
{
	const struct probe_listener listener = {.done = on_done, .step = on_step, .arg = one};

	if (!probe_start(probes, &one->check, &listener))
		fail("no memory");
}

int main(void)
{
	static const struct health_conf conf;
	struct probes *probes;

	while (read_next())
		;
	if (loop_open(&loop) || probes_open(&probes, loop, &conf))
		fail("no loop");
	if (getenv("FILES_MAX"))
		limit_files(getenv("FILES_MAX"));
	for (unsigned int i = 0; i < try_count; i++)
		start(probes, tries[i]);
	if (end_count)
		fail("a probe has reported before the loop ran");
	if (getenv("STALL_MS"))
		stall(getenv("STALL_MS"));
	if (try_count)
		loop_run(loop);
	for (unsigned int i = 0; i < try_count; i++)
		print(tries[i]);
	probes_close(probes);
	loop_close(loop);
	return 0;
}
