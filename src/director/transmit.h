/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are frames sent through one queue of a device?
 */
#ifndef DIRECTOR_TRANSMIT_H
#define DIRECTOR_TRANSMIT_H

#include "director/dpdk.h"

struct tx_queue {
	uint16_t port;	    /* DPDK number of the device */
	uint16_t queue;	    /* which nobody else sends through meanwhile */
	uint32_t frame_max; /* bytes of the largest frame it takes */
};

/*
 * Sends n frames; returns how many the device took, and frees the others. A device that stops early
 * is full, or does not take the frame it stopped at for its size: then those behind it must not
 * suffer.
 */
uint16_t transmit(const struct tx_queue *tx, struct rte_mbuf **mbufs, uint16_t n);

#endif
