/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do ports and packets of DPDK look? For what touches them; director/dpdk.h has all else.
 */
#ifndef DIRECTOR_ETHDEV_H
#define DIRECTOR_ETHDEV_H

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "director/dpdk.h"

/* What ethdev says of the members of a bond. */
#ifdef RTE_ETH_DEV_BONDING_MEMBER
#define DPDK_BOND_MEMBER RTE_ETH_DEV_BONDING_MEMBER
#else
#define DPDK_BOND_MEMBER RTE_ETH_DEV_BONDED_SLAVE /* before 23.11 */
#endif

_Static_assert(RTE_ETH_NAME_MAX_LEN == RTE_DEV_NAME_MAX_LEN, "ports are named like their devices");

#endif
