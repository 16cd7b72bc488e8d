/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "conf/addr.h"
#include "flow.h"
#include "sys/log.h"

static bool flow_read_port(uint16_t *out, const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port > UINT16_MAX) {
		log_error("\"%s\" is not a port from 0 to 65535", text);
		return false;
	}
	*out = (uint16_t)port;
	return true;
}

static bool flow_read_addr(struct glb_addr *out, const char *text)
{
	if (!addr_parse(out, text)) {
		log_error("\"%s\" is not an IPv4 or IPv6 address", text);
		return false;
	}
	return true;
}

static bool flow_read_proto(uint8_t *out, const char *text)
{
	if (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0) {
		log_error("\"%s\" is not tcp or udp", text);
		return false;
	}
	*out = text[0] == 't' ? GLB_PROTO_TCP : GLB_PROTO_UDP;
	return true;
}

static bool is_proto(const char *text)
{
	return *text == 't' || *text == 'u';
}

int flow_read(struct path_question *out, int count, char **words)
{
	struct path_question flow = {.proto = GLB_PROTO_TCP};
	bool has_proto = is_proto(words[count - 1]);

	if (count - has_proto < FLOW_WORDS_MIN || count - has_proto > FLOW_WORDS_MIN + 1)
		return EXIT_USAGE;
	if (has_proto && !flow_read_proto(&flow.proto, words[--count]))
		return EXIT_FAILED;
	flow.has_src_port = count > FLOW_WORDS_MIN;
	if (flow.has_src_port && !flow_read_port(&flow.src_port, words[1]))
		return EXIT_FAILED;
	if (!flow_read_addr(&flow.src, words[0]) || !flow_read_addr(&flow.dst, words[count - 2]) ||
	    !flow_read_port(&flow.dst_port, words[count - 1]))
		return EXIT_FAILED;
	*out = flow;
	return EXIT_OK;
}
