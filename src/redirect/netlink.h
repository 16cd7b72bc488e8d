/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is the kernel asked over netlink(7) for everything of a kind?
 */
#ifndef GLB_REDIRECT_NETLINK_H
#define GLB_REDIRECT_NETLINK_H

#include <glb/bytes.h>
#include <linux/netlink.h>

/* Shown one message of an answer; `found` is what the caller keeps. */
typedef void netlink_see(void *found, const struct nlmsghdr *message);

/*
 * Sends a request with NLM_F_DUMP to a protocol, such as NETLINK_ROUTE, and shows every message of
 * the answer. True when that came to its end; false when it broke off or the kernel refused.
 */
GLB_NODISCARD bool netlink_dump(int protocol, const struct nlmsghdr *request, netlink_see *see,
				void *found);

/* One attribute of a message, which stays where it is. */
struct netlink_attribute {
	uint16_t type; /* without its flags */
	uint16_t len;  /* bytes of the value */
	const void *value;
};

/* Attributes not read yet. */
struct netlink_attributes {
	const uint8_t *at;
	size_t len;
};

/* Those of a message, behind a fixed head of head_len bytes. */
struct netlink_attributes netlink_attributes_of(const struct nlmsghdr *message, size_t head_len);

/* Those inside an attribute. */
struct netlink_attributes netlink_nested(const struct netlink_attribute *attribute);

/* Reads the next attribute; false when none is left. */
bool netlink_next(struct netlink_attributes *left, struct netlink_attribute *attribute);

/* Is the value this string, with its final zero or without? */
bool netlink_says(const struct netlink_attribute *attribute, const char *string);

#endif
