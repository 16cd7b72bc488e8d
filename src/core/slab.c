/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include <glb/slab.h>

_Static_assert(GLB_SLAB_PLACES_MAX == 32, "a place has a bit of glb_slab.taken");

static uint32_t bit_of(const struct glb_place *place)
{
	size_t offset = (size_t)((uint8_t *)place->base - place->slab->arena.base);

	return 1U << offset / GLB_PLACE_LEN;
}

static struct glb_place slab_place_of(struct glb_slab *slab, unsigned int number)
{
	return (struct glb_place){slab, slab->arena.base + (size_t)number * GLB_PLACE_LEN};
}

int glb_place_make(struct glb_place *out, unsigned int places)
{
	struct glb_slab *slab = calloc(1, sizeof(*slab));

	if (!slab)
		return -ENOMEM;
	if (places > GLB_SLAB_PLACES_MAX)
		places = GLB_SLAB_PLACES_MAX;
	if (glb_arena_make(&slab->arena, (size_t)places * GLB_PLACE_LEN)) {
		free(slab);
		return -ENOMEM;
	}
	slab->places = (unsigned int)(slab->arena.len / GLB_PLACE_LEN);
	slab->taken = 1;
	*out = slab_place_of(slab, 0);
	return 0;
}

bool glb_place_beside(struct glb_place *out, const struct glb_place *other)
{
	struct glb_slab *slab = other->slab;
	const uint32_t all = slab ? UINT32_MAX >> (GLB_SLAB_PLACES_MAX - slab->places) : 0;
	uint32_t taken = slab ? __atomic_load_n(&slab->taken, __ATOMIC_RELAXED) : 0;

	while (taken != all) {
		unsigned int number = (unsigned int)__builtin_ctz(~taken);

		/* acquire: the thread that released the place no longer uses it */
		if (!__atomic_compare_exchange_n(&slab->taken, &taken, taken | 1U << number, true,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		*out = slab_place_of(slab, number);
		return true;
	}
	return false;
}

void glb_place_free(struct glb_place *place)
{
	struct glb_slab *slab = place->slab;

	if (slab && !__atomic_and_fetch(&slab->taken, ~bit_of(place), __ATOMIC_ACQ_REL)) {
		glb_arena_free(&slab->arena);
		free(slab);
	}
	*place = (struct glb_place){0};
}
