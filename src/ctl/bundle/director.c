/* SPDX-License-Identifier: BSD-3-Clause */
/* The director's replies and the files that it serves, for a bundle. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "conf/director.h"
#include "ctl/client.h"
#include "ctl/columns.h"
#include "ctl/doctor/doctor.h"
#include "ctl/fetch.h"
#include "sys/file.h"

/* --- Files --- */

static void add_masked(struct bundle *bundle, const char *name, const char *path)
{
	struct file_bytes file;
	struct mask_text masked;
	int err = *path ? file_read(&file, path, FILE_PIPE_MS) : -ENOENT;

	if (err) {
		bundle_lack(bundle, name, "%s: %s", *path ? path : "its path is not known",
			    *path ? file_reason(err) : "name it");
		return;
	}

	const struct mask_text text = {(char *)file.bytes, file.len};

	err = mask_file(&masked, &bundle->mask, &text);
	if (err)
		bundle_lack(bundle, name, "%s: %s", path,
			    err == -ENOMEM ? "out of memory"
					   : "is not JSON, so its keys cannot be found");
	file_free(&file);
	mask_sort(&bundle->mask);
	if (err)
		return;
	bundle_add(bundle, name, masked.bytes, masked.len);
	free(masked.bytes);
}

/* The path of a file, as the director reports it. */
static void take_file(char out[512], const struct bundle *bundle, const struct conf_value *status,
		      const char *key)
{
	struct conf_value value;
	const char *path;

	if (!conf_find(&value, status, key) || !conf_is_string(&value) ||
	    conf_string(&path, &value))
		return;
	if (*path == '/')
		(void)snprintf(out, 512, "%s", path);
	else
		(void)snprintf(out, 512, "/proc/%u/cwd/%s", bundle->pid, path);
}

static void find_files(struct bundle *bundle)
{
	const char *config = bundle->line->values[OPTION_CONFIG];
	const char *tables = bundle->line->values[OPTION_TABLES];
	struct client_answer answer;
	struct conf_value pid;
	struct glb_diag why = {{0}};
	uint64_t number = 0;

	(void)snprintf(bundle->config, sizeof(bundle->config), "%s",
		       config ? config : "/etc/glb/director.json");
	(void)snprintf(bundle->tables, sizeof(bundle->tables), "%s",
		       tables ? tables : "/etc/glb/tables.json");
	if (config || tables) {
		bundle_lack(bundle, "status.json",
			    "it was not asked: --config or --tables is given");
		return;
	}
	bundle->asks = client_fetch(&answer, bundle->line, "{\"glb\": 1, \"verb\": \"status\"}",
				    &why) == EXIT_OK;
	if (bundle->asks) {
		if (conf_find(&pid, &answer.root, "pid") && !conf_count64(&number, &pid))
			bundle->pid = (unsigned int)number;
		take_file(bundle->config, bundle, &answer.root, "config");
		take_file(bundle->tables, bundle, &answer.root, "tables_file");
	} else {
		bundle_lack(bundle, "status.json", "%s", why.text);
	}
	client_free(&answer);
}

void bundle_configuration(struct bundle *bundle)
{
	find_files(bundle);
	/* the tables come first: their keys may be in the other file by mistake */
	add_masked(bundle, "tables.json", bundle->tables);
	add_masked(bundle, "director.json", bundle->config);
}

/* --- Replies --- */

void bundle_answers(struct bundle *bundle)
{
	static const char *const verbs[] = {"status", "stats",	"tables", "backends", "workers",
					    "ports",  "stalls", "meters", "top"};

	for (unsigned int i = 0; bundle->asks && i < sizeof(verbs) / sizeof(*verbs); i++) {
		struct client_answer answer;
		struct glb_diag why = {{0}};
		char request[64];
		char name[64];

		(void)snprintf(request, sizeof(request), "{\"glb\": 1, \"verb\": \"%s\"}",
			       verbs[i]);
		(void)snprintf(name, sizeof(name), "answers/%s.json", verbs[i]);
		if (client_fetch(&answer, bundle->line, request, &why) == EXIT_OK)
			bundle_add(bundle, name, answer.bytes, strlen(answer.bytes));
		else
			bundle_lack(bundle, name, "%s", why.text);
		client_free(&answer);
	}
}

/* Histograms are found in the metrics only, not in replies. */
void bundle_metrics(struct bundle *bundle)
{
	struct director_conf conf;
	struct report report;
	struct fetched page;
	struct glb_diag why = {{0}};

	if (!bundle->asks)
		return;
	report_init(&report);
	if (director_conf_load(&conf, bundle->config, &report)) {
		bundle_lack(bundle, "metrics.txt",
			    "director.json, which says where they are, is not good");
		return;
	}
	if (!conf.http_listen.port) {
		bundle_lack(bundle, "metrics.txt", "http_listen is off, or its port is unknown");
		return;
	}
	if (fetch_page(&page, &conf.http_listen, "/metrics", &why)) {
		bundle_lack(bundle, "metrics.txt", "%s", why.text);
		return;
	}
	bundle_add(bundle, "metrics.txt", page.bytes, page.len);
	free(page.bytes);
}

/* --- The host --- */

void bundle_doctor(struct bundle *bundle)
{
	struct doctor doctor;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out || doctor_look(&doctor, bundle->line) != EXIT_OK) {
		bundle_lack(bundle, "doctor.txt", "out of memory");
	} else {
		diagnosis_print(out, &doctor.diagnosis);
		doctor_free(&doctor);
	}
	if (out && !fclose(out) && len)
		bundle_add(bundle, "doctor.txt", text, len);
	free(text);
}
