/* SPDX-License-Identifier: BSD-3-Clause */
#include "pressure.h"

#include <glb/net.h>

#include "redirect/host/sysctl.h"

static bool read_counters(uint64_t *counters)
{
	char text[SYSCTL_TEXT_LEN];

	return !sysctl_text(text, "/proc/net/netstat") && !kernel_counters_parse(counters, text);
}

/* False also in a network namespace other than the first, where the limit is not shown. */
static bool read_memory(struct kernel_memory *memory)
{
	char sockstat[SYSCTL_TEXT_LEN];
	char limits[SYSCTL_TEXT_LEN];

	return !sysctl_text(sockstat, "/proc/net/sockstat") &&
	       !sysctl_text(limits, "/proc/sys/net/ipv4/tcp_mem") &&
	       !kernel_memory_parse(memory, sockstat, limits);
}

static bool serves_any(const struct listener *listener, const struct host_vips *vips)
{
	for (unsigned int i = 0; i < vips->count; i++)
		if (listener_serves(listener, &vips->list[i].address))
			return true;
	return false;
}

static void note_listeners(struct pressure *pressure, const struct listeners *listeners,
			   const struct host_vips *vips)
{
	pressure->listener_count = 0;
	for (size_t i = 0; i < listeners->count; i++) {
		const struct listener *one = &listeners->list[i];

		if (!serves_any(one, vips))
			continue;
		if (!pressure->listener_count++ ||
		    listener_fill(one) > listener_fill(&pressure->fullest))
			pressure->fullest = *one;
	}
}

static bool read_queues(struct pressure *pressure, const struct host_vips *given)
{
	struct listeners listeners;
	struct host_vips vips;

	if (host_vips_read(&vips, given) || listeners_read(&listeners, GLB_PROTO_TCP))
		return false;
	note_listeners(pressure, &listeners, &vips);
	listeners_free(&listeners);
	return true;
}

void pressure_read(struct pressure *pressure, const struct host_vips *given)
{
	bool *knows = pressure->knows;

	knows[GRADE_LOST] |= read_counters(pressure->counters);
	knows[GRADE_COOKIES] = knows[GRADE_LOST];
	knows[GRADE_QUEUE] |= read_queues(pressure, given);
	knows[GRADE_MEMORY] |= read_memory(&pressure->memory);
}

struct grade_sample pressure_sample(const struct pressure *pressure, uint64_t at_ms)
{
	const struct kernel_memory *memory = &pressure->memory;
	struct grade_sample sample = {
		.at_ms = at_ms,
		.lost = pressure->counters[KERNEL_LISTEN_DROPS],
		.cookies = pressure->counters[KERNEL_SYN_COOKIES] + pressure->answered,
	};

	if (pressure->listener_count)
		sample.queue = listener_fill(&pressure->fullest);
	if (memory->most)
		sample.memory =
			memory->used >= memory->most
				? 100
				: (uint32_t)((double)memory->used * 100 / (double)memory->most);
	return sample;
}
