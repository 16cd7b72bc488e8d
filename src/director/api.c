/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "director/api.h"
#include "director/request.h"
#include "director/response.h"
#include "director/verbs.h"
#include "sys/lines.h"
#include "sys/log.h"

enum {
	OPERATOR_MODE = 0660,
	READ_ONLY_MODE = 0666,
	DIRECTORY_MODE = 0755,
};

struct api {
	struct control *control;
	struct lines *operators;
	struct lines *readers;
	char path[SOCKET_PATH_LEN];
	char read_only_path[SOCKET_PATH_LEN];
	char *too_long; /* lines of lines.h */
	char *too_many;
};

typedef void verb_fn(const struct call *call);

static verb_fn *const verb_functions[VERB_COUNT] = {
	[VERB_LEAVE] = verb_leave,   [VERB_LOG_LEVEL] = verb_log_level,
	[VERB_LOOKUP] = verb_lookup, [VERB_RELOAD] = verb_reload,
	[VERB_STATUS] = verb_status, [VERB_STATS] = verb_stats,
	[VERB_TABLES] = verb_tables, [VERB_BACKENDS] = verb_backends,
	[VERB_STALLS] = verb_stalls, [VERB_WORKERS] = verb_workers,
	[VERB_PORTS] = verb_ports,   [VERB_TOP] = verb_top,
	[VERB_TRACE] = verb_trace,   [VERB_TRACE_NEXT] = verb_trace_next,
};

static void refuse_problems(struct lines_request *request, const struct report *report)
{
	const struct problem *first = report_first_error(report);
	char line[REPORT_LINE_LEN_MAX];
	struct response response;

	if (!response_begin_error(&response, RESPONSE_BAD_REQUEST, "%s",
				  first ? report_line(line, first) : "out of memory")) {
		response_give_up(request);
		return;
	}
	response_put_problems(&response.w, report->problems, report->count);
	response_send(&response, request);
}

/* Reads and does what a line asks for. The report is large, and is none of what is done. */
static bool read_call(struct call *call, const char *line, size_t len)
{
	struct report report;

	report_init(&report);
	if (!request_read(&call->request, line, len, &report))
		return true;
	refuse_problems(call->lines_request, &report);
	return false;
}

static void take_order(void *arg, struct lines_request *request, const char *line, size_t len)
{
	const struct api *api = arg;
	struct call call = {.control = api->control, .lines_request = request};

	if (read_call(&call, line, len))
		verb_functions[call.request.verb](&call);
}

static void take_question(void *arg, struct lines_request *request, const char *line, size_t len)
{
	const struct api *api = arg;
	struct call call = {.control = api->control, .lines_request = request};

	if (!read_call(&call, line, len))
		return;
	if (verb_privilege(call.request.verb))
		response_refuse(request, RESPONSE_REFUSED,
				"%s %s, and this socket is for reading: %s is for operators",
				verb_name(call.request.verb), verb_privilege(call.request.verb),
				api->path);
	else
		verb_functions[call.request.verb](&call);
}

/* --- Paths --- */

/* The directory of the default, which the service manager may have made. */
static const char *default_directory(char out[SOCKET_PATH_LEN])
{
	const char *given = getenv("RUNTIME_DIRECTORY"); /* several are apart by colons */
	size_t len = given ? strcspn(given, ":") : 0;

	if (!len || len >= SOCKET_PATH_LEN)
		return strcpy(out, CONTROL_SOCKET_DIRECTORY);
	memcpy(out, given, len);
	out[len] = '\0';
	return out;
}

/* 0, or -ENAMETOOLONG. */
static int default_path(char out[SOCKET_PATH_LEN])
{
	char directory[SOCKET_PATH_LEN];
	int len = snprintf(out, SOCKET_PATH_LEN, "%s/" CONTROL_SOCKET_NAME,
			   default_directory(directory));

	if (len >= CONTROL_SOCKET_LEN)
		return -ENAMETOOLONG;
	/* what is wrong with it shows when the socket is made */
	(void)mkdir(directory, DIRECTORY_MODE);
	return 0;
}

/* --- Life --- */

static int open_socket(struct lines **out, struct api *api, const struct lines_conf *how,
		       char why[SOCKET_WHY_LEN])
{
	struct lines_conf conf = *how;

	conf.arg = api;
	conf.too_long = api->too_long;
	conf.too_many = api->too_many;
	return lines_open(out, api->control->loop, &conf, why);
}

/* 0, or -errno with why. */
static int open_sockets(struct api *api, char why[SOCKET_WHY_LEN])
{
	const struct lines_conf operators = {
		.path = api->path, .mode = OPERATOR_MODE, .ask = take_order};
	const struct lines_conf readers = {
		.path = api->read_only_path, .mode = READ_ONLY_MODE, .ask = take_question};
	char reason[64];

	(void)snprintf(reason, sizeof(reason), "a request is longer than %d bytes",
		       LINES_REQUEST_MAX);
	api->too_long = response_error_line(RESPONSE_BAD_REQUEST, reason);
	api->too_many = response_error_line(RESPONSE_BUSY, "too many clients, all of them busy");
	if (!api->too_long || !api->too_many) {
		(void)strcpy(why, "out of memory");
		return -ENOMEM;
	}

	int err = open_socket(&api->operators, api, &operators, why);

	return err ? err : open_socket(&api->readers, api, &readers, why);
}

static void free_api(struct api *api)
{
	lines_close(api->operators);
	lines_close(api->readers);
	free(api->too_long);
	free(api->too_many);
	free(api);
}

/* 0 and control->api, or -errno with why. */
static int open_api(struct control *control, char why[SOCKET_WHY_LEN])
{
	const struct director_conf *conf = &control->conf;
	struct api *api = calloc(1, sizeof(*api));
	int err = api ? 0 : -ENOMEM;

	(void)strcpy(why, api ? "" : "out of memory");
	if (err)
		return err;
	api->control = control;
	if (conf->has_control_socket)
		(void)strcpy(api->path, conf->control_socket);
	else
		err = default_path(api->path);
	if (err)
		(void)strcpy(why, "$RUNTIME_DIRECTORY is too long");
	(void)control_socket_readers(api->read_only_path, api->path);
	if (!err)
		err = open_sockets(api, why);
	if (err) {
		free_api(api);
		return err;
	}
	log_info("control socket %s, for reading %s", api->path, api->read_only_path);
	control->api = api;
	return 0;
}

int api_open(struct control *control)
{
	const struct director_conf *conf = &control->conf;
	char why[SOCKET_WHY_LEN];
	int err;

	if (conf->has_control_socket && !conf->control_socket[0])
		return 0;
	err = open_api(control, why);
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
	if (control->api)
		free_api(control->api);
	control->api = NULL;
}
