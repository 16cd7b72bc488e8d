/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are frames sent through one queue of a device?
 */
#ifndef DIRECTOR_TRANSMIT_H
#define DIRECTOR_TRANSMIT_H

#include "director/dpdk.h"

struct tx_queue {
	uint16_t port;	    /* DPDK number of the device */
	uint16_t queue;	    /* used by no one else at the same time */
	uint32_t frame_max; /* bytes of the largest frame it takes */
};

/*
 * Sends n frames; returns how many the device accepted, and frees the others. If a device stops
 * early it is full, or refuses a frame for its size: then those after it are still sent.
 */
uint16_t transmit(const struct tx_queue *tx, struct rte_mbuf **mbufs, uint16_t n);

#endif
