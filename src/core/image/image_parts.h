/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the versions of an image have in common, and what is specific to version 3?
 *
 * Private to src/core, the parts of image.c: it has the header, version 2, which is the original's,
 * and the entries of both; image_v3.c has the tables of version 3.
 */
#ifndef CORE_IMAGE_PARTS_H
#define CORE_IMAGE_PARTS_H

#include <glb/check.h>
#include <glb/cursor.h>
#include <glb/image.h>

enum {
	ENTRY_BACKEND_LEN = 24,
	ENTRY_BIND_LEN = 28,
	ENTRY_QUIC_AT = 27, /* of a bind: version 3 only */
	STATE_FILLING = 0,
	STATE_ACTIVE = 1,
	STATE_DRAINING = 2, /* in version 2: possibly inactive */
	STATE_INACTIVE = 3, /* version 3 only */
};

/* --- Entries. The reading functions return false or -EINVAL for impossible values. --- */

void glb_put_backend(uint8_t *out, const struct glb_backend *backend);
void glb_put_binds(uint8_t *out, const struct glb_table_spec *spec);

/* max_state is the highest state in a version. */
bool glb_get_backend(struct glb_backend *backend, const uint8_t *in, uint16_t max_state);

/* quic: the last byte of a bind says whether it is one for QUIC; in version 2 it means nothing. */
GLB_NODISCARD int glb_get_binds(struct glb_table_spec *spec, const uint8_t *in, bool quic,
				struct glb_diag *diag);
GLB_NODISCARD int glb_get_hop(struct glb_table *table, unsigned int row, unsigned int hop,
			      uint32_t backend, struct glb_diag *diag);
/* Puts the first finding about entries, if there is one, into the words of an image. 0 or -EINVAL.
 */
GLB_NODISCARD int glb_refuse_entry(const struct glb_first_finding *first, struct glb_diag *diag);

GLB_NODISCARD int glb_check_count(uint32_t count, uint32_t max, const char *what,
				  struct glb_diag *diag);

/* Allocates the lists of a zeroed table, whose counts must be valid. Returns 0 or -ENOMEM. */
GLB_NODISCARD int glb_make_lists(struct glb_table *table, uint32_t backend_count,
				 uint32_t bind_count);

/* --- A table of version 3 --- */

size_t glb_image_v3_len(size_t backend_count, size_t bind_count, size_t hop_count);

/* Writes into zeroed bytes. */
void glb_image_v3_write(uint8_t *out, const struct glb_table *table);

/* Reads into a zeroed table, which the caller releases even after a failure. The cursor is at the
 * table. */
GLB_NODISCARD int glb_image_v3_read(struct glb_table *table, struct glb_cursor *cur,
				    struct glb_diag *diag);

#endif
