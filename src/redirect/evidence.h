/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which connections still need this proxy, VIP by VIP?
 *
 * A drain ends by evidence: no packet of a connection has been passed on to this proxy for a while,
 * and no socket has a connection. The sockets decide for connections that are silent, such as an
 * idle SSH session; entries of connection tracking for those that have no socket here, behind NAT
 * and in containers; and packets alone for QUIC by its server ID. That such a connection is silent
 * does not say that it has ended. Nor does it where the entries cannot be read.
 *
 * They are only asked for if there are packets that were known by them, or rules that translate.
 *
 * VIPs are the entries of vips.h; the addresses of the loopback device, and of others without ARP,
 * such as dummy devices; and the local addresses of connections that no device has, as of a local
 * route to a prefix or of TPROXY. Other addresses of the host are its own.
 */
#ifndef GLB_REDIRECT_EVIDENCE_H
#define GLB_REDIRECT_EVIDENCE_H

#include "vips.h"

struct evidence {
	struct vip vip;
	uint64_t needed_ago_ms; /* as in struct redirect_vip */
	uint64_t tcp;		/* as in struct vip_sockets */
	uint64_t time_wait;
	uint64_t udp;
	uint64_t tracked; /* connections without a socket here, by their entries; 0 if `hidden` */
	uint64_t unseen;  /* packets of connections that only packets show, so far */
	bool hidden;	  /* the entries of connection tracking are asked for and cannot be read */
};

/* By version, then by address; first, of version 0, all packets without an entry in vips.h. */
struct evidence_list {
	uint64_t watched_ms; /* as in struct redirect_vips */
	struct evidence *list;
	size_t count;
};

/*
 * Reads the evidence for a device of this network namespace.
 *
 * Returns 0 and fills *out, to be released with evidence_free(); -EPROTONOSUPPORT if the kernel
 * does not report sockets; or an error of redirect_read_vips().
 */
GLB_NODISCARD int evidence_read(struct evidence_list *out, int ifindex);

void evidence_free(struct evidence_list *evidence);

/*
 * Has no connection needed the proxy for `quiet_ms`, and is there none? Sockets in TIME-WAIT are of
 * connections that have ended. False also if the packets have been watched for less than that.
 */
bool evidence_is_drained(const struct evidence *one, uint64_t watched_ms, uint64_t quiet_ms);

struct writer;

/* Writes the evidence of one VIP as members of the JSON object that is open. */
void evidence_write(struct writer *w, const struct evidence *one);

#endif
