/* SPDX-License-Identifier: BSD-3-Clause */
/* What do the directors of an upgrade say of themselves? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/columns.h"
#include "ctl/upgrade/upgrade.h"

static bool seen_is(const struct conf_value *root, const char *key)
{
	struct conf_value value;

	return conf_find(&value, root, key) && conf_is_true(&value);
}

/* "NAME DIGEST" of every table, or NULL: out of memory. */
static char *seen_digests(const struct conf_value *root)
{
	struct conf_value tables;
	size_t count = conf_find(&tables, root, "tables") ? conf_count(&tables) : 0;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct conf_value table = conf_element(&tables, i);
		char word[CONF_TEXT_LEN];

		(void)fprintf(out, "%s ", member_text(word, &table, "name"));
		(void)fprintf(out, "%s\n", member_text(word, &table, "digest"));
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void read_readiness(struct seen *seen, const struct conf_value *root)
{
	char text[CONF_TEXT_LEN];
	struct conf_value value;

	seen->has_live_device = conf_find(&value, root, "live_device") && conf_is_string(&value);
	if (!seen_is(root, "ready"))
		(void)snprintf(seen->not_ready, sizeof(seen->not_ready), "%s",
			       member_text(text, root, "readiness_reason"));
	else if (seen->has_live_device && !seen_is(root, "live_device_up"))
		(void)snprintf(seen->not_ready, sizeof(seen->not_ready), "live device %s is down",
			       member_text(text, root, "live_device"));
}

static int seen_read(struct seen *out, const struct conf_value *root)
{
	struct seen seen = {.pid = (pid_t)member_count(root, "pid")};
	char version[CONF_TEXT_LEN];
	char commit[CONF_TEXT_LEN];

	(void)member_text(version, root, "version");
	(void)member_text(commit, root, "commit");
	(void)snprintf(seen.version, sizeof(seen.version),
		       *commit == '-' ? "%.60s" : "%.60s (%.60s)", version, commit);
	read_readiness(&seen, root);
	seen.is_last_good = seen_is(root, "serving_last_good");
	seen.digests = seen_digests(root);
	if (!seen.digests)
		return -ENOMEM;
	*out = seen;
	return 0;
}

int seen_ask(struct seen *out, const struct command_line *line, struct glb_diag *why)
{
	struct client_answer answer;
	int status = client_fetch(&answer, line, "{\"glb\": 1, \"verb\": \"status\"}", why);

	if (status == EXIT_OK && seen_read(out, &answer.root)) {
		glb_diag(why, "out of memory");
		status = EXIT_FAILED;
	}
	client_free(&answer);
	return status;
}

int packets_ask(struct packets *out, const struct command_line *line, struct glb_diag *why)
{
	struct client_answer answer;
	struct conf_value counters;
	int status = client_fetch(&answer, line, "{\"glb\": 1, \"verb\": \"stats\"}", why);

	if (status == EXIT_OK && conf_find(&counters, &answer.root, "counters"))
		*out = (struct packets){
			.received = member_count(&counters, "rx"),
			.forwarded = member_count(&counters, "forward"),
			.lost = member_count(&counters, "port_rx_missed") +
				member_count(&counters, "port_rx_no_mbuf") +
				member_count(&counters, "handover_dropped") +
				member_count(&counters, "tx_dropped"),
		};
	client_free(&answer);
	return status;
}

void seen_free(struct seen *seen)
{
	free(seen->digests);
	seen->digests = NULL;
}
