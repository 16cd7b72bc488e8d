/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_devargs.h>

#include "director/ethdev.h"
#include "director/netdev.h"
#include "director/reopen.h"

/* Has the EAL create the device of a closed port again, under the same port number. Returns 0 or
 * -errno. */
static int make_again(uint16_t id, const char *name, const char *args)
{
	uint16_t made;
	int err = rte_eal_hotplug_remove("vdev", name);

	if (!err)
		err = rte_eal_hotplug_add("vdev", name, args);
	if (!err)
		err = rte_eth_dev_get_port_by_name(name, &made);
	return err ? err : made == id ? 0 : -EEXIST;
}

static int reopen(struct ports *ports, uint16_t id, const struct director_conf *conf,
		  struct glb_diag *diag)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	struct rte_eth_dev_info info;
	int err = rte_eth_dev_info_get(id, &info);
	const struct rte_devargs *devargs = err ? NULL : rte_dev_devargs(info.device);
	char *args = strdup(devargs && devargs->args ? devargs->args : "");

	if (!err && !args)
		err = -ENOMEM;
	(void)netdev_port(id, name);
	if (ports_twin_of(ports, id) == PORT_NONE) /* lost twins are not lost ports */
		ports_add_losses(&ports->before, id);
	if (!err)
		err = rte_eth_dev_stop(id);
	if (!err)
		err = rte_eth_dev_close(id);
	if (!err)
		err = make_again(id, name, args);
	free(args);
	if (err) {
		glb_diag(diag, "port %s: cannot open it again: %s", name, rte_strerror(-err));
		return err;
	}
	return ports_restart(ports, id, conf, diag);
}

int reopen_port(struct workers *workers, uint16_t id, const struct director_conf *conf,
		struct glb_diag *diag)
{
	int err = workers_pause(workers);

	if (err) {
		glb_diag(diag, "ports cannot be opened again while a worker uses them");
		return err;
	}
	err = reopen(&workers->ports, id, conf, diag);
	return err ? err : workers_start(workers, diag);
}
