/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do documents of tables consist of?
 *
 * See document.h for how they are written.
 */
#ifndef UNIT_PARTS_H
#define UNIT_PARTS_H

#include "document.h"

#define KEY  "00112233445566778899aabbccddeeff"
#define SEED "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define KEYS "'hash_key':'" KEY "','seed':'" SEED "'"
#define ITS_KEYS                                                                                   \
	"'hash_key':'" KEY "','seed':'f0e1d2c3b4a5968778695a4b3c2d1e0f'" /* a second table's */
#define BIND	 "{'ip':'192.0.2.1','proto':'tcp','port':80}"
#define BACKEND	 "{'ip':'10.0.0.1','state':'active','healthy':true}"
#define BINDS(x) "{'tables':[{" KEYS ",'backends':[" BACKEND "," OTHER "],'binds':[" x "]}]}"
#define BACKS(x) "{'tables':[{" KEYS ",'binds':[" BIND "],'backends':[" x "]}]}"
#define GOOD	 BINDS(BIND)
#define TABLES(binds, backends)                                                                    \
	"'tables':[{" KEYS ",'binds':[" binds "],'backends':[" backends "]}]"
#define OTHER		  "{'ip':'10.0.0.2','state':'active','healthy':true}"
#define THIRD		  "{'ip':'10.0.0.3','state':'active','healthy':true}"
#define DOWN(last, state) "{'ip':'10.0.0." last "','state':'" state "','healthy':false}"
#define QUIC		  "{'ip':'192.0.2.1','proto':'udp','port':443,'quic':true}"
#define SERVER(id)	  "{'ip':'10.0.0.1','state':'active','healthy':true,'server_id':" id "}"
#define SERVERS(binds, x) "{'tables':[{" KEYS ",'binds':[" binds "],'backends':[" x "," OTHER "]}]}"
#define HOPS(hops, x)                                                                              \
	"{'tables':[{" KEYS ",'hops':" hops ",'binds':[" BIND "],'backends':[" x "]}]}"

#endif
