/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "sys/log.h"

void doctor_add(struct doctor *doctor, const struct finding *finding)
{
	diagnosis_add(&doctor->diagnosis, finding);
}

void doctor_skip(struct doctor *doctor, const char *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diagnosis_skip_args(&doctor->diagnosis, check, format, args);
	va_end(args);
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
	if (status == EXIT_OK && out->diagnosis.failed) {
		log_error("out of memory");
		status = EXIT_FAILED;
	}
	if (status != EXIT_OK)
		doctor_free(out);
	return status;
}

void doctor_free(struct doctor *doctor)
{
	diagnosis_free(&doctor->diagnosis);
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
		diagnosis_write(&w, &doctor.diagnosis);
		write_close(&w, '}');
	} else {
		diagnosis_print(stdout, &doctor.diagnosis);
	}
	if (diagnosis_total(&doctor.diagnosis, LEVEL_PROBLEM))
		status = EXIT_FAILED;
	doctor_free(&doctor);
	return status;
}
