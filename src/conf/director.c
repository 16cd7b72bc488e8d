/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>

#include "conf/director.h"
#include "conf/json.h"
#include "conf/listen.h"
#include "conf/loops.h"
#include "conf/meters.h"
#include "conf/ports.h"
#include "conf/settings.h"

enum {
	IDLE_SLEEP_US_DEFAULT = 100,
	IDLE_SLEEP_US_MAX = 10000, /* longer would overflow receive rings */
	ANSWERS_PER_SECOND_DEFAULT = 1000,
	PUNTS_PER_SECOND_DEFAULT = 50000,
	PUNTS_PER_SECOND_MAX = 1000000,
	NS_PER_SECOND = 1000000000,
	LCORES_MAX = 128, /* as in the original */
	STALL_MS_DEFAULT = 10,
	STALL_MS_MAX = 60000,
	HTTP_PORT_DEFAULT = 9390,
	LIVE_STALL_MS_DEFAULT = 1000,
	LIVE_LEAVE_MS_DEFAULT = 1000,
	LIVE_MS_MAX = 60000,
};

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

static void read_punts(struct director_conf *conf, const struct conf_value *root)
{
	uint32_t per_second = PUNTS_PER_SECOND_DEFAULT;
	struct conf_value value;

	if (conf_find(&value, root, "punts_per_second"))
		(void)conf_uint(&per_second, 0, PUNTS_PER_SECOND_MAX, &value);
	conf->settings.punt_interval_ns = per_second ? NS_PER_SECOND / per_second : 0;
}

/* Keys of the original that have no meaning here: never an error, not even in strict mode. */
static void notice_retired(const struct conf_value *root)
{
	static const char *const retired[][2] = {
		{"lcores", "workers and queues are assigned automatically"},
		{"num_worker_queues", "workers and queues are assigned automatically"},
		{"kni_ip", "there is no KNI; see punt_port"},
	};
	struct conf_value value;

	for (unsigned int i = 0; i < sizeof(retired) / sizeof(*retired); i++)
		if (conf_find(&value, root, retired[i][0]))
			conf_remark(&value, SEVERITY_WARNING, "accepted without effect: %s",
				    retired[i][1]);
}

static bool has_twin(const struct director_conf *conf)
{
	bool found = conf->punt_port[0];

	for (unsigned int i = 0; i < conf->port_count; i++)
		found |= conf->ports[i].punt_port[0];
	return found;
}

/* Warns about an lcore that in the original hands packets to the kernel. */
static void warn_kni(const struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value lcores;
	struct conf_value lcore;
	struct conf_value kni;
	char name[16];

	if (has_twin(conf) || !conf->punt_unmatched || !conf_find(&lcores, root, "lcores"))
		return;
	for (unsigned int i = 0; i < LCORES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "lcore-%u", i);
		if (conf_find(&lcore, &lcores, name) && conf_find(&kni, &lcore, "kni") &&
		    conf_is_true(&kni)) {
			conf_remark(
				&kni, SEVERITY_WARNING,
				"there is no KNI: without punt_port, what is not for a VIP gets "
				"to the kernel only where the device sees to it itself");
			return;
		}
	}
}

static void read_live(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "live_device"))
		(void)conf_name(conf->live_device, sizeof(conf->live_device), "interface name",
				&value);
	if (conf_find(&value, root, "live_stall_ms"))
		(void)conf_uint(&conf->live_stall_ms, 0, LIVE_MS_MAX, &value);
	if (conf_find(&value, root, "live_leave_ms"))
		(void)conf_uint(&conf->live_leave_ms, 0, LIVE_MS_MAX, &value);
}

/* "" disables it. */
static void read_state_directory(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;
	const char *text;

	if (!conf_find(&value, root, "state_directory") || conf_string(&text, &value))
		return;
	conf->keeps_state = *text;
	if (*text)
		(void)conf_name(conf->state_directory, sizeof(conf->state_directory),
				"directory of at most 255 bytes", &value);
}

/* "" disables it. A director has no directory of its own that a path could be relative to. */
static void read_deny(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;
	const char *path;

	if (!conf_find(&value, root, "deny") || conf_string(&path, &value) || !*path)
		return;
	if (*path != '/')
		(void)conf_refuse(&value, "\"%s\" is not the absolute path of a file", path);
	else
		(void)conf_name(conf->deny, sizeof(conf->deny), "path of at most 255 bytes",
				&value);
}

static void read_http_listen(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "http_listen") &&
	    !conf_listen(&conf->http_listen, HTTP_PORT_DEFAULT, &value))
		conf->has_http_listen = true;
}

static void read_statsd(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;
	uint32_t port = 0;

	if (conf_find(&value, root, "statsd_host"))
		(void)conf_addr(&conf->statsd.addr, &value);
	if (conf_find(&value, root, "statsd_port"))
		(void)conf_uint(&port, 0, UINT16_MAX, &value);
	conf->statsd.port = (uint16_t)port;
}

static void read_control_socket(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "control_socket") && !conf_socket(conf->control_socket, &value))
		conf->has_control_socket = true;
}

/* Settings of neither the data path nor the ports. */
static void read_service(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "rx_drop_en"))
		(void)conf_bool(&conf->rx_drop_en, &value);
	if (conf_find(&value, root, "backend_counters"))
		(void)conf_bool(&conf->backend_counters, &value);
	if (conf_find(&value, root, "turn_times"))
		(void)conf_bool(&conf->turn_times, &value);
	if (conf_find(&value, root, "stall_ms"))
		(void)conf_uint(&conf->stall_ms, 0, STALL_MS_MAX, &value);
	if (conf_find(&value, root, "punt_port"))
		(void)conf_name(conf->punt_port, sizeof(conf->punt_port), "device name", &value);
	read_control_socket(conf, root);
	read_http_listen(conf, root);
	read_statsd(conf, root);
	read_idle_sleep(conf, root);
	read_unmatched(conf, root);
	read_punts(conf, root);
	read_live(conf, root);
	read_state_directory(conf, root);
	read_deny(conf, root);
}

/* Is it the tables file? Then a single error says so, and nothing else is reported. */
static bool is_of_tables(const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "outbound_gateway_mac") || !conf_find(&value, root, "tables"))
		return false;
	(void)conf_refuse(root,
			  "has the \"tables\" of a tables file, and no key of a director.json: "
			  "were two files swapped?");
	return true;
}

static void read_conf(struct director_conf *conf, const struct conf_value *root)
{
	static const char *const known[] = {
		SETTINGS_KEYS,
		PORT_KEYS,
		"ports",
		"rx_drop_en",
		"idle_sleep_us",
		"unmatched",
		"punt_port",
		"punts_per_second",
		"backend_counters",
		"flow_paths",
		"lcores",
		"num_worker_queues",
		"kni_ip",
		"statsd_host",
		"statsd_port",
		"live_device",
		"live_stall_ms",
		"live_leave_ms",
		"state_directory",
		"turn_times",
		"stall_ms",
		"control_socket",
		"http_listen",
		"deny",
		"meters",
		NULL,
	};

	if (conf_object(root) || is_of_tables(root))
		return;
	conf_warn_unknown(root, known);
	notice_retired(root);
	settings_read(&conf->settings, root);
	ports_read(conf, root); /* needs the settings */
	meters_read(conf, root);
	read_service(conf, root);
	warn_kni(conf, root);
	own_addrs_read(&conf->own, root);
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
		.backend_counters = true,
		.keeps_state = true,
		.turn_times = true,
		.stall_ms = STALL_MS_DEFAULT,
		.live_stall_ms = LIVE_STALL_MS_DEFAULT,
		.http_listen = {.addr = {.version = 4, .bytes = {127, 0, 0, 1}},
				.port = HTTP_PORT_DEFAULT},
		.statsd = {.addr = {.version = 4, .bytes = {127, 0, 0, 1}}},
		.live_leave_ms = LIVE_LEAVE_MS_DEFAULT,
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

int director_conf_read(struct director_conf *out, const struct conf_input *input,
		       struct report *report)
{
	int err = input_check(input, report);

	if (err)
		return err;
	return director_conf_parse(out, input->path, (const char *)input->file.bytes,
				   input->file.len, report);
}

int director_conf_load(struct director_conf *out, const char *path, struct report *report)
{
	struct conf_input input = {.path = path, .standard = true};

	inputs_read(&input, 1);

	int err = director_conf_read(out, &input, report);

	inputs_free(&input, 1);
	return err;
}

const struct port_conf *director_conf_port(const struct director_conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->port_count; i++)
		if (!strcmp(conf->ports[i].name, name))
			return &conf->ports[i];
	return &conf->defaults;
}

const char *control_socket_readers(char out[SOCKET_PATH_LEN], const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	int stem = (int)(dot > name ? (size_t)(dot - path) : strlen(path));

	(void)snprintf(out, SOCKET_PATH_LEN, "%.*s-ro%s", stem, path, path + stem);
	return out;
}
