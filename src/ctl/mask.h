/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a file of a director leave the host without its keys?
 *
 * The values of hash_key and seed are replaced where they stand, and so is every other string that
 * looks like a key: somebody may have misspelt its name. The keys are kept in mind, so that they
 * can be taken out of any other text as well, whoever wrote them there.
 */
#ifndef CTL_MASK_H
#define CTL_MASK_H

#include <stddef.h>

#include <glb/siphash.h>

struct mask {
	uint8_t (*keys)[GLB_SIPHASH_KEY_LEN]; /* in order, once mask_sort() was called */
	size_t count;
	size_t room;
};

/* Bytes of a file or text. */
struct mask_text {
	char *bytes;
	size_t len;
};

/*
 * Copies a JSON file with its keys masked. 0 and *out, whose bytes are for free(); -EINVAL: it is
 * not JSON, and nobody knows what in it is a key; -ENOMEM.
 */
GLB_NODISCARD int mask_file(struct mask_text *out, struct mask *mask, const struct mask_text *file);

/* Has to be called after the last file. */
void mask_sort(struct mask *mask);

/* Writes over every key that stands in a text in hexadecimal, in capitals or not. How many. */
size_t mask_scrub(const struct mask *mask, char *text, size_t len);

void mask_free(struct mask *mask);

#endif
