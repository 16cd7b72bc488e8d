/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which verb does a line on a control socket contain?
 *
 * A request is a JSON object: the version of the protocol, a verb, and keys of that verb. It is
 * parsed as strictly as the files: an unknown verb or key is refused by name.
 */
#ifndef CONF_ENVELOPE_H
#define CONF_ENVELOPE_H

#include "conf/json.h"

enum { PROTOCOL_VERSION = 1, ENVELOPE_KEYS_MAX = 8 };

struct envelope_verb {
	const char *word;
	const char *privilege; /* what it does that only operators may do; NULL: nothing */
	const char *keys[ENVELOPE_KEYS_MAX]; /* in addition to the two of every request */
};

struct envelope_verbs {
	const struct envelope_verb *list;
	unsigned int count;
};

/*
 * Finds the verb of a request and checks all its keys. Returns 0 and the verb's index in the list,
 * or -EINVAL with the reason in the report. Values of the keys are left to the caller.
 */
GLB_NODISCARD int envelope_read(unsigned int *verb, const struct conf_value *root,
				const struct envelope_verbs *verbs);

#endif
