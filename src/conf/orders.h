/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the same about orders on the control socket of every program?
 *
 * That somebody has given one is worth a line of the log, but for a client that gives thousands.
 */
#ifndef CONF_ORDERS_H
#define CONF_ORDERS_H

#include "conf/json.h"
#include "sys/log.h"
#include "sys/sparing.h"

struct lines_request;

/* Logs that whoever sent a request gave an order, as in "reload of the tables". */
void orders_log(struct sparing *orders, const struct lines_request *request, const char *order);

/* Logs how many orders were not, now and then. To be called every few seconds or more often. */
void orders_follow(struct sparing *orders);

/* Reads the key "level" of a request: 0 and *out, or -EINVAL and the report says why. */
int orders_read_level(enum log_level *out, const struct conf_value *root);

/* Sets the level of the log, logs that, and answers what it was: the request is used up. */
void orders_set_level(struct sparing *orders, struct lines_request *request, enum log_level level);

#endif
