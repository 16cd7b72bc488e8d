/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which request does a line of probe_once ask for?
 *
 *   method=HEAD path=/ host=NAME header=NAME: VALUE status=200-299,404 body=TEXT verify=no
 *
 * header= may occur several times. What is not there is as in a file: GET /, 200.
 */
#ifndef HEALTH_ONCE_REQUEST_H
#define HEALTH_ONCE_REQUEST_H

#include "conf/health.h"

/* The defaults. */
void once_request_init(struct health_request *request);

/*
 * Takes a word, which has to live as long as the request. False: it is about something else. Ends
 * the process when there are too many fields or ranges.
 */
bool once_request_take(struct health_request *request, char *word);

#endif
