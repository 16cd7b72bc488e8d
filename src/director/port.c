/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/director.h"
#include "director/ethdev.h"
#include "director/netdev.h"
#include "director/pool.h"
#include "director/port.h"
#include "director/steer.h"
#include "sys/log.h"

enum {
	RING_LEN = 1024,	 /* descriptors requested for each queue */
	XDP_RING_LEN = 2048,	 /* as many as net_af_xdp gives buffers to the kernel */
	MBUFS_PER_WORKER = 4096, /* on handoff rings and in bursts */
	ROOM_MAX = 9728,	 /* of an ordinary mbuf: the largest frame NICs take, and more */
	LARGE_ROOM = UINT16_MAX, /* as much as an mbuf can have, its headroom included */
	LARGE_MBUFS = 128,
	FRAME_OVERHEAD = RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN,
};

/* The twin of port i, or PORT_NONE. */
static uint16_t twin_of(const struct ports *ports, unsigned int i)
{
	return ports->twin_ids[ports->ids[i]];
}

static unsigned int count_twins(const struct ports *ports)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ports->count; i++)
		n += twin_of(ports, i) != PORT_NONE;
	return n;
}

static int port_refuse(struct glb_diag *diag, uint16_t id, const char *what, int err)
{
	char name[RTE_DEV_NAME_MAX_LEN];

	glb_diag(diag, "port %s: cannot %s: %s", netdev_port(id, name), what, rte_strerror(-err));
	return err;
}

/* Not every driver of a kernel device knows its MTU, so the kernel is asked first. */
static uint16_t mtu_of(uint16_t id)
{
	struct rte_eth_dev_info info;
	uint16_t mtu = 0;

	if (!rte_eth_dev_info_get(id, &info) && info.if_index)
		mtu = netdev_mtu(info.if_index);
	if (!mtu && rte_eth_dev_get_mtu(id, &mtu))
		mtu = RTE_ETHER_MTU;
	return mtu;
}

/* The number of queue pairs that a port supports. Returns 0 or -errno. */
static int queue_pairs(unsigned int *out, uint16_t id, struct glb_diag *diag)
{
	struct rte_eth_dev_info info;
	char name[RTE_DEV_NAME_MAX_LEN];
	int err = rte_eth_dev_info_get(id, &info);

	if (err)
		return port_refuse(diag, id, "read its capabilities", err);
	*out = RTE_MIN(info.max_rx_queues, info.max_tx_queues);
	if (*out)
		return 0;
	glb_diag(diag, "port %s: needs a receive and a transmit queue, and has %u and %u",
		 netdev_port(id, name), info.max_rx_queues, info.max_tx_queues);
	return -ENOTSUP;
}

/*
 * Does the device put packets into all of its queues, even ones that are not set up? NICs use only
 * those that are set up; the devices listed here have a fixed number of queues.
 */
static bool fills_all_queues(const char *driver)
{
	static const char *const drivers[] = {"net_af_packet", "net_af_xdp", "net_pcap"};

	for (unsigned int i = 0; i < RTE_DIM(drivers); i++)
		if (!strcmp(driver, drivers[i]))
			return true;
	return false;
}

/* Is every queue that receives packets served by a worker? Returns 0 or -errno. */
static int check_all_served(uint16_t id, unsigned int served, const char *why,
			    struct glb_diag *diag)
{
	struct rte_eth_dev_info info;
	char name[RTE_DEV_NAME_MAX_LEN];
	int err = rte_eth_dev_info_get(id, &info);

	if (err)
		return port_refuse(diag, id, "read its capabilities", err);
	if (info.max_rx_queues <= served || !fills_all_queues(info.driver_name))
		return 0;
	glb_diag(diag,
		 "port %s: packets arrive on all of its %u receive queues, of which only %u can be "
		 "served: %s",
		 netdev_port(id, name), info.max_rx_queues, served, why);
	return -ENOTSUP;
}

/* Sets the number of queue pairs: one for each worker, or what the weakest port supports. Returns
 * 0 or -errno. */
static int count_queues(struct ports *ports, unsigned int worker_count, struct glb_diag *diag)
{
	unsigned int queues = worker_count;
	uint16_t weakest = ports->ids[0];
	char name[RTE_DEV_NAME_MAX_LEN];
	int err = 0;

	for (unsigned int i = 0; i < ports->count && !err; i++) {
		unsigned int pairs = queues;

		err = queue_pairs(&pairs, ports->ids[i], diag);
		if (pairs < queues) {
			queues = pairs;
			weakest = ports->ids[i];
		}
	}
	ports->queue_count = (uint16_t)queues;
	for (unsigned int i = 0; i < ports->count && !err; i++)
		err = check_all_served(
			ports->ids[i], queues,
			"that needs as many workers, and as many queues of every port", diag);
	for (unsigned int i = 0; i < ports->count && !err; i++)
		if (twin_of(ports, i) != PORT_NONE)
			err = check_all_served(twin_of(ports, i), 1, "a punt_port has one", diag);
	if (!err && queues < worker_count)
		log_warning("port %s: has %u of the %u queue pairs that the workers could use: "
			    "packets are handed over between workers",
			    netdev_port(weakest, name), queues, worker_count);
	return err;
}

/* Room for the largest frame that a port may deliver, within a limit: there are thousands of
 * mbufs. */
static uint16_t mbuf_room(const struct ports *ports)
{
	unsigned int room = RTE_MBUF_DEFAULT_DATAROOM;
	uint16_t id;

	for (unsigned int i = 0; ports_device(&id, ports, i); i++)
		if (id != PORT_NONE)
			room = RTE_MAX(room, (unsigned int)mtu_of(id) + FRAME_OVERHEAD);
	room = RTE_ALIGN_CEIL(room, 1024U); /* net_af_packet needs room for a whole ring slot */
	return (uint16_t)(RTE_PKTMBUF_HEADROOM + RTE_MIN(room, (unsigned int)ROOM_MAX));
}

/* Parameters common to the start of all ports. */
struct setup {
	struct rte_mempool *pool;
	uint16_t queue_count;
	bool hand_over; /* some workers have no queue */
	bool rx_drop_en;
	bool udp_checksum;
	const bool *steered; /* by port; NULL: of a twin, which never is */
};

/* Creates the pools for received frames and for reassembly. Returns 0 or -ENOMEM. */
static int make_pools(struct setup *setup, struct ports *ports, unsigned int worker_count,
		      struct glb_diag *diag)
{
	unsigned int twins = count_twins(ports);
	unsigned int pairs = ports->count * ports->queue_count + twins;
	unsigned int in_rings = RING_LEN * (2U * pairs + twins); /* including those for punts */
	unsigned int count = rte_align32pow2(in_rings + worker_count * MBUFS_PER_WORKER) - 1;
	int socket = rte_eth_dev_socket_id(ports->ids[0]);
	uint16_t room = mbuf_room(ports);

	ports->pool = pool_make("glb-mbufs", count, room, socket);
	ports->large_pool =
		rte_pktmbuf_pool_create("glb-large", LARGE_MBUFS, 0, 0, LARGE_ROOM, socket);
	setup->pool = ports->pool;
	return ports->pool && ports->large_pool ? 0 : pool_refuse(diag, count, room);
}

/*
 * Spreads flows over the queues if the device can. With handoff, its RSS hash is useful even with
 * a single queue.
 */
static struct rte_eth_conf eth_conf_of(const struct rte_eth_dev_info *info,
				       const struct setup *setup)
{
	const uint64_t wanted = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;
	struct rte_eth_conf conf = {.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE};

	if (info->max_rx_queues > 1 && (setup->queue_count > 1 || setup->hand_over) &&
	    (info->flow_type_rss_offloads & wanted)) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & wanted;
		if (setup->hand_over)
			conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	}
	return conf;
}

/*
 * If a receive ring of net_af_xdp is full while there are buffers left, the kernel drops packets
 * that the driver's statistics do not have; those for lack of a buffer are in `imissed`.
 */
static uint16_t rx_ring_len(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_af_xdp") ? RING_LEN : XDP_RING_LEN;
}

static int setup_queues(uint16_t id, const struct rte_eth_dev_info *info, const struct setup *setup)
{
	struct rte_eth_rxconf rx = info->default_rxconf;
	uint16_t rx_len = rx_ring_len(info);
	uint16_t tx_len = RING_LEN;
	unsigned int socket = (unsigned int)rte_eth_dev_socket_id(id);
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx_len, &tx_len);

	rx.rx_drop_en = setup->rx_drop_en;
	for (uint16_t q = 0; q < setup->queue_count && !err; q++) {
		err = rte_eth_rx_queue_setup(id, q, rx_len, socket, &rx, setup->pool);
		if (!err)
			err = rte_eth_tx_queue_setup(id, q, tx_len, socket, NULL);
	}
	return err;
}

static int start_port(uint16_t id, const struct setup *setup, struct glb_diag *diag)
{
	struct rte_eth_dev_info info;
	int err = rte_eth_dev_info_get(id, &info);

	if (err)
		return port_refuse(diag, id, "read its capabilities", err);

	struct rte_eth_conf conf = eth_conf_of(&info, setup);

	if (setup->udp_checksum) {
		if (!(info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_CKSUM))
			return port_refuse(diag, id, "fill in UDP checksums ($.udp_checksum)",
					   -ENOTSUP);
		conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	}
	if (setup->steered && setup->steered[id])
		err = steer_isolate(id, diag);
	if (err)
		return err;
	err = rte_eth_dev_configure(id, setup->queue_count, setup->queue_count, &conf);
	if (err)
		return port_refuse(diag, id, "configure it", err);
	err = setup_queues(id, &info, setup);
	if (err)
		return port_refuse(diag, id, "set up its queues", err);
	err = rte_eth_dev_start(id);
	return err ? port_refuse(diag, id, "start it", err) : 0;
}

static struct setup twin_setup(const struct setup *setup)
{
	return (struct setup){
		.pool = setup->pool, .queue_count = 1, .rx_drop_en = setup->rx_drop_en};
}

static int start_all(const struct ports *ports, const struct setup *setup, struct glb_diag *diag)
{
	struct setup twin = twin_setup(setup);
	int err = 0;

	for (unsigned int i = 0; i < ports->count && !err; i++)
		err = start_port(ports->ids[i], setup, diag);
	for (unsigned int i = 0; i < ports->count && !err; i++)
		if (twin_of(ports, i) != PORT_NONE)
			err = start_port(twin_of(ports, i), &twin, diag);
	return err;
}

static uint32_t frame_max_of(uint16_t id)
{
	return mtu_of(id) + FRAME_OVERHEAD - RTE_ETHER_CRC_LEN;
}

int ports_start(struct ports *ports, const struct director_conf *conf, unsigned int worker_count,
		struct glb_diag *diag)
{
	if (!ports->count) {
		glb_diag(diag, "no port to serve; name one with the EAL option --vdev or -a");
		return -ENODEV;
	}

	int err = count_queues(ports, worker_count, diag);
	uint16_t id;

	if (err)
		return err;

	struct setup setup = {
		.queue_count = ports->queue_count,
		.hand_over = ports->queue_count < worker_count,
		.rx_drop_en = conf->rx_drop_en,
		.udp_checksum = ports->udp_checksum,
		.steered = ports->steered,
	};

	err = make_pools(&setup, ports, worker_count, diag);
	if (err)
		return err;
	for (unsigned int i = 0; i < ports->count; i++)
		ports->steered[ports->ids[i]] = ports_conf(ports->ids[i], conf).is_steered;
	err = start_all(ports, &setup, diag);
	for (unsigned int i = 0; !err && ports_device(&id, ports, i); i++)
		if (id != PORT_NONE)
			ports->frame_max[id] = frame_max_of(id);
	for (unsigned int i = 0; i < ports->count && !err; i++)
		ports_suit_twin(ports, ports->ids[i]);
	return err;
}

int ports_restart(struct ports *ports, uint16_t id, const struct director_conf *conf,
		  struct glb_diag *diag)
{
	struct setup setup = {
		.pool = ports->pool,
		.queue_count = ports->queue_count,
		.hand_over = ports->queue_count < rte_lcore_count() - 1,
		.rx_drop_en = conf->rx_drop_en,
		.udp_checksum = ports->udp_checksum,
		.steered = ports->steered,
	};

	const uint16_t owner = ports_twin_of(ports, id);

	if (owner != PORT_NONE)
		setup = twin_setup(&setup);

	int err = start_port(id, &setup, diag);

	if (!err)
		ports_suit_twin(ports, owner != PORT_NONE ? owner : id);
	return err;
}

void ports_add_losses(struct port_losses *sum, uint16_t id)
{
	struct rte_eth_stats one;

	if (rte_eth_stats_get(id, &one))
		return;
#define ADD_LOSS(name, field) sum->name += one.field;
	PORT_LOSSES(ADD_LOSS)
#undef ADD_LOSS
}

void ports_measure(struct ports *ports, uint16_t id)
{
	uint32_t *frame_max = &ports->frame_max[id];
	uint32_t room = rte_pktmbuf_data_room_size(ports->pool) - RTE_PKTMBUF_HEADROOM;
	uint32_t now = frame_max_of(id);
	char name[RTE_DEV_NAME_MAX_LEN];

	if (now == *frame_max)
		return;
	if (now > room)
		log_warning(
			"port %s: packet buffers have room for frames of %u bytes, its MTU asks "
			"for %u; restart to use it",
			netdev_port(id, name), room, now);
	__atomic_store_n(frame_max, now, __ATOMIC_RELAXED);
}

static void stop_port(uint16_t id)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	int err;

	if (!rte_eth_dev_is_valid_port(id)) /* reopening failed */
		return;
	err = rte_eth_dev_stop(id);

	(void)netdev_port(id, name);
	if (!err)
		err = rte_eth_dev_close(id);
	if (err)
		log_warning("port %s: cannot stop it: %s", name, rte_strerror(-err));
}

void ports_stop(const struct ports *ports)
{
	uint16_t id;

	for (unsigned int i = 0; ports_device(&id, ports, i); i++)
		if (id != PORT_NONE)
			stop_port(id);
}

struct port_conf ports_conf(uint16_t id, const struct director_conf *conf)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	struct port_conf own = *director_conf_port(conf, netdev_port(id, name));

	_Static_assert(sizeof(own.name) == sizeof(name), "DPDK's limit");
	memcpy(own.name, name, sizeof(own.name));
	return own;
}

/* Adds an address whose frames the port accepts. Two slots are reserved beyond the configured
 * ones. */
static void add_mac(struct glb_port *port, const uint8_t *mac)
{
	if (memcmp(port->mac, mac, GLB_MAC_LEN) != 0)
		memcpy(port->macs[port->mac_count++], mac, GLB_MAC_LEN);
}

/*
 * Neighbours may know the port by the address of its twin, for which the kernel answers ARP, or by
 * that of the kernel device below it: net_pcap reports an invented one.
 */
static void add_macs(struct glb_port *port, uint16_t id, uint16_t twin)
{
	struct rte_ether_addr mac;

	if (twin != PORT_NONE && !rte_eth_macaddr_get(twin, &mac))
		add_mac(port, mac.addr_bytes);
	if (netdev_mac(mac.addr_bytes, id))
		add_mac(port, mac.addr_bytes);
}

void ports_describe(struct glb_port *out, const struct ports *ports,
		    const struct director_conf *conf)
{
	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t id = ports->ids[i];
		struct port_conf own = ports_conf(id, conf);
		struct glb_port port = own.port;
		struct rte_ether_addr mac;

		if (!rte_eth_macaddr_get(id, &mac))
			memcpy(port.mac, mac.addr_bytes, GLB_MAC_LEN);
		if (!port.mtu)
			port.mtu = mtu_of(id);
		add_macs(&port, id, ports->twin_ids[ports->punt_via[id]]);
		port.through = (uint16_t)(1 + ports_way_out(id, &own, conf));
		out[id] = port;
	}
}

static void receive_at(uint16_t id, const uint8_t *bytes)
{
	struct rte_ether_addr mac;
	char name[RTE_DEV_NAME_MAX_LEN];
	char text[RTE_ETHER_ADDR_FMT_SIZE];

	memcpy(mac.addr_bytes, bytes, GLB_MAC_LEN);

	int err = rte_eth_dev_mac_addr_add(id, &mac, 0);

	if (!err || err == -ENOTSUP)
		return;
	rte_ether_format_addr(text, sizeof(text), &mac);
	log_warning("port %s: may not receive what is sent to %s: %s", netdev_port(id, name), text,
		    rte_strerror(-err));
}

void ports_listen(const struct ports *ports, const struct glb_port *described)
{
	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t id = ports->ids[i];

		for (unsigned int m = 0; m < described[id].mac_count; m++)
			receive_at(id, described[id].macs[m]);
	}
}
