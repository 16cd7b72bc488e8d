/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do commands on the control sockets of all programs have in common?
 *
 * Each is logged, within limits for a client that sends thousands.
 */
#ifndef CONF_ORDERS_H
#define CONF_ORDERS_H

#include "conf/json.h"
#include "sys/log.h"
#include "sys/sparing.h"

struct lines_request;

/* Logs that the sender of a request gave a command, such as "reload of the tables". */
void orders_log(struct sparing *orders, const struct lines_request *request, const char *order);

/* Logs how many were not logged. To be called every few seconds or more often. */
void orders_follow(struct sparing *orders);

/* Reads the key "level" of a request. Returns 0 and sets *out, or -EINVAL with the reason in the
 * report. */
int orders_read_level(enum log_level *out, const struct conf_value *root);

/* Sets the log level, logs that, and replies with the previous one: consumes the request. */
void orders_set_level(struct sparing *orders, struct lines_request *request, enum log_level level);

#endif
