/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does each verb of the control socket do?
 *
 * Each replies to its request, now or later. Called by src/director/api.c only.
 */
#ifndef DIRECTOR_VERBS_H
#define DIRECTOR_VERBS_H

#include "director/control.h"
#include "director/request.h"

struct lines_request;

/* A parsed and validated request. */
struct call {
	struct control *control;
	struct lines_request *lines_request; /* to be replied to */
	struct request request;
};

void verb_leave(const struct call *call);
void verb_stay(const struct call *call);
void verb_log_level(const struct call *call);
void verb_lookup(const struct call *call);
void verb_reload(const struct call *call);
void verb_status(const struct call *call);
void verb_top(const struct call *call);
void verb_stats(const struct call *call);
void verb_tables(const struct call *call);
void verb_backends(const struct call *call);
void verb_workers(const struct call *call);
void verb_ports(const struct call *call);
void verb_stalls(const struct call *call);
void verb_meters(const struct call *call);
void verb_trace(const struct call *call);
void verb_trace_next(const struct call *call);

#endif
