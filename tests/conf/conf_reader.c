/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf-reader KIND FILE...: prints the errors in each file, for test_schemas.py. As those who read
 * a file most strictly: tables as a health checker does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/health.h"
#include "sys/printable.h"

static int read_director_text(const char *path, const char *text, size_t len, struct report *report)
{
	struct director_conf conf;

	return director_conf_parse(&conf, path, text, len, report);
}

static int read_healthcheck(const char *path, const char *text, size_t len, struct report *report)
{
	struct health_conf conf;

	return health_conf_parse(&conf, path, text, len, report);
}

static int read_tables(const char *path, const char *text, size_t len, struct report *report)
{
	struct health_plan plan;
	int err = health_plan_parse(&plan, path, text, len, report);

	if (!err)
		health_plan_free(&plan);
	return err;
}

static const struct {
	const char *name;
	int (*read)(const char *path, const char *text, size_t len, struct report *report);
} kinds[] = {
	{"director", read_director_text},
	{"healthcheck", read_healthcheck},
	{"tables", read_tables},
};

static void print_errors(const struct report *report)
{
	for (uint32_t i = 0; i < report->count; i++) {
		char line[REPORT_LINE_LEN_MAX];
		char text[4 * REPORT_LINE_LEN_MAX];

		(void)report_line(line, &report->problems[i]);
		if (report->problems[i].severity == SEVERITY_ERROR)
			printf("%s\n", printable(text, sizeof(text), line));
	}
}

static int read_file(unsigned int kind, const char *path)
{
	struct conf_input input = {.path = path};
	static struct report report;

	report_init(&report);
	inputs_read(&input, 1);

	int err = input_check(&input, &report);

	if (!err)
		err = kinds[kind].read(path, (const char *)input.file.bytes, input.file.len,
				       &report);
	if (!err == report_has_errors(&report))
		return EXIT_FAILURE;
	print_errors(&report);
	inputs_free(&input, 1);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	for (unsigned int kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++)
		for (int i = 2; i < argc && !strcmp(argv[1], kinds[kind].name); i++)
			status |= read_file(kind, argv[i]);
	return status;
}
