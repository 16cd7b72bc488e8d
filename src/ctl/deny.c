/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl deny check: is a deny file valid, and whom does it deny? */
#include <stdlib.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/deny.h"
#include "sys/log.h"
#include "sys/words.h"
#include "sys/writer.h"

/* Parses the addresses of the command line. */
static int read_addresses(struct glb_addr *out, const struct command_line *line)
{
	for (int i = 1; i < line->arg_count; i++)
		if (!addr_parse(&out[i - 1], line->args[i])) {
			log_error("\"%s\" is not an IPv4 or IPv6 address", line->args[i]);
			return EXIT_USAGE;
		}
	return EXIT_OK;
}

static void print_deny_list(const struct glb_deny *deny)
{
	printf("%u prefix%s, digest %s\n", deny->prefix_count, deny->prefix_count == 1 ? "" : "es",
	       deny->digest);
}

static void print_address(const struct glb_deny *deny, const struct glb_addr *addr,
			  const char *path)
{
	const struct glb_deny_prefix *prefix = glb_deny_find(deny, addr);
	char text[ADDR_TEXT_LEN];
	char by[DENY_PREFIX_TEXT_LEN];

	if (prefix)
		printf("%s is denied by %s (%s:%u)\n", addr_text(text, addr),
		       deny_prefix_text(by, prefix), path, prefix->line);
	else
		printf("%s is not denied\n", addr_text(text, addr));
}

static void write_denied_address(struct writer *w, const struct glb_deny *deny,
				 const struct glb_addr *addr)
{
	const struct glb_deny_prefix *prefix = glb_deny_find(deny, addr);
	char text[DENY_PREFIX_TEXT_LEN];

	write_open(w, NULL, '{');
	write_string(w, "ip", addr_text(text, addr));
	write_string(w, "denied_by", prefix ? deny_prefix_text(text, prefix) : NULL);
	if (prefix)
		write_uint(w, "line", prefix->line);
	write_close(w, '}');
}

/* `deny` is NULL if the file was refused. */
static void write_deny_check(const struct report *report, const struct glb_deny *deny,
			     const struct glb_addr *addrs, int count)
{
	struct writer w = {.out = stdout};

	write_open(&w, NULL, '{');
	write_bool(&w, "accepted", deny);
	write_open(&w, "problems", '[');
	for (uint32_t i = 0; i < report->count; i++)
		problem_write(&w, &report->problems[i]);
	write_close(&w, ']');
	if (deny) {
		write_uint(&w, "prefixes", deny->prefix_count);
		write_string(&w, "digest", deny->digest);
		write_open(&w, "addresses", '[');
		for (int i = 0; i < count; i++)
			write_denied_address(&w, deny, &addrs[i]);
		write_close(&w, ']');
	}
	write_close(&w, '}');
}

static void print_check(const struct report *report, const struct glb_deny *deny,
			const struct glb_addr *addrs, const struct command_line *line)
{
	report_log(report, SEVERITY_NOTE);
	if (!deny)
		return;
	print_deny_list(deny);
	for (int i = 1; i < line->arg_count; i++)
		print_address(deny, &addrs[i - 1], line->args[0]);
}

int deny_check(const struct command_line *line)
{
	struct conf_input input = {.path = line->args[0], .standard = true};
	struct glb_addr addrs[16];
	struct glb_deny *deny = NULL;
	struct report report;
	int status = read_addresses(addrs, line);

	if (status != EXIT_OK)
		return status;
	report_init(&report);
	report.strict = command_has(line, OPTION_STRICT);
	inputs_read(&input, 1);
	if (deny_read(&deny, &input, &report))
		status = EXIT_FAILED;
	inputs_free(&input, 1);
	if (command_has(line, OPTION_JSON))
		write_deny_check(&report, deny, addrs, line->arg_count - 1);
	else
		print_check(&report, deny, addrs, line);
	glb_deny_free(deny);
	return status;
}
