/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/copy.h"

static enum copy_fate fate_without_route(const struct copy_host *host, uint8_t version)
{
	if (version == 4)
		return host->forwards4 ? COPY_REJECTED : COPY_DROPPED;
	return host->forwards6 || host->has_gateway6 ? COPY_REJECTED : COPY_DROPPED;
}

enum copy_fate copy_fate(const struct copy_host *host, uint8_t version, enum copy_route route)
{
	if (version == 6 && host->disabled6)
		return COPY_DROPPED;
	switch (route) {
	case COPY_NO_ROUTE:
		return fate_without_route(host, version);
	case COPY_LOCAL:
		return COPY_ANSWERED;
	case COPY_ELSEWHERE:
		return (version == 4 ? host->forwards4 : host->forwards6) ? COPY_FORWARDED
									  : COPY_DROPPED;
	case COPY_BLACKHOLE:
	case COPY_GROUP:
		break;
	}
	return COPY_DROPPED;
}
