/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/json.h"
#include "conf/orders.h"
#include "director/request.h"

static const struct envelope_verb verbs[VERB_COUNT] = {
#define VERB_ROW(constant, word, privilege, ...)                                                   \
	[VERB_##constant] = {word, privilege, {__VA_ARGS__}},
	VERBS(VERB_ROW)
#undef VERB_ROW
};

const struct envelope_verb *verb_words(enum verb verb)
{
	return &verbs[verb];
}

static void request_read_port(uint16_t *out, const struct conf_value *value)
{
	uint32_t port;

	if (!conf_uint(&port, 0, UINT16_MAX, value))
		*out = (uint16_t)port;
}

/* A flow; all keys are required except source port and protocol. */
static void request_read_flow(struct path_question *flow, const struct conf_value *root)
{
	static const char *const protos[] = {"tcp", "udp", NULL};
	struct conf_value value;
	uint32_t udp = 0;

	flow->proto = GLB_PROTO_TCP;
	if (!conf_member(&value, root, "src"))
		(void)conf_addr(&flow->src, &value);
	if (!conf_member(&value, root, "dst"))
		(void)conf_addr(&flow->dst, &value);
	flow->has_src_port = conf_find(&value, root, "src_port");
	if (flow->has_src_port)
		request_read_port(&flow->src_port, &value);
	if (!conf_member(&value, root, "dst_port"))
		request_read_port(&flow->dst_port, &value);
	if (conf_find(&value, root, "proto") && !conf_choice(&udp, protos, "tcp or udp", &value))
		flow->proto = udp ? GLB_PROTO_UDP : GLB_PROTO_TCP;
}

static void read_reload(struct request *request, const struct conf_value *root)
{
	struct conf_value value;
	bool tables_only = false;
	bool deny_only = false;

	if (conf_find(&value, root, "tables_only"))
		(void)conf_bool(&tables_only, &value);
	if (conf_find(&value, root, "deny_only"))
		(void)conf_bool(&deny_only, &value);
	if (tables_only && deny_only)
		(void)conf_refuse(&value, "excludes tables_only: each is a reload of its own");
	request->reload = tables_only ? RELOAD_TABLES : deny_only ? RELOAD_DENY : RELOAD_ALL;
}

static void read_leave(struct request *request, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "quiet_s"))
		(void)conf_uint(&request->leave.quiet_s, 0, LEAVE_QUIET_S_MAX, &value);
	if (conf_find(&value, root, "deadline_s"))
		(void)conf_uint(&request->leave.deadline_s, 0, LEAVE_DEADLINE_S_MAX, &value);
	if (conf_find(&value, root, "or_stay"))
		(void)conf_bool(&request->leave.or_stay, &value);
}

/* One instruction: four numbers, as `tcpdump -ddd` prints them. */
static void read_instruction(struct bpf_insn *out, const struct conf_value *value)
{
	static const uint32_t largest[] = {UINT16_MAX, UINT8_MAX, UINT8_MAX, UINT32_MAX};
	uint32_t numbers[4] = {0};

	if (conf_array(value))
		return;
	if (conf_count(value) != 4) {
		(void)conf_refuse(value, "an instruction has four numbers");
		return;
	}
	for (unsigned int i = 0; i < 4; i++) {
		struct conf_value number = conf_element(value, i);

		(void)conf_uint(&numbers[i], 0, largest[i], &number);
	}
	*out = (struct bpf_insn){
		.code = (uint16_t)numbers[0],
		.jt = (uint8_t)numbers[1],
		.jf = (uint8_t)numbers[2],
		.k = numbers[3],
	};
}

static void read_filter(struct trace_filter *filter, const struct conf_value *list)
{
	const size_t count = conf_count(list);
	struct glb_diag why = {{0}};

	if (conf_array(list))
		return;
	if (count > TRACE_PROGRAM_MAX) {
		(void)conf_refuse(list, "has %zu instructions; %d is the most", count,
				  TRACE_PROGRAM_MAX);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct conf_value one = conf_element(list, i);

		read_instruction(&filter->program[i], &one);
	}
	filter->len = (uint32_t)count;
	if (!report_has_errors(list->file->report) && trace_filter_check(filter, &why))
		(void)conf_refuse(list, "%s", why.text);
}

static void read_verdicts(struct trace_filter *filter, const struct conf_value *list)
{
	const size_t count = conf_count(list);

	if (conf_array(list))
		return;
	filter->verdicts = 0;
	if (!count)
		(void)conf_refuse(list, "names none");
	for (size_t i = 0; i < count; i++) {
		struct conf_value one = conf_element(list, i);
		const char *word;

		if (!conf_string(&word, &one) && !trace_filter_want(filter, word))
			(void)conf_refuse(&one, "no verdict is called \"%s\"", word);
	}
}

static void read_trace(struct trace_order *order, const struct conf_value *root)
{
	struct conf_value value;

	order->filter.verdicts = trace_any_verdict();
	order->snaplen = TRACE_SNAPLEN;
	if (conf_find(&value, root, "filter"))
		read_filter(&order->filter, &value);
	if (conf_find(&value, root, "verdicts"))
		read_verdicts(&order->filter, &value);
	if (conf_find(&value, root, "count"))
		(void)conf_uint(&order->count, 1, UINT32_MAX, &value);
	if (conf_find(&value, root, "seconds"))
		(void)conf_uint(&order->seconds, 1, TRACE_SECONDS_MAX, &value);
	if (conf_find(&value, root, "snaplen"))
		(void)conf_uint(&order->snaplen, TRACE_SNAPLEN_MIN, TRACE_SNAPLEN_MAX, &value);
	if (conf_find(&value, root, "reasons"))
		(void)conf_bool(&order->with_reasons, &value);
}

/* Reads every key, so that all problems are reported at once. */
static void request_read_keys(struct request *request, const struct conf_value *root)
{
	struct conf_value value;

	if (request->verb == VERB_LOG_LEVEL)
		(void)orders_read_level(&request->level, root);
	read_leave(request, root);
	if (request->verb == VERB_LOOKUP)
		request_read_flow(&request->flow, root);
	if (request->verb == VERB_TRACE)
		read_trace(&request->trace, root);
	if (request->verb == VERB_TRACE_NEXT && !conf_member(&value, root, "trace"))
		(void)conf_count64(&request->trace_number, &value);
	if (request->verb == VERB_RELOAD)
		read_reload(request, root);
	if (conf_find(&value, root, "table"))
		(void)conf_name(request->table, sizeof(request->table), "name of a table", &value);
}

static int read_root(struct request *request, const struct conf_value *root)
{
	unsigned int verb;
	int err = envelope_read(&verb, root, &(struct envelope_verbs){verbs, VERB_COUNT});

	if (err)
		return err;
	request->verb = verb;
	request_read_keys(request, root);
	return report_has_errors(root->file->report) ? -EINVAL : 0;
}

int request_read(struct request *out, const char *line, size_t len, struct report *report)
{
	struct request request = {
		.verb = VERB_STATUS,
		.leave = {.quiet_s = LEAVE_QUIET_S, .deadline_s = LEAVE_DEADLINE_S},
	};
	struct conf_file file;
	int err = conf_parse(&file, "request", line, len, report);

	if (err)
		return err;

	struct conf_value root = conf_root(&file);

	err = read_root(&request, &root);
	conf_close(&file);
	if (!err)
		*out = request;
	return err;
}
