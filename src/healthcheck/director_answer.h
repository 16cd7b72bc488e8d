/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in a director's reply?
 *
 * The reply to "status" or "reload" on its control socket (docs/control-socket.md). Only the
 * members that the checker needs are parsed.
 */
#ifndef HEALTHCHECK_DIRECTOR_ANSWER_H
#define HEALTHCHECK_DIRECTOR_ANSWER_H

#include <glb/digest.h>

#include "conf/report.h"

enum director_result {
	DIRECTOR_DONE,	  /* success */
	DIRECTOR_ABSENT,  /* no director replied */
	DIRECTOR_REFUSED, /* it refuses the tables */
	DIRECTOR_PUT_OFF, /* it will reload later */
	DIRECTOR_FAILED,  /* anything else: it is busy, or not a director */
};

enum { DIRECTOR_REASON_LEN = 400 };

struct director_answer {
	enum director_result result;
	char reason[DIRECTOR_REASON_LEN];      /* printable; "" on success */
	char tables_file[DIRECTOR_REASON_LEN]; /* "status" only: path of the file that it reads; or
						  "" */
	uint64_t generation;
	unsigned int table_count;
	char (*digests)[GLB_DIGEST_TEXT_LEN]; /* of its tables, in their order */
};

/*
 * Parses a line of `len` bytes, which may be anything. *out is always set, and must be released
 * with director_answer_free().
 */
void director_answer_read(struct director_answer *out, const char *line, size_t len);

void director_answer_free(struct director_answer *answer);

#endif
