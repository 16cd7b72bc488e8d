/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which sources does a deny file name?
 *
 * One address or prefix per line, of either IP version. Comments begin with `#` or `;` and go to
 * the end of the line, as those of published blocklists do. Prefixes may overlap, and a file
 * without any denies nobody.
 *
 * All problems of a file go into the report, with line and column, not only the first.
 */
#ifndef CONF_DENY_H
#define CONF_DENY_H

#include <glb/deny.h>

#include "conf/input.h"

enum { DENY_PREFIX_TEXT_LEN = 50 };

/*
 * Parses bytes that came from `path`, which must outlive the report. Returns 0 and sets *out, to be
 * released with glb_deny_free(); otherwise leaves *out alone, with an error in the report: -EINVAL
 * for the content, or -ENOMEM. Warnings are about host bits, and about prefixes so short that they
 * may be a mistake.
 */
GLB_NODISCARD int deny_parse(struct glb_deny **out, const char *path, const char *bytes, size_t len,
			     struct report *report);

/* The same for a file that was read already, or could not be, which is then reported. */
GLB_NODISCARD int deny_read(struct glb_deny **out, const struct conf_input *input,
			    struct report *report);

/* Formats as `192.0.2.0/24`. Returns out. */
const char *deny_prefix_text(char out[DENY_PREFIX_TEXT_LEN], const struct glb_deny_prefix *prefix);

#endif
