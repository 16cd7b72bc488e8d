/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <glb/arena.h>

static size_t round_up(size_t len, size_t unit)
{
	return (len + unit - 1) / unit * unit;
}

int glb_arena_make(struct glb_arena *out, size_t len)
{
	struct glb_arena arena = {.len = round_up(len, GLB_HUGE_PAGE)};

	arena.base = aligned_alloc(GLB_HUGE_PAGE, arena.len);
	if (!arena.base)
		return -ENOMEM;
	/* before first use; without huge pages, pages of the usual size work as well */
	(void)madvise(arena.base, arena.len, MADV_HUGEPAGE);
	*out = arena;
	return 0;
}

void *glb_arena_take(struct glb_arena *arena, size_t len)
{
	uint8_t *part = arena->base ? arena->base + arena->used : NULL;

	arena->used += round_up(len, GLB_ARENA_ALIGNMENT);
	return part;
}

void glb_arena_free(struct glb_arena *arena)
{
	free(arena->base);
	*arena = (struct glb_arena){0};
}
