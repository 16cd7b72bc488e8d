/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "columns.h"
#include "sys/printable.h"
#include "top_text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const struct column table_columns[] = {
	{"TABLE", "table", true},	  {"NAME", "name", false},
	{"DIGEST", "digest", false},	  {"BACKENDS", "backends", true},
	{"HEALTHY", "healthy", true},	  {"PACKETS/S", "packets_per_s", true},
	{"BYTES/S", "bytes_per_s", true}, {"BINDS", "binds", false},
};

static const struct column backend_columns[] = {
	{"TABLE", "table", true},
	{"NAME", "name", false},
	{"BACKEND", "ip", false},
	{"STATE", "state", false},
	{"HEALTHY", "healthy", false},
	{"WEIGHT", "weight", true},
	{"PACKETS/S", "packets_per_s", true},
	{"BYTES/S", "bytes_per_s", true},
	{"PACKETS", "backend_packets", true},
};

/* A member that is an object or a list; empty if there is none. */
static struct conf_value member(const struct conf_value *object, const char *key)
{
	struct conf_value value;

	(void)conf_find(&value, object, key);
	return value;
}

/* --- Summary --- */

static void write_process(FILE *out, const struct conf_value *status)
{
	char text[CONF_TEXT_LEN];

	(void)fprintf(out, "glb-director %s", member_text(text, status, "version"));
	if (*member_text(text, status, "commit") != '-')
		(void)fprintf(out, " (%s)", text);
	(void)fprintf(out, ", process %s, up ", member_text(text, status, "pid"));
	uptime_write(out, member_count(status, "uptime_s"));
	(void)fputc('\n', out);
}

static void top_text_write_state(FILE *out, const struct conf_value *status)
{
	char text[CONF_TEXT_LEN];
	struct conf_value value = member(status, "ready");

	if (conf_is_true(&value))
		(void)fputs("ready", out);
	else
		(void)fprintf(out, "NOT READY: %s", member_text(text, status, "readiness_reason"));
	(void)fprintf(out, ", generation %" PRIu64 ", backends %" PRIu64 ", healthy %" PRIu64 "\n",
		      member_count(status, "generation"), member_count(status, "backends"),
		      member_count(status, "healthy"));
	value = member(status, "serving_last_good");
	if (conf_is_true(&value))
		(void)fputs("SERVING THE LAST GOOD TABLES\n", out);
	value = member(status, "last_reload");
	if (conf_is_object(&value) && *member_text(text, &value, "reason") != '-')
		(void)fprintf(out, "last reload: %s\n", text);
}

/* Is it a counter of lost packets? */
static bool is_loss(const char *name)
{
	static const char *const words[] = {"drop", "missed", "errors", "no_mbuf", "punt_limited"};

	for (unsigned int i = 0; i < COUNT_OF(words); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

static uint64_t lost_per_second(const struct conf_value *rates)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < conf_member_count(rates); i++) {
		struct conf_value one = conf_member_at(rates, i);

		if (is_loss(one.key))
			sum += member_count(rates, one.key);
	}
	return sum;
}

static void write_rates(FILE *out, const struct conf_value *root)
{
	const struct conf_value rates = member(root, "rates");
	const uint64_t window_ms = member_count(root, "window_ms");

	(void)fprintf(out,
		      "packets/s: received %" PRIu64 ", forwarded %" PRIu64 ", sent %" PRIu64
		      ", dropped %" PRIu64,
		      member_count(&rates, "rx"), member_count(&rates, "forward"),
		      member_count(&rates, "tx"), lost_per_second(&rates));
	if (window_ms)
		(void)fprintf(out, " (of the last %" PRIu64 ".%" PRIu64 " s)\n", window_ms / 1000,
			      window_ms % 1000 / 100);
	else
		(void)fputs(" (just started)\n", out);
}

/* --- Lists --- */

/* A heading with "n of m" if not all are shown. */
static void write_title(FILE *out, const char *what, size_t shown, uint64_t all)
{
	if (shown < all)
		(void)fprintf(out, "\n%s: %zu of %" PRIu64 "\n", what, shown, all);
	else
		(void)fputc('\n', out);
}

static void write_list(FILE *out, const struct conf_value *root, const char *key,
		       const char *count_key)
{
	const bool is_tables = !strcmp(key, "tables");
	const struct conf_value list = member(root, key);

	write_title(out, key, conf_count(&list), member_count(root, count_key));
	if (is_tables)
		columns_write(out, &list, table_columns, COUNT_OF(table_columns));
	else
		columns_write(out, &list, backend_columns, COUNT_OF(backend_columns));
}

/* Upper edge, in microseconds, of the highest non-empty class of a histogram: director/turns.h. */
static uint64_t longest_us(const struct conf_value *counts)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < conf_count(counts); i++) {
		struct conf_value one = conf_element(counts, i);
		uint64_t count;

		if (!conf_count64(&count, &one) && count)
			longest = (1ULL << i) / 1000 + 1;
	}
	return longest;
}

static void write_workers(FILE *out, const struct conf_value *root)
{
	const struct conf_value status = member(root, "status");
	const struct conf_value described = member(&status, "workers");
	const struct conf_value list = member(root, "workers");

	(void)fputs(
		"\nWORKER  LCORE  GENERATION  RESPONDS  PACKETS/S   BUSY  LONGEST_GAP  STALLS\n",
		out);
	for (size_t i = 0; i < conf_count(&list); i++) {
		const struct conf_value one = conf_element(&list, i);
		const struct conf_value its = conf_element(&described, i);
		const struct conf_value gaps = member(&one, "recent_gaps");
		const uint64_t busy = member_count(&one, "busy_permille");
		char responds[CONF_TEXT_LEN];

		(void)fprintf(out,
			      "%6zu  %5" PRIu64 "  %10" PRIu64 "  %-8s  %9" PRIu64 "  %2" PRIu64
			      ".%" PRIu64 "%%  %8" PRIu64 " us  %6" PRIu64 "\n",
			      i, member_count(&its, "lcore"), member_count(&its, "generation"),
			      member_text(responds, &its, "responds"),
			      member_count(&one, "rx_per_s"), busy / 10, busy % 10,
			      longest_us(&gaps), member_count(&one, "stalls"));
	}
}

static void write_drops(FILE *out, const struct conf_value *root)
{
	const struct conf_value counters = member(root, "counters");
	const struct conf_value rates = member(root, "rates");
	bool any = false;

	for (size_t i = 0; i < conf_member_count(&counters); i++) {
		const struct conf_value one = conf_member_at(&counters, i);
		const uint64_t count = member_count(&counters, one.key);
		char name[PRINTABLE_NAME_LEN];

		if (!count || !is_loss(one.key))
			continue;
		if (!any)
			(void)fputs("\nDROPPED              PACKETS/S               PACKETS\n",
				    out);
		any = true;
		(void)fprintf(out, "%-19s  %9" PRIu64 "  %20" PRIu64 "\n",
			      printable(name, sizeof(name), one.key), member_count(&rates, one.key),
			      count);
	}
	if (!any)
		(void)fputs("\nnothing was dropped\n", out);
}

void top_write(FILE *out, const struct conf_value *root)
{
	const struct conf_value status = member(root, "status");

	write_process(out, &status);
	top_text_write_state(out, &status);
	write_rates(out, root);
	write_list(out, root, "tables", "table_count");
	write_workers(out, root);
	write_drops(out, root);
	write_list(out, root, "backends", "backend_count");
}
