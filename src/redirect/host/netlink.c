/* SPDX-License-Identifier: BSD-3-Clause */
#include "netlink.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* True at the end of the reply; false if it does not arrive. */
static bool netlink_read_answer(int fd, netlink_see *see, void *found)
{
	_Alignas(struct nlmsghdr) char answer[32768];

	for (;;) {
		ssize_t len = recv(fd, answer, sizeof(answer), 0);

		if (len <= 0)
			return false;
		for (struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, len);
		     message = NLMSG_NEXT(message, len)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return true;
			if (message->nlmsg_type == NLMSG_ERROR)
				return false;
			if (message->nlmsg_type >= NLMSG_MIN_TYPE)
				see(found, message);
		}
	}
}

bool netlink_dump(int protocol, const struct nlmsghdr *request, netlink_see *see, void *found)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return false;

	bool complete = send(fd, request, request->nlmsg_len, 0) == (ssize_t)request->nlmsg_len &&
			netlink_read_answer(fd, see, found);

	close(fd);
	return complete;
}

struct netlink_attributes netlink_attributes_of(const struct nlmsghdr *message, size_t head_len)
{
	size_t before =
		sizeof(*message) + (head_len + NLMSG_ALIGNTO - 1U) / NLMSG_ALIGNTO * NLMSG_ALIGNTO;

	if (message->nlmsg_len < before)
		return (struct netlink_attributes){0};
	return (struct netlink_attributes){(const uint8_t *)message + before,
					   message->nlmsg_len - before};
}

struct netlink_attributes netlink_nested(const struct netlink_attribute *attribute)
{
	return (struct netlink_attributes){attribute->value, attribute->len};
}

bool netlink_next(struct netlink_attributes *left, struct netlink_attribute *attribute)
{
	struct nlattr header;

	if (left->len < sizeof(header))
		return false;
	memcpy(&header, left->at, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > left->len)
		return false;

	size_t padded = (header.nla_len + NLA_ALIGNTO - 1U) / NLA_ALIGNTO * NLA_ALIGNTO;
	size_t step = padded < left->len ? padded : left->len;

	*attribute = (struct netlink_attribute){
		.type = (uint16_t)(header.nla_type &
				   ~(unsigned int)(NLA_F_NESTED | NLA_F_NET_BYTEORDER)),
		.len = (uint16_t)(header.nla_len - sizeof(header)),
		.value = left->at + sizeof(header),
	};
	left->at += step;
	left->len -= step;
	return true;
}

bool netlink_find(struct netlink_attributes among, uint16_t type,
		  struct netlink_attribute *attribute)
{
	while (netlink_next(&among, attribute))
		if (attribute->type == type)
			return true;
	return false;
}

bool netlink_says(const struct netlink_attribute *attribute, const char *string)
{
	size_t len = strnlen(attribute->value, attribute->len);

	return len == strlen(string) && !memcmp(attribute->value, string, len);
}
