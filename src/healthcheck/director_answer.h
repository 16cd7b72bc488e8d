/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director say?
 *
 * The answer to "status" or "reload" at its control socket (docs/control-socket.md), of which only
 * what the checker wants to know is read.
 */
#ifndef HEALTHCHECK_DIRECTOR_ANSWER_H
#define HEALTHCHECK_DIRECTOR_ANSWER_H

#include <glb/digest.h>

#include "conf/report.h"

enum director_result {
	DIRECTOR_DONE,	  /* it answers, or has done it */
	DIRECTOR_ABSENT,  /* nobody answers */
	DIRECTOR_REFUSED, /* it does not take the tables */
	DIRECTOR_PUT_OFF, /* it will, later */
	DIRECTOR_FAILED,  /* anything else: it is busy, or no director */
};

enum { DIRECTOR_REASON_LEN = 400 };

struct director_answer {
	enum director_result result;
	char reason[DIRECTOR_REASON_LEN];      /* printable; "" when it is done */
	char tables_file[DIRECTOR_REASON_LEN]; /* of "status": the file that it reads; or "" */
	uint64_t generation;
	unsigned int table_count;
	char (*digests)[GLB_DIGEST_TEXT_LEN]; /* of its tables in their order */
};

/*
 * Reads a line of `len` bytes, whatever it is. *out is always set, and to be given up with
 * director_answer_free().
 */
void director_answer_read(struct director_answer *out, const char *line, size_t len);

void director_answer_free(struct director_answer *answer);

#endif
