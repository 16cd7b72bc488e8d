/* SPDX-License-Identifier: BSD-3-Clause */
#include <limits.h>
#include <string.h>

#include "words.h"

enum { WORD_MAX = 63 };

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

unsigned int word_distance(const char *a, const char *b)
{
	unsigned int rows[3][WORD_MAX +
			     1]; /* of the matrix of prefixes: the current one and the two before */
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return UINT_MAX;
	for (unsigned int j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (unsigned int i = 1; i <= a_len; i++) {
		unsigned int *row = rows[i % 3];
		const unsigned int *above = rows[(i - 1) % 3];

		row[0] = i;
		for (unsigned int j = 1; j <= b_len; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
				       least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

struct nearest nearest_start(const char *word)
{
	return (struct nearest){
		.word = word,
		.distance = (unsigned int)(strlen(word) + 2) / 3 + 1,
	};
}

void nearest_try(struct nearest *nearest, const char *candidate, const char *name)
{
	unsigned int distance = word_distance(nearest->word, candidate);

	if (distance >= nearest->distance)
		return;
	nearest->distance = distance;
	nearest->found = name;
}
