/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl status, tables, backends, workers, ports, meters and stalls: what does a running director
 * report? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "columns.h"
#include "question.h"
#include "sys/words.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const struct column table_columns[] = {
	{"TABLE", "table", true},	    {"NAME", "name", false},
	{"DIGEST", "digest", false},	    {"HOPS", "hops", true},
	{"BACKENDS", "backends", true},	    {"HEALTHY", "healthy", true},
	{"PACKETS", "table_packets", true}, {"BINDS", "binds", false},
};

static const struct column backend_columns[] = {
	{"TABLE", "table", true},	  {"NAME", "name", false},
	{"BACKEND", "ip", false},	  {"STATE", "state", false},
	{"HEALTHY", "healthy", false},	  {"WEIGHT", "weight", true},
	{"ZONE", "zone", false},	  {"PACKETS", "backend_packets", true},
	{"BYTES", "backend_bytes", true},
};

static const struct column worker_columns[] = {
	{"WORKER", "worker", true},	    {"LCORE", "lcore", true},
	{"SOCKET", "socket", true},	    {"GENERATION", "generation", true},
	{"RESPONDS", "responds", false},    {"RX", "rx", true},
	{"FORWARD", "forward", true},	    {"TX", "tx", true},
	{"TX_DROPPED", "tx_dropped", true},
};

static const struct column port_columns[] = {
	{"PORT", "port", true},
	{"NAME", "name", false},
	{"INTERFACE", "interface", false},
	{"LINK", "link", false},
	{"DOWNS", "link_downs", true},
	{"MAC", "mac", false},
	{"MTU", "mtu", true},
	{"VLAN", "vlan", true},
	{"GATEWAY", "gateway", false},
	{"GATEWAY_MAC", "gateway_mac", false},
	{"STATE", "gateway_state", false},
};

static const struct column meter_columns[] = {
	{"VIP", "vip", false},	      {"PACKETS/S", "packets_per_second", true},
	{"BURST", "burst", true},     {"PASSED", "passed", true},
	{"DROPPED", "dropped", true}, {"EXHAUSTED", "exhausted", false},
};

static const struct column stall_columns[] = {
	{"ENDED", "ended", false},
	{"WORKER", "worker", true},
	{"LCORE", "lcore", true},
	{"MS", "took_ms", true},
	{"PACKETS", "packets", true},
	{"WAITING", "waiting", true},
	{"SWITCHES", "switches", true},
	{"MINOR_FAULTS", "minor_faults", true},
	{"MAJOR_FAULTS", "major_faults", true},
};

static const struct column status_table_columns[] = {
	{"TABLE", "table", true},
	{"NAME", "name", false},
	{"DIGEST", "digest", false},
};

static const struct column status_worker_columns[] = {
	{"WORKER", "worker", true},
	{"LCORE", "lcore", true},
	{"GENERATION", "generation", true},
	{"RESPONDS", "responds", false},
};

/* Sends a request without members, or about one table, and prints the list in the reply. */
static int print_list(const struct command_line *line, const char *verb,
		      const struct column *columns, unsigned int count)
{
	const struct question question = {.request = question_of(verb, line),
					  .patience_ms = CLIENT_PATIENCE_MS};
	struct client_answer answer;
	struct conf_value list;
	int status;

	if (!question.request)
		return EXIT_FAILED;
	status = client_ask(&answer, line, &question);
	if (status == EXIT_OK && !command_has(line, OPTION_JSON) &&
	    conf_find(&list, &answer.root, verb))
		columns_print(&list, columns, count);
	client_free(&answer);
	free((char *)question.request);
	return status;
}

int online_tables(const struct command_line *line)
{
	return print_list(line, "tables", table_columns, COUNT_OF(table_columns));
}

int online_backends(const struct command_line *line)
{
	return print_list(line, "backends", backend_columns, COUNT_OF(backend_columns));
}

int online_workers(const struct command_line *line)
{
	return print_list(line, "workers", worker_columns, COUNT_OF(worker_columns));
}

int online_ports(const struct command_line *line)
{
	return print_list(line, "ports", port_columns, COUNT_OF(port_columns));
}

int online_meters(const struct command_line *line)
{
	return print_list(line, "meters", meter_columns, COUNT_OF(meter_columns));
}

int online_stalls(const struct command_line *line)
{
	return print_list(line, "stalls", stall_columns, COUNT_OF(stall_columns));
}

/* --- Status --- */

static void print_process(const struct conf_value *root)
{
	char text[CONF_TEXT_LEN];

	printf("glb-director %s", member_text(text, root, "version"));
	if (*member_text(text, root, "commit") != '-')
		printf(" (%s)", text);
	printf(", process %s, since ", member_text(text, root, "pid"));
	printf("%s: up ", member_text(text, root, "started"));
	uptime_write(stdout, member_count(root, "uptime_s"));
	printf("\nfiles %s", member_text(text, root, "config"));
	printf(" %s\n", member_text(text, root, "tables_file"));
}

static void print_deny_file(const struct conf_value *root)
{
	char file[CONF_TEXT_LEN];
	char digest[CONF_TEXT_LEN];
	struct conf_value deny;
	struct conf_value prefixes;

	if (!conf_find(&deny, root, "deny") || !conf_is_object(&deny))
		return;
	(void)member_text(file, &deny, "file");
	if (conf_find(&prefixes, &deny, "prefixes") && conf_is_integer(&prefixes))
		printf("deny file %s: %" PRIu64 " prefixes, digest %s\n", file,
		       member_count(&deny, "prefixes"), member_text(digest, &deny, "digest"));
	else
		printf("NO SOURCE IS DENIED: %s was invalid at start, see the log\n", file);
}

static void print_last_reload(const struct conf_value *root)
{
	char text[CONF_TEXT_LEN];
	struct conf_value last;
	struct conf_value totals;

	if (!conf_find(&last, root, "last_reload") || !conf_is_object(&last) ||
	    !conf_find(&totals, root, "reloads"))
		return;
	printf("reloads: %" PRIu64 " done, %" PRIu64 " refused, %" PRIu64 " put off; the last: %s",
	       member_count(&totals, "done"), member_count(&totals, "refused"),
	       member_count(&totals, "put_off"), member_text(text, &last, "result"));
	printf(" at %s", member_text(text, &last, "ended"));
	printf(", in %" PRIu64 " ms\n", member_count(&last, "took_ms"));
	if (*member_text(text, &last, "reason") != '-')
		printf("    %s\n", text);
}

static void print_status(const struct conf_value *root)
{
	struct conf_value list;
	char text[CONF_TEXT_LEN];
	struct conf_value value;
	bool is_ready = conf_find(&value, root, "ready") && conf_is_true(&value);

	print_process(root);
	printf("%s, generation %s: binds %" PRIu64 ", backends %" PRIu64 ", healthy %" PRIu64 "\n",
	       is_ready ? "ready" : "NOT READY", member_text(text, root, "generation"),
	       member_count(root, "binds"), member_count(root, "backends"),
	       member_count(root, "healthy"));
	if (!is_ready)
		printf("    %s\n", member_text(text, root, "readiness_reason"));
	if (conf_find(&value, root, "serving_last_good") && conf_is_true(&value))
		puts("SERVING THE LAST GOOD TABLES: the tables file was invalid at start, see the "
		     "log");
	if (conf_find(&value, root, "live_device") && conf_is_string(&value)) {
		printf("live device %s: ", conf_text(text, &value));
		puts(conf_find(&value, root, "live_device_up") && conf_is_true(&value) ? "up"
										       : "down");
	}
	print_deny_file(root);
	print_last_reload(root);
	if (conf_find(&list, root, "tables"))
		columns_print(&list, status_table_columns, COUNT_OF(status_table_columns));
	if (conf_find(&list, root, "workers"))
		columns_print(&list, status_worker_columns, COUNT_OF(status_worker_columns));
	if (conf_find(&list, root, "ports"))
		columns_print(&list, port_columns, COUNT_OF(port_columns));
}

int online_status(const struct command_line *line)
{
	const struct question question = {.request = "{\"glb\": 1, \"verb\": \"status\"}",
					  .patience_ms = CLIENT_PATIENCE_MS};
	struct client_answer answer;
	int status = client_ask(&answer, line, &question);

	if (status == EXIT_OK && !command_has(line, OPTION_JSON))
		print_status(&answer.root);
	client_free(&answer);
	return status;
}
