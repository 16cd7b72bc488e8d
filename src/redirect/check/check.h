/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does this host do what a proxy must, and what mends it where it does not?
 *
 * Each topic, a function below, looks at the host and adds findings. Nothing is changed, and no
 * packet is sent.
 */
#ifndef GLB_REDIRECT_CHECK_CHECK_H
#define GLB_REDIRECT_CHECK_CHECK_H

#include "redirect/attachment.h"
#include "redirect/host/listeners.h"
#include "redirect/host/netfilter.h"
#include "redirect/host/vips.h"
#include "sys/diagnosis.h"

/* What is checked. */
struct check_subject {
	const char *device;
	int ifindex;
	int status_error; /* of redirect_read_status() */
	struct redirect_status status;
	struct netfilter_rules rules;
	struct host_vips vips;
	bool vips_given; /* by the operator */
	bool knows_listeners;
	struct listeners tcp, udp; /* valid if knows_listeners */
};

/* Is there a VIP of that IP version? */
bool check_has_vips(const struct check_subject *subject, uint8_t version);

/* The topics. */
void check_proxy_program(struct diagnosis *diagnosis, const struct check_subject *subject);
void check_proxy_vips(struct diagnosis *diagnosis, const struct check_subject *subject);
void check_proxy_listeners(struct diagnosis *diagnosis, const struct check_subject *subject);
void check_proxy_settings(struct diagnosis *diagnosis, const struct check_subject *subject);
void check_proxy_size(struct diagnosis *diagnosis, const struct check_subject *subject);
void check_proxy_probe(struct diagnosis *diagnosis, const struct check_subject *subject);
void check_proxy_merging(struct diagnosis *diagnosis, const struct check_subject *subject);

#endif
