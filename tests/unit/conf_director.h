/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a test read a director.json, and what did the reader say about it?
 */
#ifndef UNIT_CONF_DIRECTOR_H
#define UNIT_CONF_DIRECTOR_H

#include "conf/director.h"
#include "document.h"

#define GATEWAY	 "'outbound_gateway_mac':'02:00:00:00:00:01'"
#define SOURCE	 "'outbound_src_ip':'192.0.2.1'"
#define REQUIRED GATEWAY "," SOURCE
#define WITH(x)	 "{" REQUIRED "," x "}"

static char text[DOCUMENT_LEN_MAX];

static char told[DOCUMENT_LEN_MAX];
static struct report report;

/* Leaves in `told` what the report says. */
static int parse(struct director_conf *conf, const char *json)
{
	size_t len = document(text, json);

	report_init(&report);

	int err = director_conf_parse(conf, "d.json", text, len, &report);

	(void)problems(told, &report, "d.json");
	return err;
}

#endif
