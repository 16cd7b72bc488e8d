/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/deny.h"

enum {
	WORD_LEN = 60, /* more than any prefix has, and enough to recognise a line */
	WIDE_LEN4 = 8,
	WIDE_LEN6 = 16, /* shorter prefixes are warned about */
};

/* A file as it is read. */
struct deny_lines {
	struct report *report;
	const char *bytes;
	struct glb_deny_prefix *prefixes;
	uint32_t count;
	uint32_t line; /* from 1 */
};

/* White space that may be around a prefix. */
static bool is_around_prefix(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The place of a word in the line that is being read. */
static struct problem problem_at(const struct deny_lines *lines, enum severity severity,
				 const char *line, const char *word)
{
	return (struct problem){.severity = severity,
				.offset = (size_t)(word - lines->bytes),
				.line = lines->line,
				.column = (uint32_t)(word - line) + 1};
}

/* Warns about what is probably not meant. */
static void deny_remark(const struct deny_lines *lines, const struct glb_deny_prefix *prefix,
			const char *text, const struct problem *at)
{
	const struct glb_addr network = addr_network(&prefix->addr, prefix->prefix_len);
	char meant[DENY_PREFIX_TEXT_LEN];

	if (!glb_addr_equal(&network, &prefix->addr))
		report_add(lines->report, at, "\"%s\" has host bits: it means %s", text,
			   deny_prefix_text(meant, prefix));
	if (prefix->prefix_len < (prefix->addr.version == 4 ? WIDE_LEN4 : WIDE_LEN6))
		report_add(lines->report, at, "\"%s\" denies %s of all IPv%u addresses", text,
			   prefix->addr.version == 4 ? "1/128 or more" : "1/32768 or more",
			   prefix->addr.version);
}

/* Reads what a line has besides comments and spaces. */
static void read_deny_word(struct deny_lines *lines, const char *line, const char *word, size_t len)
{
	struct glb_deny_prefix prefix = {.line = lines->line};
	struct problem error = problem_at(lines, SEVERITY_ERROR, line, word);
	struct problem warning = problem_at(
		lines, lines->report->strict ? SEVERITY_ERROR : SEVERITY_WARNING, line, word);
	char text[WORD_LEN + 1];

	(void)snprintf(text, sizeof(text), "%.*s", (int)(len < WORD_LEN ? len : WORD_LEN), word);
	if (len > WORD_LEN || strlen(text) != len ||
	    !prefix_parse(&prefix.addr, &prefix.prefix_len, text)) {
		report_add(lines->report, &error, "\"%s\" is not an IPv4 or IPv6 address or prefix",
			   text);
		return;
	}
	if (!prefix.prefix_len) {
		report_add(lines->report, &error,
			   "\"%s\" denies everybody: to take no packets, use glbctl leave", text);
		return;
	}
	deny_remark(lines, &prefix, text, &warning);
	lines->prefixes[lines->count++] = prefix;
}

/* Reads one line, from `line` to `end`. */
static void read_deny_line(struct deny_lines *lines, const char *line, const char *end)
{
	const char *word = line;

	for (const char *at = line; at < end; at++)
		if (*at == '#' || *at == ';')
			end = at;
	while (word < end && is_around_prefix(*word))
		word++;
	while (end > word && is_around_prefix(end[-1]))
		end--;
	if (word < end)
		read_deny_word(lines, line, word, (size_t)(end - word));
}

static uint32_t count_deny_lines(const char *bytes, size_t len)
{
	uint32_t count = 1;

	for (size_t i = 0; i < len; i++)
		count += bytes[i] == '\n';
	return count;
}

/* Reads all lines, up to the one that is too many. */
static void read_lines(struct deny_lines *lines, size_t len)
{
	const char *line = lines->bytes;
	const char *end = lines->bytes + len;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *line_end = newline ? newline : end;

		lines->line++;
		if (lines->count == GLB_DENY_MAX) {
			struct problem error = problem_at(lines, SEVERITY_ERROR, line, line);

			report_add(lines->report, &error, "only %u prefixes are possible",
				   GLB_DENY_MAX);
			return;
		}
		read_deny_line(lines, line, line_end);
		line = newline ? newline + 1 : end;
	}
}

int deny_parse(struct glb_deny **out, const char *path, const char *bytes, size_t len,
	       struct report *report)
{
	const uint32_t errors = report->totals[SEVERITY_ERROR];
	const uint32_t most = count_deny_lines(bytes, len);
	struct deny_lines lines = {.report = report, .bytes = bytes};
	int err = -ENOMEM;

	report_file(report, path);
	lines.prefixes = calloc(most < GLB_DENY_MAX ? most : GLB_DENY_MAX, sizeof(*lines.prefixes));
	if (lines.prefixes) {
		read_lines(&lines, len);
		err = report->totals[SEVERITY_ERROR] > errors
			      ? -EINVAL
			      : glb_deny_make(out, lines.prefixes, lines.count);
	}
	free(lines.prefixes);
	if (err == -ENOMEM)
		report_fail(report, "out of memory");
	return err;
}

int deny_read(struct glb_deny **out, const struct conf_input *input, struct report *report)
{
	int err = input_check(input, report);

	if (err)
		return err;
	return deny_parse(out, input->path, (const char *)input->file.bytes, input->file.len,
			  report);
}

const char *deny_prefix_text(char out[DENY_PREFIX_TEXT_LEN], const struct glb_deny_prefix *prefix)
{
	const struct glb_addr network = addr_network(&prefix->addr, prefix->prefix_len);
	char addr[ADDR_TEXT_LEN];

	(void)snprintf(out, DENY_PREFIX_TEXT_LEN, "%s/%u", addr_text(addr, &network),
		       prefix->prefix_len);
	return out;
}
