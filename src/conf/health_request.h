/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in a check's request, and which response is expected?
 *
 * The request contains texts from the file verbatim, so nothing in them may end a line, or change
 * where the request ends.
 */
#ifndef CONF_HEALTH_REQUEST_H
#define CONF_HEALTH_REQUEST_H

#include "conf/health_check.h"
#include "conf/json.h"

/* Keys of this module, for a list of known ones. */
#define HEALTH_REQUEST_KEYS "method", "path", "host", "headers", "status", "body"

enum {
	HEALTH_PATH_MAX = 1023, /* bytes of each */
	HEALTH_HOST_MAX = 253,
	HEALTH_HEADER_MAX = 1024,
	HEALTH_BODY_MAX = 1024,
	HEALTH_HEADERS_MAX = 16, /* of these */
};

/* Initialises "GET /" with an expected status of 200. Returns 0 or -ENOMEM. */
GLB_NODISCARD int health_request_init(struct health_request *out, struct health_memory **memory);

/*
 * Applies an object to a request that has been initialised; members that are absent or invalid
 * change nothing. Problems go into the report. Returns 0, even if there are some, or -ENOMEM.
 */
GLB_NODISCARD int health_request_read(struct health_request *request, struct health_memory **memory,
				      const struct conf_value *object);

/* Reads only a path; *out is unchanged if it is invalid. Returns as health_request_read(). */
GLB_NODISCARD int health_path_read(char **out, struct health_memory **memory,
				   const struct conf_value *value);

/*
 * Reads "verify" of a check over TLS, whose request has been read. Warns if the certificate would
 * have to be for an address, which is rare.
 */
void health_verify_read(struct health_request *request, const struct conf_value *value);

#endif
