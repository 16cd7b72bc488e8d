/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <glb/area.h>

static size_t round_up(size_t len, size_t unit)
{
	return (len + unit - 1) / unit * unit;
}

int glb_area_make(struct glb_area *out, size_t len)
{
	struct glb_area area = {.len = round_up(len, GLB_HUGE_PAGE)};

	area.base = aligned_alloc(GLB_HUGE_PAGE, area.len);
	if (!area.base)
		return -ENOMEM;
	/* before it is touched first; where there are none, pages of the usual size do as well */
	(void)madvise(area.base, area.len, MADV_HUGEPAGE);
	*out = area;
	return 0;
}

void *glb_area_take(struct glb_area *area, size_t len)
{
	uint8_t *part = area->base ? area->base + area->used : NULL;

	area->used += round_up(len, GLB_AREA_ALIGNMENT);
	return part;
}

void glb_area_free(struct glb_area *area)
{
	free(area->base);
	*area = (struct glb_area){0};
}
