/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is the text of an address, prefix, MAC address or key. */
#include <stdbool.h>
#include <string.h>

#include "conf/addr.h"
#include "fuzz.h"

/* An address survives being written and read again; a prefix is an address and a length. */
static void check_addr(const char *text)
{
	struct glb_addr addr;
	struct glb_addr again;
	uint8_t prefix_len = 255;
	char written[ADDR_TEXT_LEN];
	bool is_addr = addr_parse(&addr, text);

	if (is_addr) {
		PROMISE(addr.version == 4 || addr.version == 6);
		PROMISE(addr_text(written, &addr) == written);
		PROMISE(addr_parse(&again, written) && glb_addr_equal(&addr, &again));
	}
	if (prefix_parse(&again, &prefix_len, text)) {
		PROMISE(prefix_len <= (again.version == 4 ? 32 : 128));
		PROMISE(is_addr == !strchr(text, '/'));
	} else {
		PROMISE(!is_addr && prefix_len == 255);
	}
}

/* What is read can be written, and is read as the same again. */
static void check_addr_port(const char *text)
{
	struct glb_addr addr;
	struct glb_addr again;
	uint16_t port;
	uint16_t port_again;
	char one[ADDR_TEXT_LEN];
	char written[ADDR_TEXT_LEN + 8];

	if (!addr_port_parse(&addr, &port, text))
		return;
	(void)snprintf(written, sizeof(written), addr.version == 6 ? "[%s]:%u" : "%s:%u",
		       addr_text(one, &addr), port);
	PROMISE(addr_port_parse(&again, &port_again, written));
	PROMISE(glb_addr_equal(&addr, &again) && port == port_again);
}

static void check_mac(const char *text)
{
	uint8_t mac[GLB_MAC_LEN];
	uint8_t again[GLB_MAC_LEN];
	char written[18];

	if (!mac_parse(mac, text))
		return;
	(void)snprintf(written, sizeof(written), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		       mac[2], mac[3], mac[4], mac[5]);
	PROMISE(mac_parse(again, written) && !memcmp(mac, again, sizeof(mac)));
	PROMISE(strlen(text) == 17 || strlen(text) == 14);
}

static void check_key(const char *text)
{
	uint8_t key[GLB_SIPHASH_KEY_LEN];

	if (key_parse(key, text))
		PROMISE(strlen(text) == 32 && strspn(text, "0123456789abcdefABCDEF") == 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	char *text = malloc(len + 1);

	PROMISE(text);
	memcpy(text, input, len);
	text[len] = 0;
	check_addr(text);
	check_addr_port(text);
	check_mac(text);
	check_key(text);
	free(text);
	return 0;
}
