/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a tables.json: its checks, and what becomes of its text. */
#include <errno.h>
#include <string.h>

#include "conf/health.h"
#include "fuzz.h"
#include "reported.h"

static bool is_on_one_line(const char *text)
{
	return !text[strcspn(text, "\r\n")];
}

static void check_request(const struct health_request *request)
{
	PROMISE(*request->method && *request->path == '/');
	PROMISE(is_on_one_line(request->path) && !strchr(request->path, ' '));
	PROMISE(!request->host || (*request->host && is_on_one_line(request->host)));
	for (char **header = request->headers; header && *header; header++)
		PROMISE(is_on_one_line(*header) && strstr(*header, ": "));
	PROMISE(request->status_count >= 1 && request->status_count <= HEALTH_STATUS_RANGES_MAX);
	for (unsigned int i = 0; i < request->status_count; i++)
		PROMISE(request->statuses[i].first >= 100 &&
			request->statuses[i].first <= request->statuses[i].last &&
			request->statuses[i].last <= 599);
}

static void check_check(const struct health_check *check)
{
	bool has_port = check->type != HEALTH_EXEC && check->type != HEALTH_SECOND_CHANCE;

	PROMISE(check->type < HEALTH_TYPE_COUNT);
	PROMISE(is_fit_for_a_terminal(check->name));
	PROMISE(check->backend.version == 4 || check->backend.version == 6);
	PROMISE(has_port == (check->port != 0));
	PROMISE((check->type == HEALTH_TUNNEL) == (check->vip.version != 0));
	PROMISE(check->type == HEALTH_TUNNEL || (!check->is_http && !check->full_size));
	PROMISE(!check->is_tls || check->is_http);
	PROMISE((check->type == HEALTH_UDP) == (check->send != NULL));
	PROMISE((check->type == HEALTH_EXEC) == (check->command != NULL));
	PROMISE(!check->command || *check->command[0] == '/');
	PROMISE(check->timeout_ms >= 1 && check->timeout_ms < check->interval_ms);
	PROMISE(check->rise >= 1 && check->fall >= 1);
	if (check->type == HEALTH_HTTP || check->type == HEALTH_HTTPS || check->is_http)
		check_request(&check->request);
}

static void check_plan(const struct health_plan *plan)
{
	unsigned int backends = 0;

	for (unsigned int t = 0; t < plan->table_count; t++) {
		const struct health_table *table = &plan->tables[t];

		PROMISE(table->name && table->first_backend == backends);
		PROMISE(table->limits.max_unhealthy_percent >= 1 &&
			table->limits.max_unhealthy_percent <= 100);
		PROMISE(table->limits.max_changes_per_minute <= HEALTH_CHANGES_MAX);
		PROMISE(table->limits.flap_limit <= HEALTH_FLAPS_MAX);
		PROMISE(table->limits.flap_window_s >= 1);
		backends += table->backend_count;
	}
	PROMISE(backends == plan->backend_count);
	for (unsigned int b = 0; b < plan->backend_count; b++) {
		const struct health_backend *backend = &plan->backends[b];

		PROMISE(backend->table < plan->table_count);
		PROMISE(plan->tables[backend->table].first_backend + backend->index == b);
		PROMISE(!backend->check_count || backend->state != GLB_INACTIVE);
		for (unsigned int i = 0; i < backend->check_count; i++) {
			PROMISE(backend->checks[i] < plan->check_count);
			PROMISE(glb_addr_equal(&plan->checks[backend->checks[i]].backend,
					       &backend->addr));
		}
	}
	for (unsigned int i = 0; i < plan->check_count; i++) {
		check_check(&plan->checks[i]);
		for (unsigned int other = 0; other < i; other++)
			PROMISE(strcmp(plan->checks[i].name, plan->checks[other].name) != 0);
	}
}

/* Turned around, filled in, read again: so they stand there, and all else is as it was. */
static void fill(const struct health_plan *plan, const char *text, size_t len)
{
	static struct report report;
	bool *healthy = calloc(plan->backend_count + 1, sizeof(*healthy));
	struct health_plan again;
	size_t filled_len;

	PROMISE(healthy);
	for (unsigned int b = 0; b < plan->backend_count; b++)
		healthy[b] = !plan->backends[b].healthy;

	char *filled = health_fill_in(&filled_len, "t", text, len, healthy, plan->backend_count);

	PROMISE(filled);
	report_init(&report);
	PROMISE(!health_plan_parse(&again, "t", filled, filled_len, &report));
	PROMISE(again.backend_count == plan->backend_count);
	PROMISE(again.check_count == plan->check_count);
	for (unsigned int b = 0; b < plan->backend_count; b++) {
		PROMISE(again.backends[b].healthy == healthy[b]);
		healthy[b] = !healthy[b];
	}
	for (unsigned int i = 0; i < plan->check_count; i++)
		PROMISE(!strcmp(again.checks[i].name, plan->checks[i].name));
	health_plan_free(&again);
	free(filled);
	free(healthy);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	const char *text = (const char *)input;
	struct health_plan plan;
	static struct report report;

	report_init(&report);

	int err = health_plan_parse(&plan, "tables.json", text, len, &report);

	check_report(&report, "tables.json:");
	PROMISE(!err == !report_has_errors(&report));
	if (err) {
		PROMISE(err == -EINVAL);
		return 0;
	}
	check_plan(&plan);
	fill(&plan, text, len);
	health_plan_free(&plan);
	return 0;
}
