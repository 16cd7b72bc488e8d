/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel_counters.h"

#include <errno.h>
#include <string.h>

/* A word of a line. */
struct kernel_word {
	const char *at;
	size_t len;
};

static bool word_is(const struct kernel_word *word, const char *text)
{
	return word->len == strlen(text) && !memcmp(word->at, text, word->len);
}

/* Takes the next word of a line; false at its end. */
static bool take_word(struct kernel_word *word, const char **line)
{
	*line += strspn(*line, " \t");
	*word = (struct kernel_word){*line, strcspn(*line, " \t\n")};
	*line += word->len;
	return word->len;
}

/* False: not a decimal number of 64 bits. */
static bool word_number(uint64_t *out, const struct kernel_word *word)
{
	uint64_t number = 0;

	for (size_t i = 0; i < word->len; i++) {
		char digit = word->at[i];

		if (digit < '0' || digit > '9' || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(digit - '0'), &number))
			return false;
	}
	if (!word->len)
		return false;
	*out = number;
	return true;
}

static const char *line_after(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

/* The rest of the first line that starts with this word; NULL: there is none. */
static const char *line_of(const char *text, const char *first)
{
	struct kernel_word word;

	for (; *text; text = line_after(text)) {
		const char *line = text;

		if (take_word(&word, &line) && word_is(&word, first))
			return line;
	}
	return NULL;
}

/* The index of a counter by the kernel's name for it; KERNEL_COUNTER_COUNT: not ours. */
static unsigned int counter_named(const struct kernel_word *name)
{
	static const char *const names[] = {
#define KERNEL_NAME(name, label, kernel, sentence) kernel,
		KERNEL_COUNTERS(KERNEL_NAME)
#undef KERNEL_NAME
	};
	unsigned int i = 0;

	while (i < KERNEL_COUNTER_COUNT && !word_is(name, names[i]))
		i++;
	return i;
}

const char *kernel_counter_label(enum kernel_counter counter)
{
	static const char *const kernel_labels[] = {
#define KERNEL_LABEL(name, label, kernel, sentence) label,
		KERNEL_COUNTERS(KERNEL_LABEL)
#undef KERNEL_LABEL
	};

	return kernel_labels[counter];
}

/* Names are in one line, values in the next one, and both lines begin with the same word. */
int kernel_counters_parse(uint64_t *values, const char *netstat)
{
	const char *names = line_of(netstat, "TcpExt:");
	const char *numbers = names ? line_of(line_after(names), "TcpExt:") : NULL;
	uint64_t found[KERNEL_COUNTER_COUNT] = {0};
	unsigned int seen = 0;
	struct kernel_word name;
	struct kernel_word number;

	while (numbers && take_word(&name, &names) && take_word(&number, &numbers)) {
		unsigned int counter = counter_named(&name);

		if (counter == KERNEL_COUNTER_COUNT)
			continue;
		if (!word_number(&found[counter], &number))
			return -EINVAL;
		seen |= 1U << counter;
	}
	if (seen != (1U << KERNEL_COUNTER_COUNT) - 1)
		return -EINVAL;
	memcpy(values, found, sizeof(found));
	return 0;
}

/* The word after `name` in the line of TCP. */
static bool read_used(uint64_t *out, const char *sockstat)
{
	const char *line = line_of(sockstat, "TCP:");
	struct kernel_word word;

	while (line && take_word(&word, &line))
		if (word_is(&word, "mem"))
			return take_word(&word, &line) && word_number(out, &word);
	return false;
}

int kernel_memory_parse(struct kernel_memory *out, const char *sockstat, const char *tcp_mem)
{
	struct kernel_memory memory;
	uint64_t limits[3] = {0};
	struct kernel_word word;

	for (unsigned int i = 0; i < 3; i++)
		if (!take_word(&word, &tcp_mem) || !word_number(&limits[i], &word))
			return -EINVAL;
	if (!limits[2] || !read_used(&memory.used, sockstat))
		return -EINVAL;
	memory.pressure = limits[1];
	memory.most = limits[2];
	*out = memory;
	return 0;
}
