/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which program is a check to run, and which datagrams is it to send and expect?
 */
#ifndef CONF_HEALTH_COMMAND_H
#define CONF_HEALTH_COMMAND_H

#include "conf/health_check.h"
#include "conf/json.h"

enum {
	HEALTH_WORDS_MAX = 32,
	HEALTH_WORD_MAX = 1023,	    /* bytes of one; a program's path fits HEALTH_PATH_LEN */
	HEALTH_DATAGRAM_MAX = 1400, /* bytes */
};

/*
 * Reads the words of a command: the path of a program, an array of that and its arguments, or an
 * object with either as "command". *out is unchanged if invalid. Problems go into the report.
 * Returns 0, even if there are some, or -ENOMEM.
 */
GLB_NODISCARD int health_command_read(char ***out, struct health_memory **memory,
				      const struct conf_value *value);

/* Reads "send" or "send_hex", and "expect" or "expect_hex", of an object. Returns as
 * health_command_read(). */
GLB_NODISCARD int health_datagrams_read(struct health_check *check, struct health_memory **memory,
					const struct conf_value *object);

#endif
