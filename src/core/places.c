/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"

int places_take(struct glb_place *out, struct places *places)
{
	const struct glb_tables *known = places->known;
	unsigned int wanted = places->wanted ? places->wanted-- : 1;

	for (; known && places->looked_at < known->count; places->looked_at++) {
		const struct glb_table *table = known->tables[places->looked_at];

		if (table && glb_place_beside(out, &table->copies[places->copy]))
			return 0;
	}
	if (places->own && glb_place_beside(out, places->own))
		return 0;
	if (glb_place_make(out, wanted))
		return -ENOMEM;
	places->own = out;
	return 0;
}

int places_make_table(struct glb_table **out, struct places *places)
{
	struct glb_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	if (places_take(&table->copies[0], places)) {
		free(table);
		return -ENOMEM;
	}
	table->refs = 1;
	table->rows = table->copies[0].base;
	memset(table->rows, 0, GLB_ROWS_LEN); /* the place may contain the rows of another table */
	*out = table;
	return 0;
}
