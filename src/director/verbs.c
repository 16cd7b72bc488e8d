/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "conf/deny.h"
#include "conf/orders.h"
#include "conf/path.h"
#include "conf/response.h"
#include "director/show/show.h"
#include "director/verbs.h"
#include "sys/lines.h"

/* Replies with the text, or with the reason of a failure, as documented in show.h. */
static void answer_shown(const struct call *call, struct response *response, int err)
{
	if (!err) {
		response_send(response, call->lines_request);
		return;
	}
	response_drop(response);
	if (err == -ENOENT)
		response_refuse(call->lines_request, RESPONSE_BAD_REQUEST,
				"there is no table \"%s\"", call->request.table);
	else
		response_give_up(call->lines_request);
}

/* Replies with the output of a function of show.h. */
static void verbs_show(const struct call *call,
		       void (*put)(struct writer *w, const struct control *control))
{
	struct response response;

	if (!response_begin(&response)) {
		response_give_up(call->lines_request);
		return;
	}
	put(&response.w, call->control);
	response_send(&response, call->lines_request);
}

static void show_all(const struct call *call,
		     int (*put)(struct writer *w, const struct control *control))
{
	struct response response;

	if (response_begin(&response))
		answer_shown(call, &response, put(&response.w, call->control));
	else
		response_give_up(call->lines_request);
}

static void show_some(const struct call *call,
		      int (*put)(struct writer *w, const struct control *control,
				 const char *table))
{
	struct response response;

	if (response_begin(&response))
		answer_shown(call, &response, put(&response.w, call->control, call->request.table));
	else
		response_give_up(call->lines_request);
}

void verb_status(const struct call *call)
{
	verbs_show(call, show_status);
}

void verb_workers(const struct call *call)
{
	verbs_show(call, show_workers);
}

void verb_ports(const struct call *call)
{
	verbs_show(call, show_ports);
}

void verb_meters(const struct call *call)
{
	verbs_show(call, show_meters);
}

void verb_stalls(const struct call *call)
{
	verbs_show(call, show_stalls);
}

void verb_tables(const struct call *call)
{
	show_some(call, show_tables);
}

void verb_backends(const struct call *call)
{
	show_some(call, show_backends);
}

void verb_stats(const struct call *call)
{
	show_all(call, show_stats);
}

void verb_top(const struct call *call)
{
	show_all(call, show_top);
}

/* What denies the source of a flow: a prefix, and its line in the deny file; or null. */
static void put_denied(struct writer *w, const struct call *call, const struct glb_addr *src)
{
	const struct glb_deny *deny =
		publish_in_force(&call->control->workers.publish)->settings.deny;
	const struct glb_deny_prefix *prefix = glb_deny_find(deny, src);
	char text[DENY_PREFIX_TEXT_LEN];

	if (!prefix) {
		write_string(w, "denied_by", NULL);
		return;
	}
	write_open(w, "denied_by", '{');
	write_string(w, "prefix", deny_prefix_text(text, prefix));
	write_string(w, "file", call->control->conf.deny);
	write_uint(w, "line", prefix->line);
	write_close(w, '}');
}

/* What limits the packets of a VIP, the flow's among them; or null. */
static void put_metered(struct writer *w, const struct control *control, const struct glb_addr *vip)
{
	const struct glb_meters *meters =
		publish_in_force(&control->workers.publish)->settings.meters;
	const struct glb_meter *meter =
		meters ? glb_meters_of(meters, vip->bytes, vip->version) : NULL;

	if (!meter) {
		write_string(w, "metered_by", NULL);
		return;
	}
	write_open(w, "metered_by", '{');
	show_meter(w, control, meter);
	write_close(w, '}');
}

void verb_lookup(const struct call *call)
{
	const struct glb_generation *gen = publish_in_force(&call->control->workers.publish);
	struct glb_diag why = {{0}};
	struct response response;
	struct path path;

	if (path_start(&path, &call->request.flow, &why)) {
		response_refuse(call->lines_request, RESPONSE_BAD_REQUEST, "%s", why.text);
		return;
	}
	path.settings = gen->settings;
	path.has_settings = true;
	if (path_lacks_port(&path)) {
		response_refuse(call->lines_request, RESPONSE_BAD_REQUEST,
				"the row depends on the source port, which was not given");
	} else if (path_follow(&path, &gen->tables, gen->binds)) {
		response_refuse(call->lines_request, RESPONSE_FAILED, "no bind matches this flow");
	} else if (response_begin(&response)) {
		write_uint(&response.w, "generation", gen->number);
		path_write(&response.w, &path);
		put_denied(&response.w, call, &call->request.flow.src);
		put_metered(&response.w, call->control, &call->request.flow.dst);
		response_send(&response, call->lines_request);
	} else {
		response_give_up(call->lines_request);
	}
}

static void log_order(const struct call *call, const char *order)
{
	orders_log(&call->control->orders, call->lines_request, order);
}

void verb_reload(const struct call *call)
{
	static const char *const orders[] = {
		[RELOAD_ALL] = "reload",
		[RELOAD_TABLES] = "reload of the tables",
		[RELOAD_DENY] = "reload of the deny file",
	};
	const enum reload_scope scope = call->request.reload;
	struct control *control = call->control;

	log_order(call, orders[scope]);
	reload_ask(&control->reload, scope);
	waiters_add(&control->waiters, call->lines_request, scope);
	service_wake(&control->service);
}

void verb_leave(const struct call *call)
{
	log_order(call, "leave");
	leave_start(call->control, call->lines_request, &call->request.leave);
}

void verb_stay(const struct call *call)
{
	log_order(call, "stay");
	leave_cancel(call->control, call->lines_request);
}

void verb_trace(const struct call *call)
{
	log_order(call, "trace");
	trace_start(call->control, call->lines_request, &call->request.trace);
}

void verb_trace_next(const struct call *call)
{
	trace_next(call->control, call->lines_request, call->request.trace_number);
}

void verb_log_level(const struct call *call)
{
	orders_set_level(&call->control->orders, call->lines_request, call->request.level);
}
