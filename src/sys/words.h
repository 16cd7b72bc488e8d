/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are counts put into words, and which word was meant by a misspelt one?
 */
#ifndef SYS_WORDS_H
#define SYS_WORDS_H

/* The suffix of a regular noun: "" for one, "s" for any other number. */
static inline const char *plural(unsigned long long count)
{
	return count == 1 ? "" : "s";
}

/* Search for the word that was meant. */
struct nearest {
	const char *word;      /* as typed */
	const char *found;     /* the nearest candidate so far; NULL: none is near enough */
	unsigned int distance; /* its distance; without one, the first distance that is too far */
};

/* Starts a search. A candidate is near enough if it has at most one mistake for every three bytes
 * of the word, rounded up. */
struct nearest nearest_start(const char *word);

/* Considers a candidate; of several at the same distance the first is kept. Sets `found` to
 * `name`. */
void nearest_try(struct nearest *nearest, const char *candidate, const char *name);

/*
 * Edit distance: bytes missing, added or changed, and neighbours swapped; no byte takes part in two
 * edits. Words longer than 63 bytes are UINT_MAX apart.
 */
unsigned int word_distance(const char *a, const char *b);

#endif
