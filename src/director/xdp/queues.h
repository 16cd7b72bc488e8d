/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On how many queues does a network device receive?
 *
 * A socket of AF_XDP receives from one of them.
 */
#ifndef DIRECTOR_XDP_QUEUES_H
#define DIRECTOR_XDP_QUEUES_H

/* Returns their number; 0: the device does not say, or there is none of this name. */
unsigned int receive_queues(const char *device);

#endif
