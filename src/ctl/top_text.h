/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director do just now, in lines of text?
 */
#ifndef CTL_TOP_TEXT_H
#define CTL_TOP_TEXT_H

#include <stdio.h>

#include "conf/json.h"

/* Writes what the verb "top" answered: in short, tables, workers, drops, backends. */
void top_write(FILE *out, const struct conf_value *root);

#endif
