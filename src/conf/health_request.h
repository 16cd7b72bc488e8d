/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is a request of a check to say, and which response is right?
 *
 * It is put together from the file as it stands there, so nothing in it may end a line, or change
 * where the request ends.
 */
#ifndef CONF_HEALTH_REQUEST_H
#define CONF_HEALTH_REQUEST_H

#include "conf/health_check.h"
#include "conf/json.h"

/* The keys of this module, for a list of known ones. */
#define HEALTH_REQUEST_KEYS "method", "path", "host", "headers", "status", "body"

enum {
	HEALTH_PATH_MAX = 1023, /* bytes of each */
	HEALTH_HOST_MAX = 253,
	HEALTH_HEADER_MAX = 1024,
	HEALTH_BODY_MAX = 1024,
	HEALTH_HEADERS_MAX = 16, /* of these */
};

/* "GET /" without more, which is to give a status of 200. 0 or -ENOMEM. */
GLB_NODISCARD int health_request_init(struct health_request *out, struct health_memory **memory);

/*
 * Reads what an object says about a request, which has been initialised and stays as it is where
 * the object says nothing, or nothing good. Problems go into the report. 0, also if there were
 * some, or -ENOMEM.
 */
GLB_NODISCARD int health_request_read(struct health_request *request, struct health_memory **memory,
				      const struct conf_value *object);

/* Reads a path alone; *out stays as it is where it is no good. Returns as above. */
GLB_NODISCARD int health_path_read(char **out, struct health_memory **memory,
				   const struct conf_value *value);

/*
 * Reads "verify" of the value of a check by TLS, whose request has been read. Warns of a
 * certificate that would have to be for an address, which is rare.
 */
void health_verify_read(struct health_request *request, const struct conf_value *value);

#endif
