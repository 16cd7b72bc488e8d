/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the index of binds store about a bind?
 *
 * Private to the index and its parts.
 */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include <stdint.h>

/* The flows of a rule, apart from their ports. */
struct key {
	uint64_t addr[2]; /* in memory order, host bits 0 */
	uint32_t what;	  /* version, prefix length, protocol: see key_of() */
	uint32_t zero;	  /* explicit padding: keys compare as bytes */
};

/* A bind while the index is being built, and a port range of an entry afterwards. */
struct rule {
	struct key key;
	uint16_t port_first;
	uint16_t port_last; /* not less than port_first */
	uint32_t table : 31;
	uint32_t quic : 1;
	uint32_t bind;	/* index in that table */
	uint32_t order; /* position among all binds of all tables */
};

#endif
