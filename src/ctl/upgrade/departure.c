/* SPDX-License-Identifier: BSD-3-Clause */
/* The director that is replaced leaves. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/columns.h"
#include "ctl/question.h"
#include "ctl/upgrade/upgrade.h"
#include "sys/clock.h"
#include "sys/log.h"

enum { PROGRESS_MS = 2000, END_MS = 30000, END_LOOK_MS = 20 };

static char *write_leave(const struct upgrade *upgrade)
{
	struct draft draft;

	if (!draft_begin(&draft, "leave"))
		return NULL;
	write_uint(&draft.w, "quiet_s", upgrade->quiet_s);
	write_uint(&draft.w, "deadline_s", upgrade->deadline_s);
	write_bool(&draft.w, "or_stay", true);
	return draft_end(&draft);
}

/* Calls the leave off. */
static void call_back(const struct upgrade *upgrade)
{
	const struct question question = {.request = "{\"glb\": 1, \"verb\": \"stay\"}",
					  .changes = true,
					  .patience_ms = CLIENT_PATIENCE_MS};
	struct client_answer answer;
	int status = client_ask(&answer, &upgrade->from, &question);

	client_free(&answer);
	if (status == EXIT_OK)
		log_error("interrupted; process %d is in service again", (int)upgrade->before.pid);
	else
		log_error("interrupted, but process %d leaves: start a director: %s",
			  (int)upgrade->before.pid, upgrade->start);
}

/* Prints what has arrived since the last time. */
static void print_progress(const struct upgrade *upgrade, uint64_t *forwarded)
{
	struct glb_diag why = {{0}};
	struct packets now;

	if (packets_ask(&now, &upgrade->from, &why) != EXIT_OK)
		return; /* it ends */
	if (now.forwarded != *forwarded)
		printf("   still arriving: %" PRIu64 " packets in %d s\n",
		       now.forwarded - *forwarded, PROGRESS_MS / 1000);
	*forwarded = now.forwarded;
	(void)fflush(stdout);
}

/* Waits for the reply. False: interrupted. */
static bool await_reply(const struct upgrade *upgrade, const struct client *client)
{
	struct glb_diag why = {{0}};
	struct packets begin = {0};
	enum waited waited;

	if (packets_ask(&begin, &upgrade->from, &why) != EXIT_OK)
		begin.forwarded = 0; /* only for the first line of progress */
	for (;;) {
		waited = upgrade_wait(upgrade, client->fd, PROGRESS_MS);
		if (waited != WAITED_TIME)
			return waited == WAITED_READABLE;
		print_progress(upgrade, &begin.forwarded);
	}
}

static void print_left(const struct conf_value *root)
{
	printf("   nothing arrives any more: %" PRIu64 " packets were received since then, %" PRIu64
	       " forwarded, %" PRIu64 " lost\n",
	       member_count(root, "received"), member_count(root, "forwarded"),
	       member_count(root, "lost"));
}

static int ask_to_leave(const struct upgrade *upgrade, const struct question *question)
{
	struct client_answer answer;
	struct client client;
	int status = client_open(&client, &upgrade->from, question);

	if (status != EXIT_OK)
		return EXIT_REFUSED;
	status = client_say(&client, question);
	if (status == EXIT_OK && !await_reply(upgrade, &client)) {
		call_back(upgrade);
		client_close(&client);
		return EXIT_REFUSED;
	}
	if (status == EXIT_OK) {
		status = client_hear(&answer, &client, question);
		if (status == EXIT_OK)
			print_left(&answer.root);
		client_free(&answer);
	}
	client_close(&client);
	return status;
}

/* The process is gone, or waits for its parent. */
static bool departed_has_ended(pid_t pid)
{
	char path[64];
	char state = 'X';
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	(void)fscanf(file, "%*d (%*[^)]) %c", &state);
	(void)fclose(file);
	return state == 'Z' || state == 'X';
}

/* By now it cannot be called back, so an interrupt is of no use. */
static int await_end(const struct upgrade *upgrade)
{
	const uint64_t until_ms = clock_ms() + END_MS;

	while (!departed_has_ended(upgrade->before.pid)) {
		if (clock_ms() > until_ms) {
			log_error("process %d has left, but does not end; this host is out of "
				  "service: kill it, and start a director: %s",
				  (int)upgrade->before.pid, upgrade->start);
			return EXIT_FAILED;
		}
		(void)poll(NULL, 0, END_LOOK_MS);
	}
	return EXIT_OK;
}

int depart(struct upgrade *upgrade)
{
	const struct question question = {.request = write_leave(upgrade),
					  .changes = true,
					  .patience_ms = CLIENT_PATIENCE_MS};
	int status;

	if (!question.request)
		return EXIT_REFUSED;
	upgrade_step(upgrade,
		     "process %d leaves: waits until routers have sent it nothing for %u s; stays "
		     "if they "
		     "still do after %u s",
		     (int)upgrade->before.pid, upgrade->quiet_s, upgrade->deadline_s);
	status = ask_to_leave(upgrade, &question);
	free((char *)question.request);
	return status == EXIT_OK ? await_end(upgrade) : status;
}
