/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of a file, and where it is no JSON: see json.h. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include <glb/image.h>

#include "conf/encoding.h"
#include "conf/json.h"
#include "conf/room.h"

static int refuse_text(struct report *report, const char *bytes, size_t len, size_t offset,
		       const char *reason)
{
	struct place place = text_place(bytes, len, offset);
	struct problem problem = {
		.severity = SEVERITY_ERROR,
		.offset = offset,
		.line = place.line,
		.column = place.column,
	};

	report_add(report, &problem, "%s", reason);
	return -EINVAL;
}

enum { SECRET_DIGITS = 8 }; /* so many in a row may be part of a key */

/* Start of the file excerpt in an error of the library, if it may contain part of a key. */
static char *secret_quote(char *text)
{
	char *near = strstr(text, " near '");
	unsigned int digits = 0;

	for (const char *c = near; c && *c; c++) {
		digits = isxdigit((unsigned char)*c) ? digits + 1 : 0;
		if (digits == SECRET_DIGITS)
			return near;
	}
	return NULL;
}

/*
 * The library reports the column of the last character it read. This reports the start of the
 * unexpected token, or the end if the text ends too early.
 */
static int refuse_syntax(struct report *report, const char *bytes, size_t len, json_error_t *error)
{
	char *secret = secret_quote(error->text);
	size_t offset = len;

	if (secret)
		*secret = 0;

	if (json_error_code(error) != json_error_premature_end_of_input)
		offset = last_token(bytes, len, mark_len(bytes, len) + (size_t)error->position);
	return refuse_text(report, bytes, len, offset, error->text);
}

/*
 * The library has an error code for it, but mostly fails without a message, or reports an invalid
 * token. malloc() sets errno.
 */
static bool is_out_of_memory(const json_error_t *error)
{
	return errno == ENOMEM || !*error->text ||
	       json_error_code(error) == json_error_out_of_memory;
}

/* Returns 0; or -EINVAL after reporting that the library cannot read the text. */
static int check_text(struct report *report, const char *bytes, size_t len)
{
	const char *nul = len ? memchr(bytes, 0, len) : NULL;
	const char *encoding = other_encoding(bytes, len);
	char reason[32];

	if (encoding) {
		(void)snprintf(reason, sizeof(reason), "is %s, expected UTF-8", encoding);
		return refuse_text(report, bytes, len, 0, reason);
	}
	if (nul) /* the library ignores one after a number or word */
		return refuse_text(report, bytes, len, (size_t)(nul - bytes), "a NUL byte");
	return 0;
}

int conf_parse(struct conf_file *out, const char *path, const char *bytes, size_t len,
	       struct report *report)
{
	struct conf_file file = {.report = report};
	size_t mark = mark_len(bytes, len);
	struct glb_diag reason = {{0}};
	json_error_t error;

	report_file(report, path);
	if (glb_image_detect((const uint8_t *)bytes, len)) {
		report_fail(report, "is a binary image of tables, where JSON is wanted: name its "
				    "source");
		return -EINVAL;
	}
	if (check_text(report, bytes, len))
		return -EINVAL;
	if (room_check(room_of_json(bytes, len), &reason)) {
		report_fail(report, "%s", reason.text);
		return -ENOMEM;
	}
	errno = 0;
	file.root = json_loadb(bytes + mark, len - mark, JSON_REJECT_DUPLICATES, &error);
	if (!file.root && is_out_of_memory(&error)) {
		report_fail(report, "out of memory");
		return -ENOMEM;
	}
	if (!file.root)
		return refuse_syntax(report, bytes, len, &error);
	if (locator_make(&file.locator, bytes, len)) {
		report_fail(report, "out of memory");
		json_decref(file.root);
		return -ENOMEM;
	}
	*out = file;
	return 0;
}

/* Computes lines and columns, only of problems that were kept: lines can be long. */
static void find_places(const struct conf_file *file)
{
	struct report *report = file->report;

	for (uint32_t i = 0; i < report->count; i++) {
		struct problem *problem = &report->problems[i];
		struct place place;

		if (problem->file != report->files || !problem->place[0])
			continue; /* it is about another file, or the whole file */
		place = locator_place(file->locator, problem->offset);
		problem->line = place.line;
		problem->column = place.column;
	}
}

void conf_close(struct conf_file *file)
{
	find_places(file);
	json_decref(file->root);
	locator_free(file->locator);
	*file = (struct conf_file){0};
}

struct conf_value conf_root(const struct conf_file *file)
{
	return (struct conf_value){.file = file, .json = file->root};
}
