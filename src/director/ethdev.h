/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do DPDK's ports and packets look like? For code that handles them; director/dpdk.h has the
 * rest.
 */
#ifndef DIRECTOR_ETHDEV_H
#define DIRECTOR_ETHDEV_H

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "director/dpdk.h"

/* Names of the bonding members in ethdev. */
#ifdef RTE_ETH_DEV_BONDING_MEMBER
#define DPDK_BOND_MEMBER RTE_ETH_DEV_BONDING_MEMBER
#else
#define DPDK_BOND_MEMBER RTE_ETH_DEV_BONDED_SLAVE /* before 23.11 */
#endif

_Static_assert(RTE_ETH_NAME_MAX_LEN == RTE_DEV_NAME_MAX_LEN, "ports are named like their devices");

#endif
