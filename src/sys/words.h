/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program put counts into words, and which word did somebody mean who wrote another?
 */
#ifndef SYS_WORDS_H
#define SYS_WORDS_H

/* What stands behind a noun: "" for one, "s" for any other number. */
static inline const char *plural(unsigned long long count)
{
	return count == 1 ? "" : "s";
}

/* The search for the word that was meant. */
struct nearest {
	const char *word;      /* as it was written */
	const char *found;     /* the nearest candidate so far; NULL: none is near enough */
	unsigned int distance; /* of it; before that, one more than is near enough */
};

/* Starts a search. A candidate is near enough with one mistake in each three bytes of the word. */
struct nearest nearest_start(const char *word);

/* Compares with a candidate; of several as near the first is kept. `found` becomes `name`. */
void nearest_try(struct nearest *nearest, const char *candidate, const char *name);

/*
 * Mistakes between two words: bytes that are missing, added or changed, and neighbours that are
 * swapped; no byte takes part in two of them. Words of more than 63 bytes are UINT_MAX apart.
 */
unsigned int word_distance(const char *a, const char *b);

#endif
