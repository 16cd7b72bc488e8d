/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "conf/input.h"

enum {
	TRIES = 3,
	PAUSE_NS = 50 * 1000 * 1000, /* for files that are being replaced */
	INPUTS_MAX = 2,		     /* of a director */
};

static struct stat input_look_at(const char *path)
{
	struct stat info;

	return stat(path, &info) ? (struct stat){0} : info;
}

static bool reads_standard(const struct conf_input *input)
{
	return input->standard && !strcmp(input->path, "-");
}

static int input_read_one(struct conf_input *input)
{
	return reads_standard(input) ? file_read_standard(&input->file)
				     : file_read(&input->file, input->path, input->pipe_ms);
}

/* A pipe can be read only once. */
static bool has_been_read(const struct conf_input *input)
{
	return input->file.bytes && !S_ISREG(input->file.info.st_mode);
}

/* Is the file the same as before any was read, and still in place? Always true of pipes. */
static bool is_unchanged(const struct conf_input *input, const struct stat *before)
{
	struct stat now = input_look_at(input->path);

	if (input->err || !S_ISREG(input->file.info.st_mode))
		return true;
	return file_same(&input->file.info, before) && file_same(&input->file.info, &now);
}

/* One attempt. False if a file changed meanwhile; then that file has an error. */
static bool read_together(struct conf_input *inputs, unsigned int count)
{
	struct stat before[INPUTS_MAX];
	bool unchanged = true;

	for (unsigned int i = 0; i < count; i++)
		before[i] = input_look_at(inputs[i].path);
	for (unsigned int i = 0; i < count; i++)
		if (i && reads_standard(&inputs[i]) && reads_standard(&inputs[i - 1]))
			inputs[i].err = -EALREADY;
		else if (!has_been_read(&inputs[i]))
			inputs[i].err = input_read_one(&inputs[i]);
	for (unsigned int i = 0; i < count; i++)
		if (!is_unchanged(&inputs[i], &before[i])) {
			file_free(&inputs[i].file);
			inputs[i].err = -EBUSY;
			unchanged = false;
		}
	return unchanged;
}

static void free_regular(struct conf_input *inputs, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (!has_been_read(&inputs[i]))
			file_free(&inputs[i].file);
}

void inputs_read(struct conf_input *inputs, unsigned int count)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_NS};

	if (count == 1) {
		inputs->err = input_read_one(inputs);
		return;
	}
	for (unsigned int i = 0; !read_together(inputs, count) && i + 1 < TRIES; i++) {
		free_regular(inputs, count);
		(void)nanosleep(&pause, NULL);
	}
}

void inputs_free(struct conf_input *inputs, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		file_free(&inputs[i].file);
}

int input_check(const struct conf_input *input, struct report *report)
{
	if (!input->err)
		return 0;
	report_file(report, input->path);
	report_fail(report, "%s", file_reason(input->err));
	return input->err;
}

void input_guard(const struct conf_input *input, struct report *report)
{
	struct problem problem = {.severity = SEVERITY_WARNING};
	mode_t mode = input->file.info.st_mode;
	bool reads = mode & S_IROTH;
	bool writes = mode & S_IWOTH;

	if (report->guarding && S_ISREG(mode) && (reads || writes))
		report_add(report, &problem, "holds keys, and everybody may %s it: chmod o= %s",
			   !writes ? "read"
			   : reads ? "read and change"
				   : "change",
			   input->path);
}
