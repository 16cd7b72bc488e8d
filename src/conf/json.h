/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a JSON file say at some place, and how is the place named when it is wrong?
 *
 * Every value knows the way to it and where it stands, so every problem reads
 * `FILE:LINE:COLUMN: $.tables[0].seed: reason`. Line and column, which count characters from 1, are
 * those of the value itself; of a missing value, those of the object that lacks it. A file that is
 * not JSON at all is refused as `FILE:LINE:COLUMN: reason`. Duplicate keys are refused. A byte
 * order mark in front of the text is ignored; UTF-16 and UTF-32 are refused by name.
 *
 * Problems go into a report; a reader goes on after one, to find the others.
 */
#ifndef CONF_JSON_H
#define CONF_JSON_H

#include <glb/spec.h>

#include "conf/locate.h"
#include "conf/report.h"

struct json_t;

struct conf_file {
	struct report *report;
	struct json_t *root;
	struct locator *locator;
};

/* A value in a file, or a place where one is missing. Valid as long as file and parents are. */
struct conf_value {
	const struct conf_file *file;
	const struct conf_value *parent; /* NULL: the root, $ */
	const char *key;		 /* in an object parent, or NULL: in an array */
	size_t index;
	struct json_t *json; /* NULL: missing */
	uint32_t node;	     /* in the locator; of a missing value, its parent's */
};

/*
 * Parses a file of `len` bytes that came from `path`; both must outlive the file. Returns 0 and
 * sets *out, to be released with conf_close(); otherwise -EINVAL or -ENOMEM, and the report says
 * why.
 */
GLB_NODISCARD int conf_parse(struct conf_file *out, const char *path, const char *bytes, size_t len,
			     struct report *report);

/* Only then the problems have their lines and columns. */
void conf_close(struct conf_file *file);

struct conf_value conf_root(const struct conf_file *file);

/* --- Problems of a value --- */

/* An error. Returns -EINVAL. */
GLB_PRINTF(2, 3) int conf_refuse(const struct conf_value *value, const char *format, ...);

/* A warning, or an error in a strict report. */
GLB_PRINTF(2, 3) void conf_warn(const struct conf_value *value, const char *format, ...);

/* A warning or note, however strict the report is. */
GLB_PRINTF(3, 4)
void conf_remark(const struct conf_value *value, enum severity severity, const char *format, ...);

/*
 * Warns about every key of an object that is not in `known`, a list that ends with NULL. Known
 * everywhere are "_comment" and "comment", whatever they say, and "$schema" at the top.
 */
void conf_warn_unknown(const struct conf_value *object, const char *const known[]);

/* Is a member one of those remarks? For objects whose keys may be any. */
bool conf_is_remark(const struct conf_value *member);

/* Likewise, but refuses: for objects in which a typo would be dangerous. 0 or -EINVAL. */
GLB_NODISCARD int conf_refuse_unknown(const struct conf_value *object, const char *const known[]);

/* --- Where values stand --- */

enum { CONF_PLACE_LEN_MAX = sizeof(((struct problem *)0)->place) };

/* Writes `$.tables[0].seed`, cut when too long. Returns out. */
const char *conf_place(char out[CONF_PLACE_LEN_MAX], const struct conf_value *value);

/* The line of a value. */
uint32_t conf_line(const struct conf_value *value);

/* Offsets in the file of a value that is there: its first byte, and the one behind its last. */
void conf_span(const struct conf_value *value, size_t *start, size_t *end);

/* Offset of the opening quote of the key of a member. */
size_t conf_key(const struct conf_value *member);

/* --- The way to values --- */

/* Checks that a value is an object or an array. 0 or -EINVAL. */
GLB_NODISCARD int conf_object(const struct conf_value *value);
GLB_NODISCARD int conf_array(const struct conf_value *value);

/* Is it a string? For values that may also be something else. */
bool conf_is_string(const struct conf_value *value);

/* Is it true, the literal? For values that may also be something else. */
bool conf_is_true(const struct conf_value *value);

/* Which kind is it? For values that may be of several. */
bool conf_is_null(const struct conf_value *value);
bool conf_is_boolean(const struct conf_value *value);
bool conf_is_array(const struct conf_value *value);
bool conf_is_object(const struct conf_value *value);
bool conf_is_integer(const struct conf_value *value);

enum { CONF_TEXT_LEN = 512 };

/*
 * Writes a value as people read it, fit to be printed and cut when it is too long: a string without
 * its quotes, true as "yes" and false as "no", an array as its elements with ", " between; "-" for
 * null, an object, and what is missing. Returns out.
 */
const char *conf_text(char out[CONF_TEXT_LEN], const struct conf_value *value);

/* A member of an object, to be looked at next. False when there is none; *out says where it is. */
bool conf_find(struct conf_value *out, const struct conf_value *object, const char *key);

/* Likewise, but a member that must be there: -EINVAL when it is missing. */
GLB_NODISCARD int conf_member(struct conf_value *out, const struct conf_value *object,
			      const char *key);

/* Members of an object; 0 for anything else. They are in the order of the file. */
size_t conf_member_count(const struct conf_value *object);
struct conf_value conf_member_at(const struct conf_value *object, size_t index);

/* Elements of an array; 0 for anything else. */
size_t conf_count(const struct conf_value *array);
struct conf_value conf_element(const struct conf_value *array, size_t index);

/*
 * --- Typed reads ---
 *
 * 0, or -EINVAL with *out untouched and an error in the report. Where *out has a default, or says
 * that it was not read, a failure needs no other notice.
 */

/* The string lives as long as the file. */
GLB_NODISCARD int conf_string(const char **out, const struct conf_value *value);

/* The same of `least` to `most` bytes. A refusal does not quote it, as it may be long, or secret.
 */
GLB_NODISCARD int conf_sized_string(const char **out, size_t least, size_t most,
				    const struct conf_value *value);

/* A string of 1 to room - 1 bytes, copied; `what` people call it: "device name". */
int conf_name(char *out, size_t room, const char *what, const struct conf_value *value);

int conf_bool(bool *out, const struct conf_value *value);

/* An integer from `min` to `max`. */
int conf_uint(uint32_t *out, uint32_t min, uint32_t max, const struct conf_value *value);

/* An integer that is not negative. */
int conf_count64(uint64_t *out, const struct conf_value *value);

/* An IPv4 or IPv6 address. */
int conf_addr(struct glb_addr *out, const struct conf_value *value);

/* One of `names`, a list that ends with NULL: its index. `wanted` is the list for people. */
GLB_NODISCARD int conf_choice(uint32_t *out, const char *const names[], const char *wanted,
			      const struct conf_value *value);

#endif
