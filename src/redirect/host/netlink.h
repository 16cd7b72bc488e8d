/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are all objects of a kind read from the kernel over netlink(7)?
 */
#ifndef GLB_REDIRECT_HOST_NETLINK_H
#define GLB_REDIRECT_HOST_NETLINK_H

#include <glb/bytes.h>
#include <linux/netlink.h>

/* Called for one message of a reply; `found` is the caller's. */
typedef void netlink_see(void *found, const struct nlmsghdr *message);

/*
 * Sends a request with NLM_F_DUMP to a protocol, such as NETLINK_ROUTE, and calls see() for every
 * message of the reply. True if the reply was complete; false if it was cut short or the kernel
 * refused.
 */
GLB_NODISCARD bool netlink_dump(int protocol, const struct nlmsghdr *request, netlink_see *see,
				void *found);

/* An attribute, pointing into the message. */
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

/* The attributes of a message, which follow a fixed header of head_len bytes. */
struct netlink_attributes netlink_attributes_of(const struct nlmsghdr *message, size_t head_len);

/* The attributes nested in an attribute. */
struct netlink_attributes netlink_nested(const struct netlink_attribute *attribute);

/* Reads the next attribute; false if none is left. */
bool netlink_next(struct netlink_attributes *left, struct netlink_attribute *attribute);

/* Finds an attribute by type; false if there is none, and *attribute is not to be read. */
bool netlink_find(struct netlink_attributes among, uint16_t type,
		  struct netlink_attribute *attribute);

/* Is the value this string, with or without a terminating NUL? */
bool netlink_says(const struct netlink_attribute *attribute, const char *string);

#endif
