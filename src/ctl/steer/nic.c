/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "steer.h"
#include "sys/log.h"

/* Known drivers. */
static const struct nic {
	const char *name;   /* for --driver */
	const char *module; /* of Linux; NULL: several */
} nics[STEER_DRIVER_COUNT] = {
	[STEER_IXGBE] = {"ixgbe", "ixgbe"},   [STEER_I40E] = {"i40e", "i40e"},
	[STEER_ICE] = {"ice", "ice"},	      [STEER_SWITCHDEV] = {"switchdev", NULL},
	[STEER_MLX5] = {"mlx5", "mlx5_core"},
};

const char *steer_driver_name(enum steer_driver driver)
{
	return nics[driver].name;
}

bool steer_driver_read(enum steer_driver *out, const char *name)
{
	for (unsigned int i = 0; i < STEER_DRIVER_COUNT; i++)
		if (!strcmp(nics[i].name, name)) {
			*out = (enum steer_driver)i;
			return true;
		}
	log_error("--driver \"%s\" is none of ixgbe, i40e, ice, switchdev, mlx5", name);
	return false;
}

bool steer_driver_find(enum steer_driver *out, const char *device)
{
	char path[128];
	char target[512];
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/sys/class/net/%.64s/device/driver", device);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0) {
		log_error("%s: %s; what is its --driver?", path, strerror(errno));
		return false;
	}
	target[len] = '\0';

	const char *slash = strrchr(target, '/');
	const char *module = slash ? slash + 1 : target;

	for (unsigned int i = 0; i < STEER_DRIVER_COUNT; i++)
		if (nics[i].module && !strcmp(nics[i].module, module)) {
			*out = (enum steer_driver)i;
			return true;
		}
	log_error("%s: nothing is known about driver \"%s\"; --driver switchdev is for any NIC "
		  "that has this mode",
		  path, module);
	return false;
}

bool steer_has_ntuple(enum steer_driver driver)
{
	return driver == STEER_IXGBE || driver == STEER_I40E;
}

const char *steer_refusal(enum steer_driver driver, const struct steer_prefix *prefix)
{
	if (driver == STEER_IXGBE && prefix->addr.version == 6)
		return "ixgbe has no rules for IPv6";
	return NULL;
}
