/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "director/claim.h"
#include "director/link.h"
#include "director/netdev.h"
#include "sys/log.h"

static int refuse_claim(uint16_t id, const struct netdev *netdev, pid_t holder,
			struct glb_diag *diag)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	const char *port = netdev_port(id, name);

	if (holder == getpid())
		glb_diag(diag,
			 "port %s: another port is on %s as well, and would bring every "
			 "packet twice",
			 port, netdev->name);
	else if (holder)
		glb_diag(diag,
			 "port %s: the director with process ID %d serves %s, and would "
			 "forward every packet, too",
			 port, (int)holder, netdev->name);
	else
		glb_diag(diag,
			 "port %s: another director serves %s, and would forward every "
			 "packet, too",
			 port, netdev->name);
	return -EADDRINUSE;
}

static int claim(struct links *links, uint16_t id, struct glb_diag *diag)
{
	struct netdev netdev;
	pid_t holder = 0;

	if (!netdev_of(&netdev, id) || !netdev.is_copied)
		return 0;

	int fd = claim_take(if_nametoindex(netdev.name), &holder);

	if (fd == -EADDRINUSE)
		return refuse_claim(id, &netdev, holder, diag);
	if (fd < 0)
		log_warning("cannot see whether another director serves %s: %s", netdev.name,
			    strerror(-fd));
	else
		links->claims[id] = fd;
	return 0;
}

int links_open(struct links *links, struct glb_diag *diag)
{
	int err = netdev_check_all_made(diag);

	/* those that belong to another one, such as a bond, are devices all the same */
	for (uint16_t id = rte_eth_find_next(0); id < RTE_MAX_ETHPORTS && !err;
	     id = rte_eth_find_next(id + 1)) {
		err = netdev_check(id, diag);
		if (!err)
			err = claim(links, id, diag);
	}
	return err;
}

void links_close(struct links *links)
{
	for (unsigned int id = 0; id < RTE_MAX_ETHPORTS; id++)
		if (links->claims[id] > 0)
			(void)close(links->claims[id]);
	*links = (struct links){0};
}
