/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <glb/siphash.h>

#include "conf/addr.h"
#include "conf/health_check.h"
#include "sys/printable.h"

const char *health_check_word(enum health_check_type type)
{
	static const char *const words[] = {
#define HEALTH_CHECK_WORD(constant, word) [HEALTH_##constant] = (word),
		HEALTH_CHECKS(HEALTH_CHECK_WORD)
#undef HEALTH_CHECK_WORD
	};

	return words[type];
}

/* --- Memory --- */

struct health_memory {
	struct health_memory *next;
	_Alignas(max_align_t) uint8_t bytes[];
};

void *health_keep(struct health_memory **memory, size_t len)
{
	struct health_memory *piece = calloc(1, sizeof(*piece) + len);

	if (!piece)
		return NULL;
	piece->next = *memory;
	*memory = piece;
	return piece->bytes;
}

char *health_keep_text(struct health_memory **memory, const char *text, size_t len)
{
	char *copy = health_keep(memory, len + 1);

	return copy ? memcpy(copy, text, len) : NULL;
}

void health_memory_free(struct health_memory *memory)
{
	while (memory) {
		struct health_memory *next = memory->next;

		free(memory);
		memory = next;
	}
}

/* --- Names --- */

enum { NAME_LEN = 4096 }; /* fits the longest name */

struct naming {
	char text[NAME_LEN];
	size_t len;
	uint64_t digest; /* 0: of no data */
};

GLB_PRINTF(2, 3) static void add(struct naming *naming, const char *format, ...)
{
	size_t room = sizeof(naming->text) - naming->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(naming->text + naming->len, room, format, args);
	va_end(args);
	naming->len += (size_t)len < room ? (size_t)len : room - 1;
}

/* Adds bytes to the digest, with their kind: it covers the digest so far and the kind. */
static void digest(struct naming *naming, uint64_t kind, const void *bytes, size_t len)
{
	uint8_t key[GLB_SIPHASH_KEY_LEN];

	memcpy(key, &naming->digest, 8);
	memcpy(key + 8, &kind, 8);
	naming->digest = glb_siphash(key, bytes, len);
}

static void digest_list(struct naming *naming, uint64_t kind, char *const *list)
{
	for (; list && *list; list++)
		digest(naming, kind, *list, strlen(*list));
}

static void add_addr(struct naming *naming, const struct glb_addr *addr, uint16_t port)
{
	char text[ADDR_TEXT_LEN];

	(void)addr_text(text, addr);
	if (!port)
		add(naming, " %s", text);
	else
		add(naming, addr->version == 6 ? " [%s]:%u" : " %s:%u", text, port);
}

static void add_statuses(struct naming *naming, const struct health_request *request)
{
	const struct health_status_range *ranges = request->statuses;

	if (request->status_count == 1 && ranges->first == 200 && ranges->last == 200)
		return;
	for (unsigned int i = 0; i < request->status_count; i++) {
		add(naming, "%s%u", i ? "," : " status=", ranges[i].first);
		if (ranges[i].last != ranges[i].first)
			add(naming, "-%u", ranges[i].last);
	}
}

static void add_request(struct naming *naming, const struct health_request *request, bool is_tls)
{
	add(naming, " %s", request->path);
	if (strcmp(request->method, "GET") != 0)
		add(naming, " method=%s", request->method);
	if (request->host)
		add(naming, " host=%s", request->host);
	add_statuses(naming, request);
	if (is_tls && !request->verify)
		add(naming, " verify=no");
	digest_list(naming, 'h', request->headers);
	if (request->body)
		digest(naming, 'b', request->body, strlen(request->body));
}

static void add_tunnel(struct naming *naming, const struct health_check *check)
{
	add_addr(naming, &check->backend, 0);
	add_addr(naming, &check->vip, check->port);
	if (check->full_size)
		add(naming, " full_size=%u", check->full_size);
	if (!check->is_http)
		return;
	add(naming, check->is_tls ? " https" : " http");
	add_request(naming, &check->request, check->is_tls);
}

static void add_exec(struct naming *naming, const struct health_check *check)
{
	char program[NAME_LEN / 2];

	add_addr(naming, &check->backend, 0);
	add(naming, " %s", printable(program, sizeof(program), check->command[0]));
	digest_list(naming, 'c', check->command + 1);
}

static void add_parts(struct naming *naming, const struct health_check *check)
{
	switch (check->type) {
	case HEALTH_TUNNEL:
		add_tunnel(naming, check);
		break;
	case HEALTH_EXEC:
		add_exec(naming, check);
		break;
	case HEALTH_HTTP:
	case HEALTH_HTTPS:
		add_addr(naming, &check->backend, check->port);
		add_request(naming, &check->request, check->type == HEALTH_HTTPS);
		break;
	default:
		add_addr(naming, &check->backend, check->port);
	}
	if (check->send)
		digest(naming, 's', check->send, check->send_len);
	if (check->expect)
		digest(naming, 'e', check->expect, check->expect_len);
}

char *health_check_name(struct health_memory **memory, const struct health_check *check)
{
	struct naming naming = {.len = 0};

	add(&naming, "%s", health_check_word(check->type));
	add_parts(&naming, check);
	if (naming.digest)
		add(&naming, " #%016llx", (unsigned long long)naming.digest);
	return health_keep_text(memory, naming.text, naming.len);
}
