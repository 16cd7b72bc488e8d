/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What did a reload do to the flows that were served before?
 */
#ifndef DIRECTOR_EFFECT_H
#define DIRECTOR_EFFECT_H

#include <glb/diff.h>
#include <glb/digest.h>
#include <glb/generation.h>

enum {
	EFFECT_TABLES_MAX = 16, /* that are looked at in full: some 5 ms each */
	EFFECT_SUMMARY_LEN = 320,
};

enum effect_change { EFFECT_CHANGED, EFFECT_NEW, EFFECT_GONE };

/* Of a table that is another one now. */
struct effect_table {
	char *name;	    /* NULL: it has none */
	unsigned int index; /* where it stands now, or stood if it is gone */
	enum effect_change change;
	char digest[GLB_DIGEST_TEXT_LEN]; /* "": gone */
	char was[GLB_DIGEST_TEXT_LEN];	  /* "": new */
	bool ranked;			  /* if not, as of images, only changed_primary is known */
	struct glb_diff diff;		  /* of one that has changed */
};

struct effect {
	unsigned int changed; /* tables in all */
	unsigned int count;   /* of these, the first of them */
	struct effect_table tables[EFFECT_TABLES_MAX];
};

/*
 * Compares, by the rule of glb/diff.h, every table that is another one now: its digests, how many
 * rows have another primary, and on how many rows flows may have lost their path. How long the old
 * tables were in force is not known, so that may be more than was lost. Of tables from images,
 * whose ranking is not known, only rows are compared. Figures of many tables take long: after
 * EFFECT_TABLES_MAX the others are only counted.
 *
 * Returns it, for effect_free(); NULL when memory is out.
 */
struct effect *effect_make(const struct glb_tables *old, const struct glb_tables *new);

/* NULL is fine. */
void effect_free(struct effect *effect);

/* What became of a table, in words for people, which quote nothing. Returns out. */
const char *effect_summary(char out[EFFECT_SUMMARY_LEN], const struct effect_table *table);

/* Logs a line for each table; NULL: nothing. */
void effect_log(const struct effect *effect);

struct writer;

/* Writes members of an object: what became of tables. NULL: that it is not known. */
void effect_write(struct writer *w, const struct effect *effect);

/* Logs what became of flows when other fields lead to rows than before; nothing if they do not. */
void effect_log_fields(const struct glb_settings *old, const struct glb_settings *new);

#endif
