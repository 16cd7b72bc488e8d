/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "exposition.h"
#include "memory.h"

struct exposition *exposition_begin(const struct exposition_list *list, void *source, bool is_old)
{
	struct exposition *exposition = malloc(sizeof(*exposition));

	if (!exposition) {
		list->release(source);
		return NULL;
	}
	*exposition =
		(struct exposition){.text = {.is_old = is_old}, .list = list, .source = source};
	return exposition;
}

bool exposition_write(struct exposition *exposition, FILE *out)
{
	const struct exposition_list *list = exposition->list;
	const struct exposition_family *next = &list->families[exposition->next];

	exposition->text.out = out;
	if (list->is_stale(exposition->source))
		return false;
	if (exposition->next == list->family_count) {
		openmetrics_end(&exposition->text);
		return false;
	}
	if (!exposition->begun)
		openmetrics_begin(&exposition->text, &next->family);
	exposition->begun = true;
	if (next->put)
		next->put(exposition);
	else if (next->put_slice(exposition))
		return true;
	exposition->next++;
	exposition->begun = false;
	exposition->at = exposition->within = 0;
	return true;
}

void exposition_end(struct exposition *exposition)
{
	exposition->list->release(exposition->source);
	free(exposition);
}

void exposition_put_memory(struct exposition *exposition)
{
	openmetrics_count(&exposition->text, NULL, memory_resident());
}
