/* SPDX-License-Identifier: BSD-3-Clause */
#include "sock_diag.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

bool sock_diag_dump(uint8_t family, uint8_t proto, uint32_t states, netlink_see *see, void *found)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 about;
	} request = {
		.header.nlmsg_len = sizeof(request),
		.header.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.about.sdiag_family = family,
		.about.sdiag_protocol = proto,
		.about.idiag_states = states,
	};

	return netlink_dump(NETLINK_SOCK_DIAG, &request.header, see, found);
}
