/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How did a reload affect the flows that were served before?
 */
#ifndef DIRECTOR_EFFECT_H
#define DIRECTOR_EFFECT_H

#include <glb/diff.h>
#include <glb/digest.h>
#include <glb/generation.h>

enum {
	EFFECT_TABLES_MAX = 16, /* compared in full, some 5 ms each */
	EFFECT_SUMMARY_LEN = 320,
};

enum effect_change { EFFECT_CHANGED, EFFECT_NEW, EFFECT_GONE };

/* A table that has changed. */
struct effect_table {
	char *name;	    /* NULL: it has none */
	unsigned int index; /* its current index, or its last one if it is gone */
	enum effect_change change;
	char digest[GLB_DIGEST_TEXT_LEN]; /* "": gone */
	char was[GLB_DIGEST_TEXT_LEN];	  /* "": new */
	bool ranked;	      /* if false, as for images, only changed_primary is known */
	struct glb_diff diff; /* if it has changed */
};

struct effect {
	unsigned int changed; /* total number of tables */
	unsigned int count;   /* of these, the first ones */
	struct effect_table tables[EFFECT_TABLES_MAX];
};

/*
 * Compares, by the rule of glb/diff.h, every table that has changed: its digests, how many rows
 * have a new primary, and in how many rows flows may have lost their path. How long the old tables
 * were in force is unknown, so that may overestimate the loss. For tables from images, whose
 * ranking is unknown, only rows are compared. As many tables would take long, those beyond
 * EFFECT_TABLES_MAX are only counted.
 *
 * Returns the result, to be released with effect_free(); NULL if out of memory.
 */
struct effect *effect_make(const struct glb_tables *old, const struct glb_tables *new);

/* NULL is fine. */
void effect_free(struct effect *effect);

/* Describes the effect on a table for people; quotes nothing. Returns out. */
const char *effect_summary(char out[EFFECT_SUMMARY_LEN], const struct effect_table *table);

/* Logs a line for each table; NULL: nothing. */
void effect_log(const struct effect *effect);

struct writer;

/* Writes members of an object about the effect on tables. NULL: unknown. */
void effect_write(struct writer *w, const struct effect *effect);

/* Logs the effect on flows if the fields that are hashed have changed; otherwise nothing. */
void effect_log_fields(const struct glb_settings *old, const struct glb_settings *new);

#endif
