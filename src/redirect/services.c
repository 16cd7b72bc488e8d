/* SPDX-License-Identifier: BSD-3-Clause */
#include "services.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"

static const char quic[] = "/quic";

/* Parses `ADDRESS:PORT` or `ADDRESS:PORT/quic`. Returns NULL, or why it is invalid. */
static const char *parse_service(struct service *service, struct service_rule *rule, char *text)
{
	char *slash = strchr(text, '/');
	struct glb_addr addr;
	uint16_t port;

	if (slash && strcmp(slash, quic) != 0)
		return "only '/quic' may follow the port";
	if (slash)
		*slash = 0;

	bool valid = addr_port_parse(&addr, &port, text);

	if (slash)
		*slash = '/';
	if (!valid || !port)
		return "not an address and a port, such as 192.0.2.10:443 or [2001:db8::10]:443";
	if (!glb_is_host(addr.bytes, addr.version))
		return "not an address that a host can have";
	*service = (struct service){.port = port, .version = addr.version};
	memcpy(service->address, addr.bytes, sizeof(service->address));
	*rule = (struct service_rule){.quic = slash != NULL};
	return NULL;
}

/* Parses one more service. Returns NULL, or why it is not added. */
static const char *add_service(struct services *services, char *text)
{
	if (services->count == SERVICES_MAX)
		return "one too many; there may be 256";

	struct service *service = &services->list[services->count].service;
	const char *fault = parse_service(service, &services->list[services->count].rule, text);

	for (uint32_t i = 0; !fault && i < services->count; i++)
		if (!memcmp(&services->list[i].service, service, sizeof(*service)))
			fault = "listed twice";
	services->count += !fault;
	return fault;
}

/* Parses the list. False, with the reason, if it is invalid. */
static bool parse_list(struct services *services, const char *text, char why[SERVICES_WHY_LEN])
{
	for (const char *at = text;; at += strcspn(at, ",") + 1) {
		char one[SERVICE_TEXT_LEN];
		size_t len = strcspn(at, ",");

		(void)snprintf(one, sizeof(one), "%.*s", (int)(len < sizeof(one) ? len : 0), at);

		const char *fault = add_service(services, one);

		if (fault) {
			(void)snprintf(why, SERVICES_WHY_LEN, "--udp: '%s': %s", one, fault);
			return false;
		}
		if (!at[len])
			return true;
	}
}

/* Gives services of QUIC the server ID of this host. Returns NULL, or why it is invalid. */
static const char *name_server(struct services *services, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long number = digits && digits < 6 ? strtoul(text, NULL, 10) : ULONG_MAX;
	bool named = false;

	if (text[digits] || number > UINT16_MAX)
		return "not a number from 0 to 65535";
	for (uint32_t i = 0; i < services->count; i++) {
		struct service_rule *rule = &services->list[i].rule;

		if (!rule->quic)
			continue;
		rule->named = named = true;
		rule->server_id = (uint16_t)number;
	}
	return named ? NULL : "no service of --udp is one of QUIC; write '/quic' behind its port";
}

int services_parse(struct services *out, const char *text, const char *server_id,
		   char why[SERVICES_WHY_LEN])
{
	struct services services = {0};

	if (strcmp(text, "none") != 0 && !parse_list(&services, text, why))
		return -EINVAL;

	const char *fault = server_id ? name_server(&services, server_id) : NULL;

	if (fault) {
		(void)snprintf(why, SERVICES_WHY_LEN, "--server-id: '%.16s': %s", server_id, fault);
		return -EINVAL;
	}
	*out = services;
	return 0;
}

const char *service_text(char out[SERVICE_TEXT_LEN], const struct services *services, uint32_t i)
{
	const struct service *service = &services->list[i].service;
	const struct service_rule *rule = &services->list[i].rule;
	struct glb_addr addr = {.version = service->version};
	bool v6 = service->version == 6;
	char named[24] = "";
	char text[ADDR_TEXT_LEN];

	memcpy(addr.bytes, service->address, sizeof(service->address));
	if (rule->named)
		(void)snprintf(named, sizeof(named), " server-id %u", rule->server_id);
	(void)snprintf(out, SERVICE_TEXT_LEN, "%s%s%s:%u%s%s", v6 ? "[" : "",
		       addr_text(text, &addr), v6 ? "]" : "", service->port,
		       rule->quic ? " quic" : "", named);
	return out;
}

int services_write(int map_fd, const struct services *services)
{
	for (uint32_t i = 0; i < services->count; i++)
		if (bpf_map_update_elem(map_fd, &services->list[i].service, &services->list[i].rule,
					BPF_ANY))
			return -errno;
	return 0;
}

int services_read(int map_fd, struct services *out)
{
	struct services services = {0};
	const struct service *last = NULL;

	while (services.count < SERVICES_MAX &&
	       !bpf_map_get_next_key(map_fd, last, &services.list[services.count].service)) {
		last = &services.list[services.count].service;
		if (bpf_map_lookup_elem(map_fd, last, &services.list[services.count].rule))
			return -errno;
		services.count++;
	}
	if (services.count < SERVICES_MAX && errno != ENOENT)
		return -errno;
	*out = services;
	return 0;
}
