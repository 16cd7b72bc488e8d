/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a JSON file say at some place, and how is the place named if it is wrong?
 *
 * Every value knows its path and position, so every problem reads `FILE:LINE:COLUMN:
 * $.tables[0].seed: reason`. Line and column, which count characters from 1, are those of the value
 * itself or, for a missing value, of the object that lacks it. A file that is not JSON at all is
 * refused as `FILE:LINE:COLUMN: reason`. Duplicate keys are refused. A byte order mark at the start
 * is ignored; UTF-16 and UTF-32 are refused by name.
 *
 * Problems go into a report; a reader continues after one, to find the others.
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

/* A value in a file, or the place of a missing one. Valid as long as file and parents are. */
struct conf_value {
	const struct conf_file *file;
	const struct conf_value *parent; /* NULL: the root, $ */
	const char *key;		 /* if the parent is an object; NULL: if it is an array */
	size_t index;
	struct json_t *json; /* NULL: missing */
	uint32_t node;	     /* in the locator; for a missing value, its parent's */
};

/*
 * Parses a file of `len` bytes that came from `path`; both must outlive the file. Returns 0 and
 * sets *out, to be released with conf_close(); otherwise -EINVAL or -ENOMEM, with the reason in the
 * report.
 */
GLB_NODISCARD int conf_parse(struct conf_file *out, const char *path, const char *bytes, size_t len,
			     struct report *report);

/* Releases the file, and fills in lines and columns of its problems. */
void conf_close(struct conf_file *file);

struct conf_value conf_root(const struct conf_file *file);

/* --- Problems of a value --- */

/* Reports an error. Returns -EINVAL. */
GLB_PRINTF(2, 3) int conf_refuse(const struct conf_value *value, const char *format, ...);

/* Reports a warning, or an error in a strict report. */
GLB_PRINTF(2, 3) void conf_warn(const struct conf_value *value, const char *format, ...);

/* Reports a warning or note, even in a strict report. */
GLB_PRINTF(3, 4)
void conf_remark(const struct conf_value *value, enum severity severity, const char *format, ...);

/*
 * Warns about every key of an object that is not in `known`, a list that ends with NULL. "_comment"
 * and "comment" are known everywhere, with any value, and "$schema" at the top level.
 */
void conf_warn_unknown(const struct conf_value *object, const char *const known[]);

/* Is a member one of these? For objects with arbitrary keys. */
bool conf_is_remark(const struct conf_value *member);

/* The same, but refuses: for objects in which a typo would be dangerous. Returns 0 or -EINVAL. */
GLB_NODISCARD int conf_refuse_unknown(const struct conf_value *object, const char *const known[]);

/* --- Positions --- */

enum { CONF_PLACE_LEN_MAX = sizeof(((struct problem *)0)->place) };

/* Writes `$.tables[0].seed`, truncated if too long. Returns out. */
const char *conf_place(char out[CONF_PLACE_LEN_MAX], const struct conf_value *value);

/* The line of a value. */
uint32_t conf_line(const struct conf_value *value);

/* Offsets in the file of an existing value: of its first byte, and after its last. */
void conf_span(const struct conf_value *value, size_t *start, size_t *end);

/* Offset of the opening quote of the key of a member. */
size_t conf_key(const struct conf_value *member);

/* --- Navigation --- */

/* Checks that a value is an object or an array. Returns 0 or -EINVAL. */
GLB_NODISCARD int conf_object(const struct conf_value *value);
GLB_NODISCARD int conf_array(const struct conf_value *value);

/* Is it a string? For values that may have other types. */
bool conf_is_string(const struct conf_value *value);

/* Is it the literal true? For values that may have other types. */
bool conf_is_true(const struct conf_value *value);

/* Has an object a member of that name that is the literal true? */
bool conf_flag(const struct conf_value *object, const char *key);

/* Tests of the type. For values that may have several. */
bool conf_is_null(const struct conf_value *value);
bool conf_is_boolean(const struct conf_value *value);
bool conf_is_array(const struct conf_value *value);
bool conf_is_object(const struct conf_value *value);
bool conf_is_integer(const struct conf_value *value);

enum { CONF_TEXT_LEN = 512 };

/*
 * Writes a value for people, printable and truncated if too long: a string without quotes, true as
 * "yes" and false as "no", an array as its elements separated by ", "; "-" for null, an object, or
 * a missing value. Returns out.
 */
const char *conf_text(char out[CONF_TEXT_LEN], const struct conf_value *value);

/* Finds a member of an object. False if there is none; *out then describes its place. */
bool conf_find(struct conf_value *out, const struct conf_value *object, const char *key);

/* Finds a member that must exist: -EINVAL if it is missing. */
GLB_NODISCARD int conf_member(struct conf_value *out, const struct conf_value *object,
			      const char *key);

/* Number of members of an object; 0 for anything else. They are in the order of the file. */
size_t conf_member_count(const struct conf_value *object);
struct conf_value conf_member_at(const struct conf_value *object, size_t index);

/* Number of elements of an array; 0 for anything else. */
size_t conf_count(const struct conf_value *array);
struct conf_value conf_element(const struct conf_value *array, size_t index);

/*
 * --- Typed reads ---
 *
 * Return 0; or -EINVAL with *out untouched and an error in the report. If *out has a default, or a
 * value that means "not read", a failure needs no further handling.
 */

/* The string is valid as long as the file. */
GLB_NODISCARD int conf_string(const char **out, const struct conf_value *value);

/* The same, of `least` to `most` bytes. An error does not quote it, as it may be long, or secret.
 */
GLB_NODISCARD int conf_sized_string(const char **out, size_t least, size_t most,
				    const struct conf_value *value);

/* A string of 1 to room - 1 bytes, copied; `what` is its name for people: "device name". */
int conf_name(char *out, size_t room, const char *what, const struct conf_value *value);

int conf_bool(bool *out, const struct conf_value *value);

/* An integer from `min` to `max`. */
int conf_uint(uint32_t *out, uint32_t min, uint32_t max, const struct conf_value *value);

/* A non-negative integer. */
int conf_count64(uint64_t *out, const struct conf_value *value);

/* An IPv4 or IPv6 address. */
int conf_addr(struct glb_addr *out, const struct conf_value *value);

/* An address, or a prefix, of which host bits are kept; a warning says what they mean. */
int conf_prefix(struct glb_addr *out, uint8_t *prefix_len, const struct conf_value *value);

/* One of `names`, a list that ends with NULL: returns its index. `wanted` is the list for people.
 */
GLB_NODISCARD int conf_choice(uint32_t *out, const char *const names[], const char *wanted,
			      const struct conf_value *value);

#endif
