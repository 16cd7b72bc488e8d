/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a JSON file say at some place, and how is the place named when it is wrong?
 *
 * Every value knows the way to it, so every refusal reads `FILE: $.tables[0].seed: reason`. A file
 * that is not JSON at all is refused as `FILE:LINE:COLUMN: reason`. Duplicate keys are refused.
 */
#ifndef CONF_JSON_H
#define CONF_JSON_H

#include <glb/diag.h>
#include <glb/spec.h>

struct json_t;

struct conf_file {
	const char *path;
	struct json_t *root;
};

/* A value in a file. Valid as long as the file is open and its parents exist. */
struct conf_value {
	const struct conf_file *file;
	const struct conf_value *parent; /* NULL: the root, $ */
	const char *key;		 /* in an object parent, or NULL: in an array */
	size_t index;
	struct json_t *json;
};

/*
 * Parses a file of `len` bytes that came from `path`. Returns 0 and sets *out, to be released with
 * conf_close(); or -EINVAL. path must outlive the file.
 */
GLB_NODISCARD int conf_parse(struct conf_file *out, const char *path, const char *bytes, size_t len,
			     struct glb_diag *diag);

void conf_close(struct conf_file *file);

struct conf_value conf_root(const struct conf_file *file);

/* Writes `FILE: $.path: reason` and returns -EINVAL. */
GLB_PRINTF(3, 4)
int conf_refuse(const struct conf_value *value, struct glb_diag *diag, const char *format, ...);

/* Warns about the keys of an object that are not in `known`, a list that ends with NULL. */
void conf_warn_unknown(const struct conf_value *object, const char *const known[]);

/* Likewise, but refuses the first such key: for objects in which a typo would be dangerous. */
GLB_NODISCARD int conf_refuse_unknown(const struct conf_value *object, const char *const known[],
				      struct glb_diag *diag);

/* Checks that a value is an object or an array. 0 or -EINVAL. */
GLB_NODISCARD int conf_object(const struct conf_value *value, struct glb_diag *diag);
GLB_NODISCARD int conf_array(const struct conf_value *value, struct glb_diag *diag);

/* A member of an object, to be looked at next. False when there is none; *out says where it is. */
bool conf_find(struct conf_value *out, const struct conf_value *object, const char *key);

/* Likewise, but a member that must be there: -EINVAL when it is missing. */
GLB_NODISCARD int conf_member(struct conf_value *out, const struct conf_value *object,
			      const char *key, struct glb_diag *diag);

/* Elements of an array; 0 for anything else. */
size_t conf_count(const struct conf_value *array);
struct conf_value conf_element(const struct conf_value *array, size_t index);

/* Typed reads of a value: 0, or -EINVAL with *out untouched. Strings live as long as the file. */
GLB_NODISCARD int conf_string(const char **out, const struct conf_value *value,
			      struct glb_diag *diag);
GLB_NODISCARD int conf_bool(bool *out, const struct conf_value *value, struct glb_diag *diag);

/* An integer of at most `max` and not negative. */
GLB_NODISCARD int conf_uint(uint32_t *out, uint32_t max, const struct conf_value *value,
			    struct glb_diag *diag);

/* An IPv4 or IPv6 address. */
GLB_NODISCARD int conf_addr(struct glb_addr *out, const struct conf_value *value,
			    struct glb_diag *diag);

#endif
