/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/orders.h"
#include "conf/response.h"
#include "sys/clock.h"
#include "sys/lines.h"
#include "sys/log_pairs.h"
#include "sys/words.h"

void orders_log(struct sparing *orders, const struct lines_request *request, const char *order)
{
	struct lines_peer peer = lines_peer(request);
	struct log_pairs pairs = log_pairs_of("order");

	if (!sparing_allows(orders, clock_ms()))
		return;
	log_pair(&pairs, "order", order);
	log_pair_number(&pairs, "pid", (uint64_t)peer.pid);
	log_pair_number(&pairs, "uid", (uint64_t)peer.uid);
	log_event(LOG_LEVEL_INFO, &pairs,
		  "%s: asked for on the control socket, by process %d of user %u", order,
		  (int)peer.pid, (unsigned int)peer.uid);
}

void orders_follow(struct sparing *orders)
{
	uint32_t withheld = sparing_take(orders, clock_ms());

	if (withheld)
		log_info("%u more order%s on the control socket in the last minute", withheld,
			 plural(withheld));
}

int orders_read_level(enum log_level *out, const struct conf_value *root)
{
	struct conf_value value;
	const char *name;
	int err = conf_member(&value, root, "level");

	if (!err)
		err = conf_string(&name, &value);
	if (!err && log_level_read(out, name))
		err = conf_refuse(&value, "\"%s\" is not error, warning or info", name);
	return err;
}

void orders_set_level(struct sparing *orders, struct lines_request *request, enum log_level level)
{
	const char *was = log_level_name(log_level_now());
	struct response response;

	orders_log(orders, request, "log level");
	log_level(level);
	if (!response_begin(&response)) {
		response_give_up(request);
		return;
	}
	write_string(&response.w, "level", log_level_name(level));
	write_string(&response.w, "was", was);
	response_send(&response, request);
}
