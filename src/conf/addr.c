/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/addr.h"

bool addr_parse(struct glb_addr *out, const char *text)
{
	struct glb_addr addr = {{0}, strchr(text, ':') ? 6 : 4};

	if (inet_pton(addr.version == 4 ? AF_INET : AF_INET6, text, addr.bytes) != 1)
		return false;
	*out = addr;
	return true;
}

/* A decimal number up to `max`, without leading zeros. */
static bool number_parse(uint32_t *out, uint32_t max, const char *text)
{
	uint32_t value = 0;

	if (!*text || (*text == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		value = value * 10 + (uint32_t)(*text - '0');
		if (value > max)
			return false;
	}
	*out = value;
	return true;
}

bool addr_port_parse(struct glb_addr *out, uint16_t *port, const char *text)
{
	const char *colon = strrchr(text, ':');
	bool bracket = *text == '[';
	char head[ADDR_TEXT_LEN];
	struct glb_addr addr;
	uint32_t number;

	if (!colon || (bracket && (colon == text || colon[-1] != ']')))
		return false;

	size_t head_len = (size_t)(colon - text) - (bracket ? 2 : 0);

	if (head_len >= sizeof(head))
		return false;
	memcpy(head, text + bracket, head_len);
	head[head_len] = 0;
	if (!addr_parse(&addr, head) || (addr.version == 6) != bracket ||
	    !number_parse(&number, UINT16_MAX, colon + 1))
		return false;
	*out = addr;
	*port = (uint16_t)number;
	return true;
}

bool prefix_parse(struct glb_addr *out, uint8_t *prefix_len, const char *text)
{
	const char *slash = strchr(text, '/');
	char head[ADDR_TEXT_LEN];
	size_t head_len = slash ? (size_t)(slash - text) : strlen(text);
	struct glb_addr addr;

	if (head_len >= sizeof(head))
		return false;
	memcpy(head, text, head_len);
	head[head_len] = 0;
	if (!addr_parse(&addr, head))
		return false;

	unsigned int max = addr.version == 4 ? 32 : 128;
	unsigned int len = slash ? 0 : max;

	if (slash && !slash[1])
		return false;
	for (const char *digit = slash ? slash + 1 : ""; *digit; digit++) {
		if (!isdigit((unsigned char)*digit) || len > max)
			return false;
		len = len * 10 + (unsigned int)(*digit - '0');
	}
	if (len > max)
		return false;
	*out = addr;
	*prefix_len = (uint8_t)len;
	return true;
}

struct glb_addr addr_network(const struct glb_addr *addr, unsigned int prefix_len)
{
	struct glb_addr network = *addr;

	for (unsigned int bit = prefix_len; bit < 128; bit++)
		network.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return network;
}

static int hex_value(char digit)
{
	if (!isxdigit((unsigned char)digit))
		return -1;
	return isdigit((unsigned char)digit) ? digit - '0'
					     : tolower((unsigned char)digit) - 'a' + 10;
}

/* Exactly 2 * len hexadecimal digits, with a colon after every `group` bytes (0: without colons).
 */
static bool digits_parse(uint8_t *out, size_t len, const char *text, size_t group)
{
	for (size_t i = 0; i < len; i++) {
		if (group && i && i % group == 0 && *text++ != ':')
			return false;

		int high = hex_value(text[0]);
		int low = high < 0 ? -1 : hex_value(text[1]);

		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return !*text;
}

bool hex_parse(uint8_t *out, size_t len, const char *text)
{
	return digits_parse(out, len, text, 0);
}

bool mac_parse(uint8_t out[GLB_MAC_LEN], const char *text)
{
	uint8_t mac[GLB_MAC_LEN];

	if (!digits_parse(mac, sizeof(mac), text, 1) && !digits_parse(mac, sizeof(mac), text, 2))
		return false;
	memcpy(out, mac, sizeof(mac));
	return true;
}

bool key_parse(uint8_t out[GLB_SIPHASH_KEY_LEN], const char *text)
{
	uint8_t key[GLB_SIPHASH_KEY_LEN];

	if (!hex_parse(key, sizeof(key), text))
		return false;
	memcpy(out, key, sizeof(key));
	return true;
}

const char *addr_text(char *out, const struct glb_addr *addr)
{
	return inet_ntop(addr->version == 4 ? AF_INET : AF_INET6, addr->bytes, out, ADDR_TEXT_LEN);
}

const char *prefix_text(char out[PREFIX_TEXT_LEN], const struct glb_addr *addr,
			unsigned int prefix_len)
{
	char text[ADDR_TEXT_LEN];

	(void)addr_text(text, addr);
	if (prefix_len == (addr->version == 4 ? 32 : 128))
		(void)snprintf(out, PREFIX_TEXT_LEN, "%s", text);
	else
		(void)snprintf(out, PREFIX_TEXT_LEN, "%s/%u", text, prefix_len);
	return out;
}

const char *bind_text(char out[BIND_TEXT_LEN], const struct glb_bind *bind)
{
	char addr[ADDR_TEXT_LEN];
	char prefix[8] = "";
	char last[8] = "";

	if (bind->prefix_len != (bind->addr.version == 4 ? 32 : 128))
		(void)snprintf(prefix, sizeof(prefix), "/%u", bind->prefix_len);
	if (bind->port_last != bind->port_first)
		(void)snprintf(last, sizeof(last), "-%u", bind->port_last);
	(void)snprintf(out, BIND_TEXT_LEN, "%s%s %s %u%s%s", addr_text(addr, &bind->addr), prefix,
		       bind->proto == GLB_PROTO_TCP ? "tcp" : "udp", bind->port_first, last,
		       bind->quic ? " quic" : "");
	return out;
}

const char *mac_text(char out[MAC_TEXT_LEN], const uint8_t mac[GLB_MAC_LEN])
{
	(void)snprintf(out, MAC_TEXT_LEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		       mac[3], mac[4], mac[5]);
	return out;
}
