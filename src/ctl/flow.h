/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flow do the arguments of a command name?
 */
#ifndef CTL_FLOW_H
#define CTL_FLOW_H

#include "conf/path.h"

#define FLOW_WORDS "SRC-IP [SPORT] VIP DPORT [PROTO]"

enum { FLOW_WORDS_MIN = 3, FLOW_WORDS_MAX = 5 };

/*
 * Parses FLOW_WORDS. `count` is at least FLOW_WORDS_MIN. Returns EXIT_OK; EXIT_USAGE if there are
 * too many or too few words; or EXIT_FAILED after logging what is wrong.
 */
GLB_NODISCARD int flow_read(struct path_question *out, int count, char **words);

#endif
