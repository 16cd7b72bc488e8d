/* SPDX-License-Identifier: BSD-3-Clause */
#include "syn_settings.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include <glb/net.h>

#include "redirect/host/default_route.h"
#include "redirect/host/device.h"
#include "redirect/host/sysctl.h"

/* The window scale that the kernel offers: tcp_select_initial_window(). */
static uint8_t window_scale(void)
{
	char text[SYSCTL_TEXT_LEN];
	int64_t space = 0;
	int64_t most = 0;
	uint8_t scale = 0;

	if (sysctl_text(text, "/proc/sys/net/ipv4/tcp_rmem") ||
	    sscanf(text, "%*s %*s %" SCNd64, &space) != 1)
		space = 6291456; /* the kernel's default */
	if (!sysctl_number(&most, "net/core/rmem_max") && most > space)
		space = most;
	while (space > UINT16_MAX && scale < TCP_WSCALE_MAX) {
		space >>= 1;
		scale++;
	}
	return scale;
}

/* What clients of an IP version are told to send at most; 0 with an obstacle. */
static uint16_t offered_mss(int ifindex, uint8_t version, enum syn_obstacle *obstacle)
{
	const uint32_t headers = (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) + GLB_TCP_LEN;
	struct default_route route = {.metric = 0};
	struct device_facts facts;
	uint32_t mtu = 0;

	*obstacle = SYN_NO_OBSTACLE;
	if (default_route_read(&route, version) && !default_route_leaves_by(&route, ifindex)) {
		*obstacle = SYN_OTHER_WAY;
		return 0;
	}
	if (device_read(&facts, ifindex))
		mtu = facts.mtu;
	if (route.mtu && route.mtu < mtu)
		mtu = route.mtu;

	uint32_t mss = mtu > headers ? mtu - headers : 0;

	if (route.advmss && route.advmss < mss)
		mss = route.advmss;
	return (uint16_t)(mss > UINT16_MAX ? UINT16_MAX : mss);
}

void syn_settings_read(struct syn_settings *out, int ifindex, enum syn_obstacle obstacles[7])
{
	enum syn_obstacle found[7];

	*out = (struct syn_settings){.wscale = window_scale()};
	out->mss4 = offered_mss(ifindex, 4, &found[4]);
	out->mss6 = offered_mss(ifindex, 6, &found[6]);
	if (obstacles) {
		obstacles[4] = found[4];
		obstacles[6] = found[6];
	}
}

bool syn_settings_answer(const struct syn_settings *settings)
{
	return settings->mss4 || settings->mss6;
}

int syn_key_begin(int map_fd)
{
	const uint32_t first = 0;
	struct syn_cookie_key key;

	if (bpf_map_lookup_elem(map_fd, &first, &key))
		return -errno;
	if (key.halves[0] || key.halves[1])
		return 0;
	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return -EIO;
	return bpf_map_update_elem(map_fd, &first, &key, BPF_ANY) ? -errno : 0;
}
