/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is what /proc/net/netstat has or, behind a byte whose lowest bit is set, the numbers of
 * net.ipv4.tcp_mem, a NUL and what /proc/net/sockstat has.
 */
#include <string.h>

#include "fuzz.h"
#include "redirect/host/kernel_counters.h"

static void read_memory(const char *text, size_t len)
{
	size_t first = strlen(text);
	struct kernel_memory memory = {.most = 42, .used = 7};

	if (kernel_memory_parse(&memory, first < len ? text + first + 1 : "", text))
		PROMISE(memory.most == 42 && memory.used == 7);
	else
		PROMISE(memory.most && strstr(text + first + 1, "mem"));
}

static void read_counters(const char *text)
{
	uint64_t values[KERNEL_COUNTER_COUNT];

	memset(values, 42, sizeof(values));
	if (!kernel_counters_parse(values, text)) {
		PROMISE(strstr(text, "ListenDrops") && strstr(text, "TcpExt:"));
		return;
	}
	for (size_t i = 0; i < sizeof(values); i++)
		PROMISE(((const uint8_t *)values)[i] == 42);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	char *text = len ? malloc(len) : NULL;

	if (!text)
		return 0;
	memcpy(text, input + 1, len - 1);
	text[len - 1] = '\0';
	if (input[0] & 1)
		read_memory(text, len - 1);
	else
		read_counters(text);
	free(text);
	return 0;
}
