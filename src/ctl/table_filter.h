/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets are for a table?
 */
#ifndef CTL_TABLE_FILTER_H
#define CTL_TABLE_FILTER_H

#include "client.h"

/*
 * Asks a director for the binds of the table that --table names, and makes an expression of tcpdump
 * of them: what is sent to them, and ICMP to their addresses. EXIT_OK and *out, for free(); or the
 * exit status, after logging why.
 */
GLB_NODISCARD int table_filter(char **out, const struct command_line *line);

#endif
