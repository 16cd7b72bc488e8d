/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What on a device or in this network namespace keeps the program from doing its work?
 *
 * Each logs its warnings, if there are any.
 */
#ifndef GLB_REDIRECT_WARNINGS_H
#define GLB_REDIRECT_WARNINGS_H

#include "attachment.h"

/* Of everything that may keep packets from the program. */
void warn_of_others(const char *device, const struct redirect_status *status);

/* Of the filters that the program now precedes: one may be a firewall. */
void warn_of_overtaken(const char *device, const struct redirect_status *before);

/* Of netfilter rules that keep the program from recognising connections of this host. */
void warn_of_rules(const char *device, bool asks_conntrack);

/*
 * Logs why SYNs are not answered with cookies, or what would keep the handshakes from completion,
 * where `--syn-cookies on` asked for it.
 */
void warn_of_syn_cookies(const char *device, int ifindex, const struct redirect_status *status);

#endif
