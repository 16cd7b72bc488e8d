/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/health.h"
#include "conf/json.h"
#include "conf/listen.h"
#include "conf/settings.h"

enum {
	HOLD_MS_DEFAULT = 500,
	HOLD_MS_MAX = 600000,
	PARALLEL_DEFAULT = 1024,
	PARALLEL_MAX = 65536,
};

/* --- The two files --- */

/* The directory of a path with symbolic links resolved, to be released with free(); or NULL. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[HEALTH_PATH_LEN];

	if (!slash)
		return realpath(".", NULL);
	(void)snprintf(directory, sizeof(directory), "%.*s", (int)(slash + 1 - path), path);
	return realpath(directory, NULL);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Do two paths refer to the same file? Neither has to exist. */
static bool is_one_file(const char *a, const char *b)
{
	struct stat info_a;
	struct stat info_b;

	if (!strcmp(a, b))
		return true;
	if (!stat(a, &info_a) && !stat(b, &info_b))
		return info_a.st_dev == info_b.st_dev && info_a.st_ino == info_b.st_ino;
	if (strcmp(name_of(a), name_of(b)) != 0)
		return false;

	char *directory_a = directory_of(a);
	char *directory_b = directory_of(b);
	bool same = directory_a && directory_b && !strcmp(directory_a, directory_b);

	free(directory_a);
	free(directory_b);
	return same;
}

static int read_file(char out[HEALTH_PATH_LEN], const struct conf_value *files, const char *key)
{
	struct conf_value value;
	const char *path;
	int err = conf_member(&value, files, key);

	if (!err)
		err = conf_sized_string(&path, 1, HEALTH_PATH_LEN - 1, &value);
	if (!err)
		memcpy(out, path, strlen(path) + 1);
	return err;
}

static void read_files(struct health_conf *conf, const struct conf_value *root)
{
	static const char *const known[] = {"src", "dst", NULL};
	struct conf_value files;
	struct conf_value dst;

	if (conf_member(&files, root, "forwarding_table") || conf_object(&files))
		return;
	conf_warn_unknown(&files, known);

	int source = read_file(conf->source, &files, "src");
	int checked = read_file(conf->checked, &files, "dst");

	if (!source && !checked && is_one_file(conf->source, conf->checked) &&
	    conf_find(&dst, &files, "dst"))
		(void)conf_refuse(&dst, "is the same file as src, which would be overwritten");
}

/* --- Other settings --- */

/* Reads a string that may be empty. */
static void read_text(char *out, size_t room, const struct conf_value *root, const char *key)
{
	struct conf_value value;
	const char *text;

	if (conf_find(&value, root, key) && !conf_sized_string(&text, 0, room - 1, &value))
		memcpy(out, text, strlen(text) + 1);
}

static void read_places(struct health_conf *conf, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "reload_command") && !conf_is_null(&value))
		read_text(conf->reload_command, sizeof(conf->reload_command), root,
			  "reload_command");
	if (conf_find(&value, root, "director_socket"))
		(void)conf_socket(conf->director_socket, &value);
	if (conf_find(&value, root, "control_socket"))
		(void)conf_socket(conf->control_socket, &value);
	if (conf_find(&value, root, "http_listen"))
		(void)conf_listen(&conf->http_listen, HEALTH_HTTP_PORT, &value);
	read_text(conf->state_directory, sizeof(conf->state_directory), root, "state_directory");
}

/* Refuses the checker's own control socket: it would request reloads from itself. */
static void check_sockets(const struct health_conf *conf, const struct conf_value *root)
{
	struct conf_value value;

	if (!*conf->control_socket || strcmp(conf->control_socket, conf->director_socket) != 0)
		return;
	if (conf_find(&value, root, "control_socket") || conf_find(&value, root, "director_socket"))
		(void)conf_refuse(&value, "control_socket and director_socket are the same");
}

static void read_amounts(struct health_conf *conf, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "hold_ms"))
		(void)conf_uint(&conf->hold_ms, 0, HOLD_MS_MAX, &value);
	if (conf_find(&value, root, "parallel_max"))
		(void)conf_uint(&conf->parallel_max, 1, PARALLEL_MAX, &value);
}

static void read_interface(struct health_conf *conf, const struct conf_value *root)
{
	struct conf_value value;
	const char *name;

	if (conf_find(&value, root, "tunnel_interface") && !conf_string(&name, &value) && *name)
		(void)conf_name(conf->tunnel_interface, sizeof(conf->tunnel_interface),
				"interface name", &value);
}

static void health_conf_read_tunnel(struct health_conf *conf, const struct conf_value *root)
{
	static const char *const keys[] = {"tunnel_src_ip", "tunnel_src_ip6"};
	struct conf_value interface;
	struct conf_value value;

	read_interface(conf, root);
	src_addr_read(&conf->tunnel_src, 4, keys, root);
	src_addr_read(&conf->tunnel_src6, 6, keys, root);

	bool has_src = conf_find(&value, root, keys[0]) || conf_find(&value, root, keys[1]);
	bool has_interface = conf_find(&interface, root, "tunnel_interface");

	if (*conf->tunnel_interface && !has_src)
		(void)conf_refuse(&interface, "needs tunnel_src_ip, tunnel_src_ip6 or both");
	if (has_src && !has_interface)
		conf_warn(&value, "has no effect without tunnel_interface");
}

/* Is it another kind of file? Then a single error says so, and nothing else is reported. */
static bool is_other_file(const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "forwarding_table") ||
	    (!conf_find(&value, root, "tables") &&
	     !conf_find(&value, root, "outbound_gateway_mac")))
		return false;
	(void)conf_refuse(root,
			  "has the \"%s\" of another file, and no \"forwarding_table\": were two "
			  "files swapped?",
			  value.key);
	return true;
}

static void health_conf_read_conf(struct health_conf *conf, const struct conf_value *root)
{
	static const char *const known[] = {
		"forwarding_table", "reload_command",  "director_socket", "control_socket",
		"http_listen",	    "state_directory", "hold_ms",	  "parallel_max",
		"tunnel_interface", "tunnel_src_ip",   "tunnel_src_ip6",  NULL,
	};

	if (conf_object(root) || is_other_file(root))
		return;
	conf_warn_unknown(root, known);
	read_files(conf, root);
	read_places(conf, root);
	check_sockets(conf, root);
	read_amounts(conf, root);
	health_conf_read_tunnel(conf, root);
}

int health_conf_parse(struct health_conf *out, const char *path, const char *bytes, size_t len,
		      struct report *report)
{
	struct health_conf conf = {
		.director_socket = CONTROL_SOCKET_DEFAULT,
		.control_socket = HEALTH_SOCKET_DEFAULT,
		.http_listen = {.addr = {.version = 4, .bytes = {127, 0, 0, 1}},
				.port = HEALTH_HTTP_PORT},
		.hold_ms = HOLD_MS_DEFAULT,
		.parallel_max = PARALLEL_DEFAULT,
	};
	uint32_t errors = report->totals[SEVERITY_ERROR];
	struct conf_file file;
	int err = conf_parse(&file, path, bytes, len, report);

	if (err)
		return err;

	struct conf_value root = conf_root(&file);

	health_conf_read_conf(&conf, &root);
	conf_close(&file);
	if (report->totals[SEVERITY_ERROR] > errors)
		return -EINVAL;
	*out = conf;
	return 0;
}

int health_conf_read(struct health_conf *out, const struct conf_input *input, struct report *report)
{
	int err = input_check(input, report);

	if (err)
		return err;
	return health_conf_parse(out, input->path, (const char *)input->file.bytes, input->file.len,
				 report);
}
