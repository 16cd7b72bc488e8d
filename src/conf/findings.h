/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where in a file does a finding about a table stand, and how is it reported?
 *
 * The rules are those of glb/check.h. What could not be read has been reported already and is not
 * reported again: it is 0 in the spec.
 */
#ifndef CONF_FINDINGS_H
#define CONF_FINDINGS_H

#include <glb/check.h>

#include "conf/json.h"

struct findings {
	const struct conf_value *tables;   /* the list of all of them, or NULL */
	const struct conf_value *table;	   /* the one that is checked, or NULL */
	const struct glb_table_spec *spec; /* what was read of it so far */
};

/*
 * A check whose findings are errors in the report of the file, each at its place. Backends of two
 * IP versions are a warning unless the report is for serving: such a table can be compiled. For as
 * long as `findings`.
 */
struct glb_check findings_check(struct findings *findings);

#endif
