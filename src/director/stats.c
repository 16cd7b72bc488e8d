/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "director/stats.h"
#include "sys/log.h"
#include "sys/outlet.h"

struct worker_counters stats_sum(const struct workers *all)
{
	struct worker_counters sum = {0};

	for (unsigned int i = 0; i < all->count; i++) {
		const struct worker_counters *one = &all->workers[i].counters;

#define ADD(name, sentence) sum.name += one->name;
		WORKER_COUNTERS(ADD)
#undef ADD
		for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
			sum.verdicts[v] += one->verdicts[v];
	}
	sum.punted += all->twins.sent;
	sum.punt_dropped += all->twins.not_sent;
	return sum;
}

struct port_losses stats_losses(const struct ports *ports)
{
	struct port_losses sum = ports->before;

	for (unsigned int i = 0; i < ports->count; i++)
		ports_add_losses(&sum, ports->ids[i]);
	return sum;
}

static void stats_write_lines(FILE *out, const struct workers *all)
{
	struct worker_counters workers = stats_sum(all);
	struct port_losses ports = stats_losses(&all->ports);

#define PRINT(name, sentence) (void)fprintf(out, #name " %" PRIu64 "\n", workers.name);
	WORKER_COUNTERS(PRINT)
#undef PRINT
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		(void)fprintf(out, "%s %" PRIu64 "\n", glb_verdict_label(v), workers.verdicts[v]);
#define PRINT_LOSS(name, field) (void)fprintf(out, "port_" #name " %" PRIu64 "\n", ports.name);
	PORT_LOSSES(PRINT_LOSS)
#undef PRINT_LOSS
	(void)fprintf(out, "port_link_down %" PRIu64 "\n", all->ports.link_downs);
	(void)fprintf(out, "port_link_changes %" PRIu64 "\n", all->ports.link_changes);
	if (all->backend_stats.counts && backend_stats_print(out, &all->backend_stats))
		log_error("out of memory");
}

/* NULL: out of memory, which is logged. To be released with free(). */
static char *make_text(const struct workers *all)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out) {
		stats_write_lines(out, all);
		if (fclose(out)) {
			free(text);
			text = NULL;
		}
	}
	if (!text)
		log_error("out of memory");
	return text;
}

void stats_log(const struct workers *all)
{
	char *text = make_text(all);

	if (text)
		log_printable(text);
	free(text);
}

void stats_print(const struct workers *all)
{
	char *text = make_text(all);
	struct outlet *outlet;

	if (!text)
		return;

	int err = outlet_open(&outlet, STDOUT_FILENO, strlen(text));

	if (!err) {
		outlet_put(outlet, text, strlen(text));
		err = outlet_close(outlet, STATS_PATIENCE_MS);
	}
	if (err)
		log_error("counters could not be written: %s", strerror(-err));
	free(text);
}
