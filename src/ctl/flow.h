/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flow do the words of a command line mean?
 */
#ifndef CTL_FLOW_H
#define CTL_FLOW_H

#include "conf/path.h"

#define FLOW_WORDS "SRC-IP [SPORT] VIP DPORT [PROTO]"

enum { FLOW_WORDS_MIN = 3, FLOW_WORDS_MAX = 5 };

/*
 * Reads FLOW_WORDS, of which there are `count`, at least FLOW_WORDS_MIN. EXIT_OK; EXIT_USAGE when
 * there are not as many as there may be; or EXIT_FAILED after logging what is wrong.
 */
GLB_NODISCARD int flow_read(struct path_question *out, int count, char **words);

#endif
