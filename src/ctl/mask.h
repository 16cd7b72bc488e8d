/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a director's file made safe to leave the host, without its keys?
 *
 * The values of hash_key and seed are overwritten in place, as is any other string that looks like
 * a key, since the member's name may be misspelt. The keys are remembered, so that they can be
 * removed from other texts as well.
 */
#ifndef CTL_MASK_H
#define CTL_MASK_H

#include <stddef.h>

#include <glb/siphash.h>

struct mask {
	uint8_t (*keys)[GLB_SIPHASH_KEY_LEN]; /* sorted once mask_sort() was called */
	size_t count;
	size_t room;
};

/* Bytes of a file or text. */
struct mask_text {
	char *bytes;
	size_t len;
};

/*
 * Copies a JSON file with its keys masked. Returns 0 and sets *out, whose bytes are to be released
 * with free(); -EINVAL if it is not JSON, so that keys cannot be identified; or -ENOMEM.
 */
GLB_NODISCARD int mask_file(struct mask_text *out, struct mask *mask, const struct mask_text *file);

/* Must be called after the last mask_file() and before mask_scrub(). */
void mask_sort(struct mask *mask);

/* Overwrites every known key in a text that is written in hexadecimal, in either case. Returns
 * their number. */
size_t mask_scrub(const struct mask *mask, char *text, size_t len);

void mask_free(struct mask *mask);

#endif
