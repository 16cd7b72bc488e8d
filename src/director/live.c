/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "director/live.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"

static const char tun_path[] = "/dev/net/tun";

enum {
	/* the largest packet: the kernel never has an ICMP error to send */
	LIVE_MTU = 65535,
	/* the kernel queues the rest, and drops packets beyond 500 */
	DROPS_A_TURN = 64,
	LOOK_MS = 1000,
};

/* --- The kernel's device --- */

static struct ifreq request_for(const char *name)
{
	struct ifreq request = {0};

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return request;
}

/* An existing device of this name is never touched. */
static int make_tun(int *out, const char *name)
{
	int fd = open(tun_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq request = request_for(name);

	if (fd < 0)
		return -errno;
	request.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | (short)IFF_TUN_EXCL);
	if (ioctl(fd, TUNSETIFF, &request)) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

/* The current name of the device. -EBADFD: it was deleted. */
static int find_name(struct ifreq *out, const struct live *live)
{
	struct ifreq request = {0};

	if (live->tun < 0)
		return -EBADFD;
	if (ioctl(live->tun, TUNGETIFF, &request))
		return -errno;
	*out = request_for(request.ifr_name);
	return 0;
}

/* The flags of the device, by its current name. */
static int read_link(struct ifreq *out, const struct live *live)
{
	int err = find_name(out, live);

	if (err)
		return err;
	return ioctl(live->link, SIOCGIFFLAGS, out) ? -errno : 0;
}

static int set_link(const struct live *live, bool up)
{
	struct ifreq request;
	int err = read_link(&request, live);

	if (err)
		return err;
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	return ioctl(live->link, SIOCSIFFLAGS, &request) ? -errno : 0;
}

static int get_link(bool *up, const struct live *live)
{
	struct ifreq request;
	int err = read_link(&request, live);

	if (!err)
		*up = request.ifr_flags & IFF_UP;
	return err;
}

static int make_device(struct live *live)
{
	struct ifreq request = request_for(live->name);
	int err = make_tun(&live->tun, live->name);

	if (err)
		return err;
	request.ifr_mtu = LIVE_MTU;
	(void)ioctl(live->link, SIOCSIFMTU, &request); /* 1500 would do as well */
	live->up = live->is_foreign = false;
	return 0;
}

/* --- The director's side --- */

static void live_explain(struct glb_diag *diag, const char *name, int err)
{
	switch (err) {
	case -EBUSY:
		glb_diag(diag, "live_device %s: there is a device of this name already", name);
		break;
	case -EPERM:
	case -EACCES:
		glb_diag(diag, "live_device %s: not permitted, it takes CAP_NET_ADMIN and %s", name,
			 tun_path);
		break;
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		glb_diag(diag, "live_device %s: there is no %s: modprobe tun", name, tun_path);
		break;
	case -EINVAL:
		glb_diag(diag, "live_device %s: invalid name of a device", name);
		break;
	default:
		glb_diag(diag, "live_device %s: %s", name, strerror(-err));
	}
}

/* The kernel treats "%" in a name as a pattern. */
static bool is_name(const char *name)
{
	return !strpbrk(name, "%/: \t\n") && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int live_open(struct live *live, const char *name, struct glb_diag *diag)
{
	struct live opened = {.tun = -1};
	int err = is_name(name) ? 0 : -EINVAL;

	(void)snprintf(opened.name, sizeof(opened.name), "%s", name);
	opened.link = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (opened.link < 0)
		err = -errno;
	if (!err)
		err = make_device(&opened);
	if (err) {
		live_explain(diag, name, err);
		if (opened.link >= 0)
			(void)close(opened.link);
		return err;
	}
	*live = opened;
	return 0;
}

/* Logs each reason once, however many attempts fail. */
static void complain(struct live *live, int err)
{
	struct glb_diag why = {{0}};

	if (err == live->err)
		return;
	live->err = err;
	if (!err)
		return;
	live_explain(&why, live->name, err);
	log_error("%s; routing daemons consider this director dead", why.text);
}

/* False if the device is gone. */
static bool drop_arrived(const struct live *live)
{
	uint8_t packet[64]; /* read() discards the rest of a packet */

	for (unsigned int i = 0; i < DROPS_A_TURN; i++)
		if (read(live->tun, packet, sizeof(packet)) < 0)
			return errno != EBADFD;
	return true;
}

/* Recreates the device if it was deleted. False if there is none. */
static bool mend(struct live *live)
{
	int err;

	if (live->tun >= 0 && drop_arrived(live))
		return true;
	if (live->tun >= 0) {
		log_warning("live_device %s was deleted, and is created again", live->name);
		(void)close(live->tun);
		live->tun = -1;
	}
	err = make_device(live);
	complain(live, err);
	return !err;
}

/* Not in every turn: the kernel serializes this with all changes of routes and devices. */
static void notice_strangers(struct live *live)
{
	uint64_t now_ms = clock_ms();
	bool up = live->up;

	if (now_ms < live->look_at_ms)
		return;
	live->look_at_ms = now_ms + LOOK_MS;
	if (get_link(&up, live) || (up != live->up) == live->is_foreign)
		return;
	live->is_foreign = up != live->up;
	if (live->is_foreign)
		log_warning("live_device %s was set %s by another process, and is left alone until "
			    "it is to be %s: ip link set %s %s",
			    live->name, up ? "up" : "down", up ? "up" : "down", live->name,
			    live->up ? "up" : "down");
	else
		log_info("live_device %s is %s again", live->name, up ? "up" : "down");
}

void live_set(struct live *live, bool up)
{
	const struct log_pairs pairs = log_pairs_of(up ? "live_up" : "live_down");
	int err;

	if (!live->name[0] || !mend(live))
		return;
	if (up == live->up) {
		notice_strangers(live);
		return;
	}
	err = set_link(live, up);
	complain(live, err);
	if (err)
		return;
	live->up = up;
	live->is_foreign = false;
	log_event(LOG_LEVEL_INFO, &pairs, "live_device %s is %s", live->name, up ? "up" : "down");
}

void live_close(struct live *live)
{
	if (!live->name[0])
		return;
	if (live->tun >= 0)
		(void)close(live->tun);
	(void)close(live->link);
	live->name[0] = '\0';
}
