/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What did a reload do to the flows that were served before?
 */
#ifndef DIRECTOR_EFFECT_H
#define DIRECTOR_EFFECT_H

#include <glb/generation.h>

/*
 * A string for each table that is another one now, one behind the other, by the rule of glb/diff.h:
 * its digests, how many rows have another primary, and on how many rows flows may have lost their
 * path. How long the old tables were in force is not known, so that may be more than was lost. Of
 * tables from images, whose ranking is not known, only rows are compared. Figures of many tables
 * take long: after some tables the others are only counted.
 *
 * Returns them for free(), with an empty string at the end, which is the only one when no table
 * changed; NULL when memory is out.
 */
char *effect_text(const struct glb_tables *old, const struct glb_tables *new);

/* Logs these strings, a line each; NULL: nothing. */
void effect_log(const char *text);

/* Logs what became of flows when other fields lead to rows than before; nothing if they do not. */
void effect_log_fields(const struct glb_settings *old, const struct glb_settings *new);

#endif
