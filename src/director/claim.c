/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "director/claim.h"
#include "director/netdev.h"
#include "sys/log.h"

/*
 * The protocol of a claim. No frame carries it, so nothing is ever received: values below 0x600 are
 * lengths in the type field (IEEE 802.3, 3.2.6), and the kernel assigns other numbers to those
 * frames.
 */
enum { CLAIM_PROTOCOL = 0x06c };

/* Opens a packet socket on a device, bound to the claim protocol. Returns it, or -errno. */
static int make_claim(uint32_t ifindex)
{
	const struct sockaddr_ll at = {.sll_family = AF_PACKET,
				       .sll_protocol = htons(CLAIM_PROTOCOL),
				       .sll_ifindex = (int)ifindex};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		return fd;
	err = -errno;
	(void)close(fd);
	return err;
}

/* Finds the inode of another claim on the device. Returns 0 and sets *out, 0 if there is none; or
 * -errno. */
static int find_other(ino_t *out, uint32_t ifindex, ino_t own)
{
	FILE *file = fopen("/proc/net/packet", "re");
	char line[256];

	if (!file)
		return -errno;
	*out = 0;
	while (!*out && fgets(line, sizeof(line), file)) {
		unsigned int protocol, device;
		unsigned long inode;

		/* sk RefCnt Type Proto Iface R Rmem User Inode */
		if (sscanf(line, "%*s %*s %*s %x %u %*s %*s %*s %lu", &protocol, &device, &inode) ==
			    3 &&
		    protocol == CLAIM_PROTOCOL && device == ifindex && inode != own)
			*out = inode;
	}
	(void)fclose(file);
	return 0;
}

static bool has_socket(const char *pid, const char *wanted)
{
	char path[PATH_MAX];
	char link[64];
	const struct dirent *entry;
	bool found = false;
	DIR *fds;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	fds = opendir(path);
	while (fds && !found && (entry = readdir(fds))) {
		ssize_t len = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);

		link[len > 0 ? len : 0] = '\0';
		found = !strcmp(link, wanted);
	}
	if (fds)
		(void)closedir(fds);
	return found;
}

/* The process that holds a socket; 0 if it is in another PID namespace, or has just ended. */
static pid_t holder_of(ino_t inode)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	char wanted[64];
	pid_t pid = 0;

	(void)snprintf(wanted, sizeof(wanted), "socket:[%ju]", (uintmax_t)inode);
	while (processes && !pid && (entry = readdir(processes)))
		if (isdigit((unsigned char)*entry->d_name) && has_socket(entry->d_name, wanted))
			pid = atoi(entry->d_name);
	if (processes)
		(void)closedir(processes);
	return pid;
}

/*
 * Claims first and checks afterwards, so that of two directors that start together at least one
 * sees the other. Returns the claim, or -errno: -EADDRINUSE with *holder, the process that holds
 * the other claim, or 0.
 */
static int take_claim(uint32_t ifindex, pid_t *holder)
{
	int fd = make_claim(ifindex);
	struct stat own;
	ino_t other = 0;
	int err;

	if (fd < 0)
		return fd;
	err = fstat(fd, &own) ? -errno : find_other(&other, ifindex, own.st_ino);
	if (!err && !other)
		return fd;
	(void)close(fd);
	if (err)
		return err;
	*holder = holder_of(other);
	return -EADDRINUSE;
}

static int refuse_claim(uint16_t id, const struct netdev *netdev, pid_t holder,
			struct glb_diag *diag)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	const char *port = netdev_port(id, name);
	const char *why = netdev->is_copied ? "would forward every packet, too"
					    : "has its packets, or a copy of them";

	if (holder == getpid())
		glb_diag(diag,
			 "port %s: another port is on %s as well, and every packet would arrive "
			 "twice",
			 port, netdev->name);
	else if (holder)
		glb_diag(diag, "port %s: the director with process ID %d serves %s, and %s", port,
			 (int)holder, netdev->name, why);
	else
		glb_diag(diag, "port %s: another director serves %s, and %s", port, netdev->name,
			 why);
	return -EADDRINUSE;
}

int claim_port(int *out, uint16_t id, struct glb_diag *diag)
{
	struct netdev netdev;
	pid_t holder = 0;

	if (!netdev_of(&netdev, id) || !(netdev.is_copied || netdev.is_xdp))
		return 0;

	int fd = take_claim(netdev.ifindex, &holder);

	/* ports of one director may have different queues of a device */
	if (fd == -EADDRINUSE && holder == getpid() && !netdev.is_copied && !netdev.has_xdp_prog)
		return 0;
	if (fd == -EADDRINUSE)
		return refuse_claim(id, &netdev, holder, diag);
	if (fd < 0)
		log_warning("cannot tell whether another director serves %s: %s", netdev.name,
			    strerror(-fd));
	else
		*out = fd;
	return 0;
}
