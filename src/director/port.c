/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/director.h"
#include "director/dpdk.h"
#include "director/port.h"
#include "sys/log.h"

enum {
	RING_LEN = 1024,	 /* descriptors a queue asks for */
	MBUF_CACHE_LEN = 256,	 /* mbufs a worker keeps for itself */
	MBUFS_PER_WORKER = 4096, /* on hand-over rings and in bursts */
	FRAME_OVERHEAD = RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN,
};

static const char *name_of(uint16_t id, char name[RTE_ETH_NAME_MAX_LEN])
{
	return rte_eth_dev_get_name_by_port(id, name) ? "?" : name;
}

static int refuse(struct glb_diag *diag, uint16_t id, const char *what, int err)
{
	char name[RTE_ETH_NAME_MAX_LEN];

	glb_diag(diag, "port %s: cannot %s: %s", name_of(id, name), what, rte_strerror(-err));
	return err;
}

/* Sorts the devices into served ports and the twin. */
static int find_ports(struct ports *ports, const char *punt_port, struct glb_diag *diag)
{
	uint16_t id;

	*ports = (struct ports){.punt_id = PORT_NONE};
	if (*punt_port && rte_eth_dev_get_port_by_name(punt_port, &ports->punt_id)) {
		glb_diag(diag, "$.punt_port: there is no device \"%s\"", punt_port);
		return -ENODEV;
	}
	RTE_ETH_FOREACH_DEV (id) {
		if (id == ports->punt_id)
			continue;
		if (id >= GLB_PORTS_MAX) {
			glb_diag(diag, "more than %d ports", GLB_PORTS_MAX);
			return -E2BIG;
		}
		ports->ids[ports->count++] = id;
	}
	if (!ports->count) {
		glb_diag(diag, "no port to serve; name one with the EAL option --vdev or -a");
		return -ENODEV;
	}
	return 0;
}

/* Queue pairs that every port can have. */
static int count_queues(struct ports *ports, unsigned int worker_count, struct glb_diag *diag)
{
	unsigned int queues = worker_count;

	for (unsigned int i = 0; i < ports->count; i++) {
		struct rte_eth_dev_info info;
		int err = rte_eth_dev_info_get(ports->ids[i], &info);

		if (err)
			return refuse(diag, ports->ids[i], "read its capabilities", err);

		unsigned int pairs = RTE_MIN(info.max_rx_queues, info.max_tx_queues);

		queues = RTE_MIN(queues, pairs);
	}
	if (!queues) {
		glb_diag(diag, "a port has no queue pair: it needs both an rx and a tx queue");
		return -ENOTSUP;
	}
	ports->queue_count = (uint16_t)queues;
	return 0;
}

/* Room for the largest frame a port may deliver. */
static uint16_t mbuf_room(const struct ports *ports)
{
	uint16_t room = RTE_MBUF_DEFAULT_DATAROOM;

	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t mtu;

		if (!rte_eth_dev_get_mtu(ports->ids[i], &mtu) &&
		    mtu <= UINT16_MAX - FRAME_OVERHEAD - RTE_PKTMBUF_HEADROOM)
			room = (uint16_t)RTE_MAX(room, mtu + FRAME_OVERHEAD);
	}
	return (uint16_t)(RTE_PKTMBUF_HEADROOM + room);
}

static struct rte_mempool *make_pool(const struct ports *ports, unsigned int worker_count)
{
	unsigned int pairs = ports->count * ports->queue_count + (ports->punt_id != PORT_NONE);
	unsigned int in_rings = 2U * RING_LEN * pairs;
	unsigned int count = rte_align32pow2(in_rings + worker_count * MBUFS_PER_WORKER) - 1;

	return rte_pktmbuf_pool_create("glb-mbufs", count, MBUF_CACHE_LEN, 0, mbuf_room(ports),
				       rte_eth_dev_socket_id(ports->ids[0]));
}

/* Spreads flows over the queues where the device can. */
static struct rte_eth_conf eth_conf_of(const struct rte_eth_dev_info *info, uint16_t queue_count)
{
	const uint64_t wanted = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;
	struct rte_eth_conf conf = {.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE};

	if (queue_count > 1 && (info->flow_type_rss_offloads & wanted)) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & wanted;
	}
	return conf;
}

static int setup_queues(uint16_t id, const struct rte_eth_dev_info *info, uint16_t queue_count,
			struct rte_mempool *pool, bool rx_drop_en)
{
	struct rte_eth_rxconf rx = info->default_rxconf;
	uint16_t rx_len = RING_LEN;
	uint16_t tx_len = RING_LEN;
	int socket = rte_eth_dev_socket_id(id);
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx_len, &tx_len);

	rx.rx_drop_en = rx_drop_en;
	for (uint16_t q = 0; q < queue_count && !err; q++) {
		err = rte_eth_rx_queue_setup(id, q, rx_len, (unsigned int)socket, &rx, pool);
		if (!err)
			err = rte_eth_tx_queue_setup(id, q, tx_len, (unsigned int)socket, NULL);
	}
	return err;
}

static int start_port(uint16_t id, uint16_t queue_count, struct rte_mempool *pool, bool rx_drop_en,
		      struct glb_diag *diag)
{
	struct rte_eth_dev_info info;
	int err = rte_eth_dev_info_get(id, &info);

	if (err)
		return refuse(diag, id, "read its capabilities", err);

	struct rte_eth_conf conf = eth_conf_of(&info, queue_count);

	err = rte_eth_dev_configure(id, queue_count, queue_count, &conf);
	if (err)
		return refuse(diag, id, "configure it", err);
	err = setup_queues(id, &info, queue_count, pool, rx_drop_en);
	if (err)
		return refuse(diag, id, "set up its queues", err);
	err = rte_eth_dev_start(id);
	return err ? refuse(diag, id, "start it", err) : 0;
}

int ports_start(struct ports *out, const struct director_conf *conf, unsigned int worker_count,
		struct glb_diag *diag)
{
	struct ports ports;
	int err = find_ports(&ports, conf->punt_port, diag);

	if (!err)
		err = count_queues(&ports, worker_count, diag);
	if (err)
		return err;

	struct rte_mempool *pool = make_pool(&ports, worker_count);

	if (!pool) {
		glb_diag(diag, "no memory for packet buffers: %s; reserve hugepages or raise -m",
			 rte_strerror(rte_errno));
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < ports.count && !err; i++)
		err = start_port(ports.ids[i], ports.queue_count, pool, conf->rx_drop_en, diag);
	if (!err && ports.punt_id != PORT_NONE)
		err = start_port(ports.punt_id, 1, pool, conf->rx_drop_en, diag);
	for (unsigned int i = 0; i < ports.count; i++) {
		uint16_t mtu = RTE_ETHER_MTU;

		(void)rte_eth_dev_get_mtu(ports.ids[i], &mtu);
		ports.frame_max[ports.ids[i]] = mtu + FRAME_OVERHEAD - RTE_ETHER_CRC_LEN;
	}
	if (!err)
		*out = ports;
	return err;
}

static void stop_port(uint16_t id)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	int err = rte_eth_dev_stop(id);

	(void)name_of(id, name);
	if (!err)
		err = rte_eth_dev_close(id);
	if (err)
		log_warning("port %s: cannot stop it: %s", name, rte_strerror(-err));
}

void ports_stop(const struct ports *ports)
{
	for (unsigned int i = 0; i < ports->count; i++)
		stop_port(ports->ids[i]);
	if (ports->punt_id != PORT_NONE)
		stop_port(ports->punt_id);
}

void ports_describe(struct glb_port *out, const struct ports *ports,
		    const struct director_conf *conf)
{
	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t id = ports->ids[i];
		char name[RTE_ETH_NAME_MAX_LEN];
		struct glb_port port = director_conf_port(conf, name_of(id, name))->port;
		struct rte_ether_addr mac;

		if (!rte_eth_macaddr_get(id, &mac))
			memcpy(port.mac, mac.addr_bytes, GLB_MAC_LEN);
		if (!port.mtu && rte_eth_dev_get_mtu(id, &port.mtu))
			port.mtu = RTE_ETHER_MTU;
		out[id] = port;
	}
}
