/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "sys/log.h"
#include "sys/printable.h"
#include "sys/words.h"

static const char *const level_names[LEVEL_COUNT] = {
	[LEVEL_OK] = "ok",
	[LEVEL_ADVICE] = "advice",
	[LEVEL_PROBLEM] = "problem",
	[LEVEL_UNKNOWN] = "unknown",
};

/* The order in which levels are shown. */
static const enum level order[] = {LEVEL_PROBLEM, LEVEL_ADVICE, LEVEL_UNKNOWN, LEVEL_OK};

void finding_text(char out[FINDING_TEXT_LEN], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out, FINDING_TEXT_LEN, format, args);
	va_end(args);
}

void doctor_add(struct doctor *doctor, const struct finding *finding)
{
	if (doctor->count == doctor->room) {
		size_t room = doctor->room ? 2 * doctor->room : 32;
		struct finding *more = realloc(doctor->findings, room * sizeof(*more));

		doctor->failed |= !more;
		if (!more)
			return;
		doctor->findings = more;
		doctor->room = room;
	}
	doctor->findings[doctor->count++] = *finding;
}

void doctor_skip(struct doctor *doctor, const char *check, const char *format, ...)
{
	struct finding finding = {.level = LEVEL_UNKNOWN, .check = check};
	va_list args;

	va_start(args, format);
	(void)vsnprintf(finding.seen, sizeof(finding.seen), format, args);
	va_end(args);
	doctor_add(doctor, &finding);
}

unsigned int doctor_total(const struct doctor *doctor, enum level level)
{
	unsigned int total = 0;

	for (size_t i = 0; i < doctor->count; i++)
		total += doctor->findings[i].level == level;
	return total;
}

/* False: the kernel does not report it. */
static bool namespace_of(char out[FINDING_TEXT_LEN], const char *process)
{
	char path[HOST_PATH_LEN];
	ssize_t len =
		readlink(host_path(path, "/proc/%s/ns/net", process), out, FINDING_TEXT_LEN - 1);

	if (len < 0)
		return false;
	out[len] = '\0';
	return true;
}

/* In another network namespace, the same name refers to a different device. */
static void check_namespace(struct doctor *doctor)
{
	struct subject *subject = &doctor->subject;
	char process[16];
	char own[FINDING_TEXT_LEN];
	char theirs[FINDING_TEXT_LEN];

	(void)snprintf(process, sizeof(process), "%u", subject->pid);
	if (*doctor->root || !subject->pid || !namespace_of(own, "self") ||
	    !namespace_of(theirs, process) || !strcmp(own, theirs))
		return;
	for (unsigned int i = 0; i < subject->port_count; i++)
		*subject->ports[i].interface = *subject->ports[i].twin = '\0';
	doctor_skip(doctor, "net.namespace",
		    "the director is in another network namespace, whose devices cannot be seen "
		    "from here: nsenter -t %s -n glbctl doctor",
		    process);
}

static void doctor_check_all(struct doctor *doctor)
{
	check_namespace(doctor);
	doctor_spread(doctor);
	doctor_cpus(doctor);
	doctor_interrupts(doctor);
	doctor_clocks(doctor);
	doctor_memory(doctor);
	doctor_numa(doctor);
	doctor_sizes(doctor);
	doctor_devices(doctor);
	doctor_files(doctor);
}

int doctor_look(struct doctor *out, const struct command_line *line)
{
	const char *root = line->values[OPTION_ROOT];
	bool offline = command_has(line, OPTION_CONFIG) || command_has(line, OPTION_LCORES);
	int status = EXIT_OK;

	*out = (struct doctor){.root = root && strcmp(root, "/") != 0 ? root : ""};
	if (offline && command_has(line, OPTION_SOCKET)) {
		log_error("--socket asks a director, --config and --lcores do without one");
		return EXIT_USAGE;
	}
	if (offline)
		status = subject_read(out, line);
	else
		(void)subject_ask(out, line);
	if (status == EXIT_OK)
		doctor_check_all(out);
	if (status == EXIT_OK && out->failed) {
		log_error("out of memory");
		status = EXIT_FAILED;
	}
	if (status != EXIT_OK)
		doctor_free(out);
	return status;
}

void doctor_free(struct doctor *doctor)
{
	free(doctor->findings);
	*doctor = (struct doctor){.findings = NULL};
}

/* --- Output --- */

/* A line with a heading; escapes the text. */
static void print_line(FILE *out, const char *heading, const char *text)
{
	char line[4 * FINDING_TEXT_LEN];

	(void)fprintf(out, "    %s: %s\n", heading, printable(line, sizeof(line), text));
}

static void print_finding(FILE *out, const struct finding *finding)
{
	char seen[4 * FINDING_TEXT_LEN];

	(void)fprintf(out, "%s %s: %s\n", level_names[finding->level], finding->check,
		      printable(seen, sizeof(seen), finding->seen));
	if (finding->level != LEVEL_ADVICE && finding->level != LEVEL_PROBLEM)
		return;
	if (*finding->where)
		print_line(out, "where", finding->where);
	if (finding->why)
		print_line(out, "why", finding->why);
	if (*finding->fix)
		print_line(out, "do", finding->fix);
}

void doctor_print(FILE *out, const struct doctor *doctor)
{
	const unsigned int problems = doctor_total(doctor, LEVEL_PROBLEM);

	for (unsigned int i = 0; i < LEVEL_COUNT; i++)
		for (size_t k = 0; k < doctor->count; k++)
			if (doctor->findings[k].level == order[i])
				print_finding(out, &doctor->findings[k]);
	(void)fprintf(out, "%u problem%s, %u advice, %u unknown, %u ok\n", problems,
		      plural(problems), doctor_total(doctor, LEVEL_ADVICE),
		      doctor_total(doctor, LEVEL_UNKNOWN), doctor_total(doctor, LEVEL_OK));
}

static void write_finding(struct writer *w, const struct finding *finding)
{
	write_open(w, NULL, '{');
	write_string(w, "level", level_names[finding->level]);
	write_string(w, "check", finding->check);
	write_string(w, "seen", finding->seen);
	write_string(w, "where", *finding->where ? finding->where : NULL);
	write_string(w, "why", finding->why);
	write_string(w, "do", *finding->fix ? finding->fix : NULL);
	write_close(w, '}');
}

void doctor_write(struct writer *w, const struct doctor *doctor)
{
	write_open(w, "totals", '{');
	for (unsigned int i = 0; i < LEVEL_COUNT; i++)
		write_uint(w, level_names[order[i]], doctor_total(doctor, order[i]));
	write_close(w, '}');
	write_open(w, "findings", '[');
	for (unsigned int i = 0; i < LEVEL_COUNT; i++)
		for (size_t k = 0; k < doctor->count; k++)
			if (doctor->findings[k].level == order[i])
				write_finding(w, &doctor->findings[k]);
	write_close(w, ']');
}

int online_doctor(const struct command_line *line)
{
	struct writer w = {.out = stdout};
	struct doctor doctor;
	int status = doctor_look(&doctor, line);

	if (status != EXIT_OK)
		return status;
	if (command_has(line, OPTION_JSON)) {
		write_open(&w, NULL, '{');
		doctor_write(&w, &doctor);
		write_close(&w, '}');
	} else {
		doctor_print(stdout, &doctor);
	}
	if (doctor_total(&doctor, LEVEL_PROBLEM))
		status = EXIT_FAILED;
	doctor_free(&doctor);
	return status;
}
