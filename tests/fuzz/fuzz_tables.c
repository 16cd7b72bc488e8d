/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is a tables.json. Working out rows takes milliseconds a backend, so that is done for
 * small specs only; fuzz_image.c and the unit tests see to the large ones.
 */
#include <errno.h>
#include <string.h>

#include "conf/tables.h"
#include "fuzz.h"
#include "reported.h"

enum { BACKENDS_ENOUGH = 3 };

static void check_table(const struct glb_table_spec *table)
{
	PROMISE(table->backend_count <= GLB_BACKENDS_MAX && table->bind_count <= GLB_BINDS_MAX);
	PROMISE(!table->max_load ||
		(table->hops >= 3 && !glb_zones_differ(table) &&
		 table->max_load >= GLB_MAX_LOAD_LEAST && table->max_load <= GLB_MAX_LOAD_MOST));
	for (unsigned int i = 0; i < table->backend_count; i++) {
		PROMISE(table->backends[i].state <= GLB_INACTIVE);
		for (unsigned int other = 0; other < i; other++)
			PROMISE(!glb_addr_equal(&table->backends[i].addr,
						&table->backends[other].addr));
		for (unsigned int other = 0; other < i; other++)
			PROMISE(!table->backends[i].has_server_id ||
				!table->backends[other].has_server_id ||
				table->backends[i].server_id != table->backends[other].server_id);
	}
	for (unsigned int i = 0; i < table->bind_count; i++) {
		const struct glb_bind *bind = &table->binds[i];

		PROMISE(bind->addr.version == 4 || bind->addr.version == 6);
		PROMISE(bind->prefix_len <= (bind->addr.version == 4 ? 32 : 128));
		PROMISE(bind->port_first <= bind->port_last);
		PROMISE(bind->proto == GLB_PROTO_UDP ||
			(bind->proto == GLB_PROTO_TCP && !bind->quic));
	}
}

static void build(const struct glb_spec *spec)
{
	struct glb_tables tables;
	struct glb_diag diag = {{0}};
	unsigned int backends = 0;

	for (unsigned int t = 0; t < spec->table_count; t++)
		backends += spec->tables[t].backend_count;
	if (backends > BACKENDS_ENOUGH || spec->table_count > BACKENDS_ENOUGH)
		return;

	int err = glb_tables_build(&tables, spec, NULL, &diag);

	PROMISE(!err || err == -EINVAL);
	PROMISE(!err == !diag.text[0]);
	if (!err)
		glb_tables_free(&tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct glb_spec spec;
	static struct report report;

	report_init(&report);

	int err = spec_parse(&spec, "tables.json", (const char *)input, len, &report);

	check_report(&report, "tables.json:");
	PROMISE(!err == !report_has_errors(&report));
	if (err) {
		PROMISE(err == -EINVAL);
		return 0;
	}
	for (unsigned int t = 0; t < spec.table_count; t++)
		check_table(&spec.tables[t]);
	build(&spec);
	glb_spec_free(&spec);
	return 0;
}
