/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May these tables be served?
 *
 * Every rule about what a table may be stands here, once: for the JSON reader (src/conf), which
 * asks as it reads, for images, for glb_tables_build() and for glb_generation_make(). A rule that
 * is broken is reported as a finding (glb/finding.h), and checking goes on. The functions are pure.
 */
#ifndef GLB_CHECK_H
#define GLB_CHECK_H

#include <glb/finding.h>
#include <glb/generation.h>

/* Where findings go, and which table they are about. */
struct glb_check {
	glb_finding_fn *report;
	void *arg;
	unsigned int table; /* index */
};

/* How many tables may there be? At least one, at most GLB_TABLES_MAX. */
void glb_check_table_count(const struct glb_check *check, size_t count);

/* How many binds may all tables have together? At most GLB_ALL_BINDS_MAX. */
void glb_check_all_binds(const struct glb_check *check, uint32_t count);

/* How long may the lists of a table be? Backends at most GLB_BACKENDS_MAX, binds 1 to
 * GLB_BINDS_MAX. False after reporting too many: there is no room for such a list. */
GLB_NODISCARD bool glb_check_bind_count(const struct glb_check *check, size_t count);
GLB_NODISCARD bool glb_check_backend_count(const struct glb_check *check, size_t count);

/* What may `hops` and `max_load` of a table be, whatever is in its lists? */
void glb_check_options(const struct glb_check *check, const struct glb_table_spec *table);

/* What may a bind be? Reports its index. */
void glb_check_bind(const struct glb_check *check, const struct glb_bind *bind, unsigned int index);

/*
 * What holds between the backends of a table? One is usable; addresses and server IDs are unique;
 * those in use are of one IP version (the first that is not is reported); zones are given to all or
 * none, and go with 3 or 4 hops and without max_load. A backend of neither version is reported as
 * that only. 0 or -ENOMEM.
 */
GLB_NODISCARD int glb_check_backends(const struct glb_check *check,
				     const struct glb_table_spec *table);

/* All of these but the number of tables. Too long a list is not looked at. 0 or -ENOMEM. */
GLB_NODISCARD int glb_check_table(const struct glb_check *check,
				  const struct glb_table_spec *table);

/* What rows ask of the network behind the director. */
struct glb_underlay {
	const struct glb_settings *settings;
	const bool *used; /* by backend: do rows or server IDs name it? At least one is; or NULL */
	uint8_t row_hops; /* per row */
	uint8_t version;  /* without `used`: found before, and there is a source for it */
};

/*
 * May such rows be served? The backends in use are of one IP version, for which there is an outer
 * source, and the hops of a packet fit the outer headers. Returns that version, 4 or 6: of the
 * first of them.
 */
uint8_t glb_check_underlay(const struct glb_check *check, const struct glb_table_spec *table,
			   const struct glb_underlay *underlay);

/* Hops that a packet lists behind its primary: of its row and, with alternative fields, of another.
 */
static inline uint8_t glb_listed_hops(const struct glb_settings *settings, uint8_t row_hops)
{
	return (uint8_t)((settings->alt_hash_fields ? 2 : 1) * row_hops - 1);
}

#endif
