/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include <glb/net.h>

#include "words.h"

const char *bind_text(char out[BIND_TEXT_LEN], const struct glb_bind *bind)
{
	char addr[ADDR_TEXT_LEN];
	char prefix[8] = "";
	char last[8] = "";

	if (bind->prefix_len != (bind->addr.version == 4 ? 32 : 128))
		(void)snprintf(prefix, sizeof(prefix), "/%u", bind->prefix_len);
	if (bind->port_last != bind->port_first)
		(void)snprintf(last, sizeof(last), "-%u", bind->port_last);
	(void)snprintf(out, BIND_TEXT_LEN, "%s%s %s %u%s", addr_text(addr, &bind->addr), prefix,
		       bind->proto == GLB_PROTO_TCP ? "tcp" : "udp", bind->port_first, last);
	return out;
}

const char *table_name(char out[16], const struct glb_table *table, unsigned int index)
{
	if (table->spec.name)
		return table->spec.name;
	(void)snprintf(out, 16, "(%u)", index);
	return out;
}

double percent_of_rows(uint32_t rows)
{
	return 100.0 * rows / GLB_ROWS;
}
