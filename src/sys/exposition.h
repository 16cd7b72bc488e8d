/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program write its metrics in parts?
 *
 * A program lists families of metrics, each with a function that writes its samples. An exposition
 * writes them in the list's order, one per call, and a family of many samples in slices, so that
 * thousands of backends do not block the loop. It may stay unfinished for as long as a client takes
 * to read; what changes in the meantime is the business of the source.
 *
 * An exposition is used by one thread at a time.
 */
#ifndef SYS_EXPOSITION_H
#define SYS_EXPOSITION_H

#include "sys/openmetrics.h"

/* Samples that a function writes at the most before it returns. */
enum { EXPOSITION_SLICE = 2000 };

struct exposition {
	struct openmetrics text; /* where samples of the family in progress are written to */
	const struct exposition_list *list;
	void *source;
	unsigned int next; /* index of the family in progress, or of the next one */
	bool begun;	   /* that family is in progress */
	uint32_t at;	   /* of functions that write in slices: where to continue; 0 at first */
	uint32_t within;
};

struct exposition_family {
	struct openmetrics_family family;
	/* Writes all samples. NULL if put_slice() does. */
	void (*put)(struct exposition *exposition);
	/* Writes samples from `at` and `within` on. True: there are more. */
	bool (*put_slice)(struct exposition *exposition);
};

typedef void exposition_put_fn(struct exposition *exposition);
typedef bool exposition_slice_fn(struct exposition *exposition);

/* What a program exposes; must outlive its expositions. */
struct exposition_list {
	const struct exposition_family *families;
	unsigned int family_count;
	/* Has the source changed so that the rest would not fit what has been written? */
	bool (*is_stale)(const void *source);
	/* Releases the source. */
	void (*release)(void *source);
};

/* Types in lists of families. */
#define GAUGE	  OPENMETRICS_GAUGE
#define COUNTER	  OPENMETRICS_COUNTER
#define INFO	  OPENMETRICS_INFO
#define HISTOGRAM OPENMETRICS_HISTOGRAM

/* The labels of a sample: LABELS({"table", name}, {"state", "active"}). */
#define LABELS(...) (&(const struct openmetrics_labels){{__VA_ARGS__}})

/*
 * Begins an exposition in Prometheus' format 0.0.4 (is_old) or OpenMetrics. It owns the source from
 * now on, also on failure.
 *
 * Returns NULL if out of memory; otherwise to be released with exposition_end().
 */
struct exposition *exposition_begin(const struct exposition_list *list, void *source, bool is_old);

/*
 * Writes the next family, or a slice of it. False: it was the last one, or the source is stale and
 * the text lacks its final line, so that a client can tell that it is incomplete.
 */
bool exposition_write(struct exposition *exposition, FILE *out);

/* Finished or not. */
void exposition_end(struct exposition *exposition);

/* Families that every program has. */
exposition_put_fn exposition_put_memory; /* process_resident_memory_bytes */

#endif
