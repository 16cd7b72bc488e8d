/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>

#include "conf/addr.h"
#include "conf/director.h"
#include "conf/json.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
	IDLE_SLEEP_US_DEFAULT = 100,
	IDLE_SLEEP_US_MAX = 10000, /* longer would overflow receive rings */
};

static int read_gateway_mac(struct director_conf *conf, const struct conf_value *root,
			    struct glb_diag *diag)
{
	struct conf_value value;
	const char *text;
	int err = conf_member(&value, root, "outbound_gateway_mac", diag);

	if (!err)
		err = conf_string(&text, &value, diag);
	if (!err && !mac_parse(conf->settings.gateway_mac, text))
		err = conf_refuse(&value, diag, "\"%s\" is not a MAC address", text);
	return err;
}

static int read_src_addr(struct director_conf *conf, const struct conf_value *root,
			 struct glb_diag *diag)
{
	struct conf_value value;
	struct glb_addr addr;
	int err = conf_member(&value, root, "outbound_src_ip", diag);

	if (!err)
		err = conf_addr(&addr, &value, diag);
	if (!err && addr.version != 4)
		err = conf_refuse(&value, diag, "the outer packet is IPv4, so must be its source");
	if (!err)
		memcpy(conf->settings.src_addr, addr.bytes, sizeof(conf->settings.src_addr));
	return err;
}

/* Leaves *out as it is when the key is absent. */
static int read_hash_fields(uint8_t *out, const struct conf_value *root, const char *key,
			    struct glb_diag *diag)
{
	static const char *const names[] = {"src_addr", "dst_addr", "src_port", "dst_port", NULL};
	struct conf_value fields;
	uint8_t set = 0;

	if (!conf_find(&fields, root, key))
		return 0;

	int err = conf_object(&fields, diag);

	if (!err) /* directors that hash by different fields break each other's flows */
		err = conf_refuse_unknown(&fields, names, diag);
	if (err)
		return err;
	for (unsigned int i = 0; names[i]; i++) {
		struct conf_value field;
		bool on = false;

		if (conf_find(&field, &fields, names[i]))
			err = conf_bool(&on, &field, diag);
		if (err)
			return err;
		set |= (uint8_t)(on << i); /* enum glb_hash_field in the order of names */
	}
	if (!set)
		return conf_refuse(&fields, diag, "names no field to hash");
	*out = set;
	return 0;
}

/* Leaves *out as it is when the key is absent. */
static int read_flag(bool *out, const struct conf_value *root, const char *key,
		     struct glb_diag *diag)
{
	struct conf_value value;

	return conf_find(&value, root, key) ? conf_bool(out, &value, diag) : 0;
}

static int read_idle_sleep(struct director_conf *conf, const struct conf_value *root,
			   struct glb_diag *diag)
{
	struct conf_value value;

	if (!conf_find(&value, root, "idle_sleep_us"))
		return 0;
	return conf_uint(&conf->idle_sleep_us, IDLE_SLEEP_US_MAX, &value, diag);
}

static int read_punt(struct director_conf *conf, const struct conf_value *root,
		     struct glb_diag *diag)
{
	struct conf_value value;
	const char *text;
	int err = 0;

	if (conf_find(&value, root, "unmatched")) {
		err = conf_string(&text, &value, diag);
		if (!err && strcmp(text, "punt") != 0 && strcmp(text, "drop") != 0)
			err = conf_refuse(&value, diag, "\"%s\" is not punt or drop", text);
		if (!err)
			conf->punt_unmatched = text[0] == 'p';
	}
	if (!err && conf_find(&value, root, "punt_port")) {
		err = conf_string(&text, &value, diag);
		if (!err && (!*text || strlen(text) >= sizeof(conf->punt_port)))
			err = conf_refuse(&value, diag, "\"%s\" is no device name", text);
		if (!err)
			memcpy(conf->punt_port, text, strlen(text) + 1);
	}
	return err;
}

/* Keys of the original that a director of ours has no use for. */
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
			log_warning("%s: $.%s: accepted without effect: %s", root->file->path,
				    retired[i][0], retired[i][1]);
}

static int read_conf(struct director_conf *conf, const struct conf_value *root,
		     struct glb_diag *diag)
{
	static const char *const known[] = {
		"outbound_gateway_mac", "outbound_src_ip", "hash_fields", "alt_hash_fields",
		"forward_icmp_ping_responses", "rx_drop_en", "idle_sleep_us", "unmatched",
		"punt_port", "flow_paths", "lcores", "num_worker_queues", "kni_ip", "statsd_port",
		NULL};
	struct glb_settings *settings = &conf->settings;
	int err = conf_object(root, diag);

	if (err)
		return err;
	conf_warn_unknown(root, known);
	notice_retired(root);
	err = read_gateway_mac(conf, root, diag);
	if (!err)
		err = read_src_addr(conf, root, diag);
	if (!err)
		err = read_hash_fields(&settings->hash_fields, root, "hash_fields", diag);
	if (!err)
		err = read_hash_fields(&settings->alt_hash_fields, root, "alt_hash_fields", diag);
	if (!err)
		err = read_flag(&settings->forward_echo, root, "forward_icmp_ping_responses", diag);
	if (!err)
		err = read_flag(&conf->rx_drop_en, root, "rx_drop_en", diag);
	if (!err)
		err = read_idle_sleep(conf, root, diag);
	return err ? err : read_punt(conf, root, diag);
}

int director_conf_parse(struct director_conf *out, const char *path, const char *bytes, size_t len,
			struct glb_diag *diag)
{
	struct director_conf conf = {
		.settings.hash_fields = GLB_HASH_SRC_ADDR,
		.settings.forward_echo = true,
		.idle_sleep_us = IDLE_SLEEP_US_DEFAULT,
		.punt_unmatched = true,
		.rx_drop_en = true,
	};
	struct conf_file file;
	int err = conf_parse(&file, path, bytes, len, diag);

	if (err)
		return err;

	struct conf_value root = conf_root(&file);

	err = read_conf(&conf, &root, diag);
	conf_close(&file);
	if (!err)
		*out = conf;
	return err;
}

int director_conf_load(struct director_conf *out, const char *path, struct glb_diag *diag)
{
	struct file_bytes file;
	int err = file_read(&file, path);

	if (err) {
		glb_diag(diag, "%s: %s", path, strerror(-err));
		return err;
	}
	err = director_conf_parse(out, path, (const char *)file.bytes, file.len, diag);
	free(file.bytes);
	return err;
}
