/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which DPDK do we talk to?
 *
 * Written for 22.11 (Debian 12). What differs in a newer DPDK is bridged here and nowhere else.
 */
#ifndef DIRECTOR_DPDK_H
#define DIRECTOR_DPDK_H

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "DPDK 22.11 or newer is needed"
#endif

/* What ethdev says of the members of a bond, and the driver of bonds of itself. */
#ifdef RTE_ETH_DEV_BONDING_MEMBER
#define DPDK_BOND_MEMBER RTE_ETH_DEV_BONDING_MEMBER
#else
#define DPDK_BOND_MEMBER RTE_ETH_DEV_BONDED_SLAVE /* before 23.11 */
#endif
#define DPDK_BOND_DRIVER "net_bonding"
#define DPDK_TAP_DRIVER	 "net_tap"

#endif
