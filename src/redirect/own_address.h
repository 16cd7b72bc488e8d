/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is this an address of this host?
 *
 * The routing table knows, but a program may query it only on a device with forwarding enabled,
 * which those of a proxy rarely are. So the addresses are kept in a map, which is rebuilt from the
 * kernel's lists whenever the kernel's count of address changes moves.
 */
#ifndef GLB_REDIRECT_OWN_ADDRESS_H
#define GLB_REDIRECT_OWN_ADDRESS_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include <glb/net.h>

enum {
	/* limit on devices plus addresses visited per IP version: see docs/second-chance.md */
	OWN_LOOK_AT_MAX = 64,
	OWN_PLACES = 2 * OWN_LOOK_AT_MAX,
	OWN_REMEMBER_MAX = 1024, /* exceeds OWN_PLACES, as outdated entries are deleted last */
};

/* The kernel's structures, reduced to the members used; the loader relocates them. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct list_head {
	struct list_head *next;
};
struct in_ifaddr {
	struct in_ifaddr *ifa_next;
	__u32 ifa_local;
};
struct in_device {
	struct in_ifaddr *ifa_list;
};
struct in6_addr {
};
struct inet6_ifaddr {
	struct in6_addr addr;
	struct list_head if_list;
};
struct inet6_dev {
	struct list_head addr_list;
};
typedef struct {
	int counter;
} atomic_t;
struct netns_ipv4 {
	atomic_t dev_addr_genid; /* incremented with every change of an address */
};
struct netns_ipv6 {
	atomic_t dev_addr_genid;
};
struct net {
	struct list_head dev_base_head;
	struct netns_ipv4 ipv4;
	struct netns_ipv6 ipv6;
};
struct net_device {
	struct list_head dev_list;
	struct {
		struct net *net;
	} nd_net;
	struct in_device *ip_ptr;
	struct inet6_dev *ip6_ptr;
};
struct sk_buff {
	struct net_device *dev;
};
#pragma clang attribute pop

/* An address; IPv4 in the first word. */
struct own_key {
	uint64_t words[2];
	uint64_t version;
};

/* The generation in which an address was last seen on this host. If it is the current one, the
 * address is ours. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWN_REMEMBER_MAX);
	__type(key, struct own_key);
	__type(value, uint64_t);
} glb_own SEC(".maps");

/*
 * The address last seen at each position of the lists, IPv4 first, then IPv6. An address whose
 * position was taken by another is deleted from the map, unless it was seen elsewhere in this
 * generation.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OWN_PLACES);
	__type(key, uint32_t);
	__type(value, struct own_key);
} glb_own_places SEC(".maps");

/* The current generation. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, uint64_t);
} glb_own_generation SEC(".maps");

#define MEMBER_AT(pointer, type, member)                                                           \
	((const void *)((const char *)(pointer) + bpf_core_field_offset(type, member)))
#define AROUND(pointer, type, member)                                                              \
	((const type *)((const char *)(pointer)-bpf_core_field_offset(type, member)))

/*
 * The addresses of a device form a list. IPv4: linked by a pointer. IPv6: a ring of links embedded
 * in the addresses, with a head in the device. Reading through NULL yields NULL.
 */
struct addresses {
	const void *at; /* the current element; NULL or `end` after the last one */
	const void *end;
};

GLB_INLINE struct addresses addresses_of(const struct net_device *dev, uint8_t version)
{
	if (version == 4)
		return (struct addresses){BPF_CORE_READ(dev, ip_ptr, ifa_list), NULL};

	const struct inet6_dev *in6 = BPF_CORE_READ(dev, ip6_ptr);

	return (struct addresses){BPF_CORE_READ(in6, addr_list.next),
				  MEMBER_AT(in6, struct inet6_dev, addr_list)};
}

GLB_INLINE const void *next_address(const void *at, uint8_t version)
{
	if (version == 4)
		return BPF_CORE_READ((const struct in_ifaddr *)at, ifa_next);
	return BPF_CORE_READ((const struct list_head *)at, next);
}

/* Reads the address of a list element. */
GLB_INLINE struct own_key key_at(const void *at, uint8_t version)
{
	struct own_key key = {.version = version};

	if (version == 4) {
		key.words[0] = BPF_CORE_READ((const struct in_ifaddr *)at, ifa_local);
		return key;
	}

	const struct inet6_ifaddr *address = AROUND(at, struct inet6_ifaddr, if_list);

	bpf_core_read(key.words, sizeof(key.words), &address->addr);
	return key;
}

/* The device after `dev` in its namespace's list, a ring whose head is not a device. */
GLB_INLINE const struct net_device *next_device(const struct net_device *dev, const void *head)
{
	const struct list_head *link = BPF_CORE_READ(dev, dev_list.next);

	if (link == head)
		link = BPF_CORE_READ(link, next);
	return AROUND(link, struct net_device, dev_list);
}

/* Adds an address, seen at a position of the lists, to the map and deletes the one seen there
 * before. */
GLB_INLINE void remember(const struct own_key *key, uint32_t place, uint64_t generation)
{
	struct own_key *last = bpf_map_lookup_elem(&glb_own_places, &place);

	bpf_map_update_elem(&glb_own, key, &generation, BPF_ANY);
	if (!last)
		return;

	const uint64_t *since = bpf_map_lookup_elem(&glb_own, last);

	if (since && *since != generation)
		bpf_map_delete_elem(&glb_own, last);
	*last = *key;
}

/* Adds the addresses of one IP version to the map, those of device `first` first. */
GLB_INLINE void remember_addresses(const struct net_device *first, const struct net *net,
				   uint64_t generation, uint8_t version)
{
	const void *head = MEMBER_AT(net, struct net, dev_base_head);
	const struct net_device *dev = first;
	struct addresses list = addresses_of(dev, version);
	uint32_t place = version == 4 ? 0 : OWN_LOOK_AT_MAX;

	for (int i = 0; i < OWN_LOOK_AT_MAX; i++) {
		if (list.at && list.at != list.end) {
			struct own_key key = key_at(list.at, version);

			remember(&key, place++, generation);
			list.at = next_address(list.at, version);
			continue;
		}
		dev = next_device(dev, head);
		if (dev == first)
			return;
		list = addresses_of(dev, version);
	}
}

/* A value that changes when an address is added or removed, or the device moves to another
 * namespace. */
GLB_INLINE uint64_t generation_of(const struct net *net)
{
	uint32_t changes4 = (uint32_t)BPF_CORE_READ(net, ipv4.dev_addr_genid.counter);
	uint32_t changes6 = (uint32_t)BPF_CORE_READ(net, ipv6.dev_addr_genid.counter);

	return ((uint64_t)changes4 << 32 | changes6) ^ (uint64_t)net;
}

/*
 * Returns the current generation of addresses, after updating the map to it. Not inlined, so that
 * the verifier checks it once.
 */
__attribute__((noinline)) uint64_t own_generation(struct __sk_buff *skb)
{
	const struct net_device *dev = BPF_CORE_READ((const struct sk_buff *)skb, dev);
	const struct net *net = BPF_CORE_READ(dev, nd_net.net);
	uint64_t generation = generation_of(net);
	uint32_t only = 0;
	uint64_t *known = bpf_map_lookup_elem(&glb_own_generation, &only);

	if (known && *known != generation) {
		remember_addresses(dev, net, generation, 4);
		remember_addresses(dev, net, generation, 6);
		*known = generation;
	}
	return generation;
}

/* Does a device of this host have the address, of 4 or 16 bytes, in this generation? */
GLB_INLINE bool is_own_address(const void *address, uint8_t version, uint64_t generation)
{
	struct own_key key = {.version = version};

	if (version == 4)
		key.words[0] = glb_load32(address);
	else
		__builtin_memcpy(key.words, address, sizeof(key.words));

	const uint64_t *since = bpf_map_lookup_elem(&glb_own, &key);

	return since && *since == generation;
}

#endif
