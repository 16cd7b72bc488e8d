/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is a director doing right now, as lines of text?
 */
#ifndef CTL_TOP_TEXT_H
#define CTL_TOP_TEXT_H

#include <stdio.h>

#include "conf/json.h"

/* Writes the reply to the verb "top": summary, tables, workers, drops, backends. */
void top_write(FILE *out, const struct conf_value *root);

#endif
