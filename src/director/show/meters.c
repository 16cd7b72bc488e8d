/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/addr.h"
#include "director/show/show.h"

void show_meter(struct writer *w, const struct control *control, const struct glb_meter *meter)
{
	const uint64_t now_ns = worker_now_ns(control->workers.workers);
	const struct glb_meter_rule *rule = &meter->rule;
	char text[PREFIX_TEXT_LEN];

	write_string(w, "vip", prefix_text(text, &rule->vip, rule->prefix_len));
	write_uint(w, "packets_per_second", rule->packets_per_second);
	write_uint(w, "burst", rule->burst);
	write_uint(w, "passed", glb_meter_passed(meter));
	write_uint(w, "dropped", glb_meter_dropped(meter));
	write_bool(w, "exhausted", glb_meter_is_exhausted(meter, now_ns));
}

void show_meters(struct writer *w, const struct control *control)
{
	const struct glb_meters *meters =
		publish_in_force(&control->workers.publish)->settings.meters;

	write_open(w, "meters", '[');
	for (uint32_t i = 0; meters && i < meters->count; i++) {
		write_open(w, NULL, '{');
		show_meter(w, control, &meters->meters[i]);
		write_close(w, '}');
	}
	write_close(w, ']');
}
