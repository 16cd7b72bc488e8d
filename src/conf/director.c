/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>

#include "conf/addr.h"
#include "conf/director.h"
#include "conf/json.h"
#include "sys/file.h"

enum {
	IDLE_SLEEP_US_DEFAULT = 100,
	IDLE_SLEEP_US_MAX = 10000, /* longer would overflow receive rings */
	ANSWERS_PER_SECOND_DEFAULT = 1000,
};

static void read_gateway_mac(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;
	const char *text;

	if (conf_member(&value, root, "outbound_gateway_mac") || conf_string(&text, &value))
		return;
	if (!mac_parse(conf->defaults.port.gateway_mac, text))
		(void)conf_refuse(&value, "\"%s\" is not a MAC address", text);
}

static void read_src_addr(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;
	struct glb_addr addr;

	if (conf_member(&value, root, "outbound_src_ip") || conf_addr(&addr, &value))
		return;
	if (addr.version == 4)
		conf->settings.src_addr = addr;
	else
		(void)conf_refuse(&value, "the outer packet is IPv4, so must be its source");
}

/* Leaves *out as it is when the key is absent or its value no good. */
static void read_hash_fields(uint8_t *out, const struct conf_value *root, const char *key)
{
	static const char *const names[] = {"src_addr", "dst_addr", "src_port", "dst_port", NULL};
	struct conf_value fields;
	uint8_t set = 0;

	if (!conf_find(&fields, root, key) || conf_object(&fields))
		return;

	/* directors that hash by different fields break each other's flows: no typos here */
	int err = conf_refuse_unknown(&fields, names);

	for (unsigned int i = 0; names[i]; i++) {
		struct conf_value field;
		bool on = false;

		if (conf_find(&field, &fields, names[i]) && conf_bool(&on, &field))
			err = -EINVAL;
		set |= (uint8_t)(on << i); /* enum glb_hash_field in the order of names */
	}
	if (!set && !err)
		err = conf_refuse(&fields, "names no field to hash");
	if (!err)
		*out = set;
}

/* Leaves *out as it is when the key is absent or its value no good. */
static void read_flag(bool *out, const struct conf_value *root, const char *key)
{
	struct conf_value value;

	if (conf_find(&value, root, key))
		(void)conf_bool(out, &value);
}

static void read_echo(struct director_conf *conf, const struct conf_value *root)
{
	bool forward = true;

	read_flag(&forward, root, "forward_icmp_ping_responses");
	conf->settings.echo = forward ? GLB_ECHO_FORWARD : GLB_ECHO_PUNT;
}

static void read_idle_sleep(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "idle_sleep_us"))
		(void)conf_uint(&conf->idle_sleep_us, 0, IDLE_SLEEP_US_MAX, &value);
}

static void read_unmatched(struct director_conf *conf, const struct conf_value *root)
{
	static const char *const names[] = {"drop", "punt", NULL};
	struct conf_value value;
	uint32_t punt;

	if (conf_find(&value, root, "unmatched") &&
	    !conf_choice(&punt, names, "punt or drop", &value))
		conf->punt_unmatched = punt;
}

static void read_punt_port(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;
	const char *text;

	if (!conf_find(&value, root, "punt_port") || conf_string(&text, &value))
		return;
	if (!*text || strlen(text) >= sizeof(conf->punt_port))
		(void)conf_refuse(&value, "\"%s\" is no device name", text);
	else
		memcpy(conf->punt_port, text, strlen(text) + 1);
}

/* Keys of the original that a director of ours has no use for: no mistake, however strict. */
static void notice_retired(const struct conf_value *root)
{
	static const char *const retired[][2] = {
		{"flow_paths", "workers and queues are assigned automatically"},
		{"lcores", "workers and queues are assigned automatically"},
		{"num_worker_queues", "workers and queues are assigned automatically"},
		{"kni_ip", "there is no KNI; see punt_port"},
		{"statsd_port", "there is no statsd exporter yet"},
	};
	struct conf_value value;

	for (unsigned int i = 0; i < sizeof(retired) / sizeof(*retired); i++)
		if (conf_find(&value, root, retired[i][0]))
			conf_remark(&value, SEVERITY_WARNING, "accepted without effect: %s",
				    retired[i][1]);
}

static void read_conf(struct director_conf *conf, const struct conf_value *root)
{
	static const char *const known[] = {"outbound_gateway_mac",
					    "outbound_src_ip",
					    "hash_fields",
					    "alt_hash_fields",
					    "forward_icmp_ping_responses",
					    "rx_drop_en",
					    "idle_sleep_us",
					    "unmatched",
					    "punt_port",
					    "flow_paths",
					    "lcores",
					    "num_worker_queues",
					    "kni_ip",
					    "statsd_port",
					    NULL};
	struct glb_settings *settings = &conf->settings;

	if (conf_object(root))
		return;
	conf_warn_unknown(root, known);
	notice_retired(root);
	read_gateway_mac(conf, root);
	read_src_addr(conf, root);
	read_hash_fields(&settings->hash_fields, root, "hash_fields");
	read_hash_fields(&settings->alt_hash_fields, root, "alt_hash_fields");
	read_echo(conf, root);
	read_flag(&conf->rx_drop_en, root, "rx_drop_en");
	read_idle_sleep(conf, root);
	read_unmatched(conf, root);
	read_punt_port(conf, root);
}

int director_conf_parse(struct director_conf *out, const char *path, const char *bytes, size_t len,
			struct report *report)
{
	struct director_conf conf = {
		.settings.hash_fields = GLB_HASH_SRC_ADDR,
		.settings.answers_per_second = ANSWERS_PER_SECOND_DEFAULT,
		.idle_sleep_us = IDLE_SLEEP_US_DEFAULT,
		.punt_unmatched = true,
		.rx_drop_en = true,
	};
	uint32_t errors = report->totals[SEVERITY_ERROR];
	struct conf_file file;
	int err = conf_parse(&file, path, bytes, len, report);

	if (err)
		return err;

	struct conf_value root = conf_root(&file);

	read_conf(&conf, &root);
	conf_close(&file);
	if (report->totals[SEVERITY_ERROR] > errors)
		return -EINVAL;
	*out = conf;
	return 0;
}

int director_conf_load(struct director_conf *out, const char *path, struct report *report)
{
	struct file_bytes file;
	int err = file_read(&file, path);

	if (err) {
		report_file(report, path);
		report_fail(report, "%s", strerror(-err));
		return err;
	}
	err = director_conf_parse(out, path, (const char *)file.bytes, file.len, report);
	free(file.bytes);
	return err;
}

const struct port_conf *director_conf_port(const struct director_conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->port_count; i++)
		if (!strcmp(conf->ports[i].name, name))
			return &conf->ports[i];
	return &conf->defaults;
}
