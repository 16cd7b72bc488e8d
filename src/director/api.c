/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/response.h"
#include "conf/sockets.h"
#include "director/api.h"
#include "director/request.h"
#include "director/verbs.h"
#include "sys/log.h"

typedef void verb_fn(const struct call *call);

static verb_fn *const verb_functions[VERB_COUNT] = {
	[VERB_LEAVE] = verb_leave,   [VERB_LOG_LEVEL] = verb_log_level,
	[VERB_LOOKUP] = verb_lookup, [VERB_RELOAD] = verb_reload,
	[VERB_STATUS] = verb_status, [VERB_STATS] = verb_stats,
	[VERB_TABLES] = verb_tables, [VERB_BACKENDS] = verb_backends,
	[VERB_STALLS] = verb_stalls, [VERB_WORKERS] = verb_workers,
	[VERB_PORTS] = verb_ports,   [VERB_TOP] = verb_top,
	[VERB_TRACE] = verb_trace,   [VERB_TRACE_NEXT] = verb_trace_next,
	[VERB_STAY] = verb_stay,     [VERB_METERS] = verb_meters,
};

/* Parses a request line. Its problems are reported to the client, not to the log. */
static bool read_call(struct call *call, const struct asked *asked)
{
	struct report report;

	report_init(&report);
	if (!request_read(&call->request, asked->line, asked->len, &report))
		return true;
	response_refuse_report(asked->request, &report);
	return false;
}

static void api_take(void *arg, const struct asked *asked)
{
	struct control *control = arg;
	struct call call = {.control = control, .lines_request = asked->request};

	if (read_call(&call, asked) &&
	    sockets_allow(control->sockets, asked, verb_words(call.request.verb)))
		verb_functions[call.request.verb](&call);
}

/* 0, or -errno with why. */
static int open_at(struct control *control, char why[SOCKET_WHY_LEN])
{
	const struct director_conf *conf = &control->conf;
	char path[SOCKET_PATH_LEN];
	int err = 0;

	if (conf->has_control_socket)
		(void)strcpy(path, conf->control_socket);
	else
		err = sockets_default_path(path, CONTROL_SOCKET_DIRECTORY);
	if (err) {
		(void)strcpy(why, "$RUNTIME_DIRECTORY is too long");
		return err;
	}
	return sockets_open(&control->sockets, control->loop,
			    &(struct sockets_conf){.path = path, .ask = api_take, .arg = control},
			    why);
}

int api_open(struct control *control)
{
	const struct director_conf *conf = &control->conf;
	char why[SOCKET_WHY_LEN];
	int err;

	if (conf->has_control_socket && !conf->control_socket[0])
		return 0;
	err = open_at(control, why);
	if (err && conf->has_control_socket) {
		log_error("$.control_socket: %s", why);
		return err;
	}
	if (err)
		log_warning("no control socket: %s; control_socket names another path", why);
	return 0;
}

void api_close(struct control *control)
{
	sockets_close(control->sockets);
	control->sockets = NULL;
}
