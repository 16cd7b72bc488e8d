/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets belong to a table?
 */
#ifndef CTL_TABLE_FILTER_H
#define CTL_TABLE_FILTER_H

#include "client.h"

/*
 * Asks a director for the binds of the table that --table names and makes a tcpdump expression of
 * them: packets sent to the binds, and ICMP to their addresses. Returns EXIT_OK and sets *out, to
 * be released with free(); or another exit status after logging why.
 */
GLB_NODISCARD int table_filter(char **out, const struct command_line *line);

#endif
