/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "director/claim.h"
#include "director/netdev.h"
#include "sys/log.h"

/* The name begins with a byte of 0, which makes it abstract. Returns its length. */
static socklen_t name_claim(struct sockaddr_un *out, uint32_t ifindex)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};

	int len = snprintf(out->sun_path + 1, sizeof(out->sun_path) - 1,
			   "glb-director/device/%" PRIu32, ifindex);

	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

static pid_t holder_of(const struct sockaddr_un *name, socklen_t name_len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	if (fd < 0)
		return 0;
	if (!connect(fd, (const struct sockaddr *)name, name_len))
		(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	(void)close(fd);
	return peer.pid;
}

static int claim_take(uint32_t ifindex, pid_t *holder)
{
	struct sockaddr_un name;
	socklen_t len = name_claim(&name, ifindex);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (const struct sockaddr *)&name, len) && !listen(fd, SOMAXCONN))
		return fd;
	err = -errno;
	(void)close(fd);
	if (err == -EADDRINUSE)
		*holder = holder_of(&name, len);
	return err;
}

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

int claim_port(int *out, uint16_t id, struct glb_diag *diag)
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
		*out = fd;
	return 0;
}
