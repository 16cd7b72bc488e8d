/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which DPDK do we use?
 *
 * Written for 22.11 (Debian 12). Differences of newer versions are bridged here and in ethdev.h
 * only.
 *
 * This header has what all parts use: limits, rings and clocks. Code that handles ports or packets
 * includes ethdev.h, which takes ten times as long to compile.
 */
#ifndef DIRECTOR_DPDK_H
#define DIRECTOR_DPDK_H

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "DPDK 22.11 or newer is needed"
#endif

/* Drivers. */
#define DPDK_BOND_DRIVER "net_bonding"
#define DPDK_TAP_DRIVER	 "net_tap"

struct rte_mbuf;
struct rte_mempool;

#endif
