/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/health_checks.h"
#include "conf/health_command.h"
#include "conf/health_request.h"
#include "conf/health_tunnel.h"

enum { OF_A_TYPE_MAX = 16 };

/* Parameters common to the checks of one object. */
struct reading {
	struct health_list *list;
	struct health_memory **memory;
	const struct health_times *times;
	const struct glb_table_spec *table;
	char *uri; /* the original's path for a check given as a port; or NULL */
};

/*
 * How a check type is read. read() gets the value of a check whose times, and port if it has one,
 * have been read, and adds the check to the list. Returns 0, even if problems were reported, or
 * -ENOMEM.
 */
struct kind {
	enum health_check_type type;
	bool has_port; /* of the backend */
	bool by_port;  /* may be a port number */
	bool by_true;  /* may be true or false */
	int (*read)(struct reading *reading, struct health_check *check,
		    const struct conf_value *value);
	const char *const *known; /* of an object; NULL: other values are allowed, too */
};

#define PORT_KEYS "port", HEALTH_TIME_KEYS

/* --- Types --- */

static const char *const plain_keys[] = {PORT_KEYS, NULL};
static const char *const second_chance_keys[] = {HEALTH_TIME_KEYS, NULL};

static int read_plain(struct reading *reading, struct health_check *check,
		      const struct conf_value *value)
{
	(void)value;
	return health_list_add(reading->list, check);
}

static const char *const http_keys[] = {PORT_KEYS, HEALTH_REQUEST_KEYS, NULL};
static const char *const https_keys[] = {PORT_KEYS, HEALTH_REQUEST_KEYS, "verify", NULL};

static int read_http(struct reading *reading, struct health_check *check,
		     const struct conf_value *value)
{
	struct health_request *request = &check->request;
	int err = health_request_init(request, reading->memory);

	if (!err && conf_is_object(value))
		err = health_request_read(request, reading->memory, value);
	else if (!err && check->type == HEALTH_HTTP && reading->uri)
		request->path = reading->uri;
	if (err)
		return err;
	if (check->type == HEALTH_HTTPS)
		health_verify_read(request, value);
	return health_list_add(reading->list, check);
}

static const char *const udp_keys[] = {
	PORT_KEYS, "send", "send_hex", "expect", "expect_hex", NULL,
};

static int read_udp(struct reading *reading, struct health_check *check,
		    const struct conf_value *value)
{
	int err = health_datagrams_read(check, reading->memory, value);

	return err ? err : health_list_add(reading->list, check);
}

static const char *const exec_keys[] = {"command", HEALTH_TIME_KEYS, NULL};

static int read_exec(struct reading *reading, struct health_check *check,
		     const struct conf_value *value)
{
	int err = health_command_read(&check->command, reading->memory, value);

	return err || !check->command ? err : health_list_add(reading->list, check);
}

static const char *const tunnel_keys[] = {
	"vip", PORT_KEYS, "http", "tls", "full_size", NULL,
};

/* Reads the request of a tunnel check: true, or an object. Returns 0, even if problems were
 * reported, or -ENOMEM. */
static int read_tunnel_request(struct reading *reading, struct health_check *check,
			       const struct conf_value *value)
{
	static const char *const known[] = {HEALTH_REQUEST_KEYS, "verify", NULL};
	int err = health_request_init(&check->request, reading->memory);
	struct conf_value verify;

	if (err)
		return err;
	if (!conf_is_object(value)) {
		(void)conf_bool(&check->is_http, value);
	} else {
		check->is_http = true;
		if (!conf_refuse_unknown(value, known))
			err = health_request_read(&check->request, reading->memory, value);
	}
	if (check->is_tls)
		health_verify_read(&check->request, value);
	else if (conf_find(&verify, value, "verify") && !conf_bool(&check->request.verify, &verify))
		conf_warn(&verify, "has no effect without \"tls\"");
	return err;
}

static int health_checks_read_tunnel(struct reading *reading, struct health_check *check,
				     const struct conf_value *value)
{
	bool is_object = conf_is_object(value);
	struct conf_value member;
	uint32_t full_size = 0;
	int err = 0;

	if (is_object && conf_find(&member, value, "full_size") &&
	    !conf_uint(&full_size, HEALTH_FULL_SIZE_LEAST, UINT16_MAX, &member))
		check->full_size = (uint16_t)full_size;
	if (is_object && conf_find(&member, value, "tls"))
		(void)conf_bool(&check->is_tls, &member);
	if (is_object && conf_find(&member, value, "http"))
		err = read_tunnel_request(reading, check, &member);
	if (!err && check->is_tls && !check->is_http && conf_find(&member, value, "tls"))
		(void)conf_refuse(&member, "needs \"http\"");
	return err ? err : health_tunnel_read(reading->list, check, value, reading->table);
}

static const struct kind kinds[] = {
	{HEALTH_TCP, true, true, false, read_plain, plain_keys},
	{HEALTH_HTTP, true, true, false, read_http, http_keys},
	{HEALTH_HTTPS, true, true, false, read_http, https_keys},
	{HEALTH_UDP, true, false, false, read_udp, udp_keys},
	{HEALTH_EXEC, false, false, false, read_exec, exec_keys},
	{HEALTH_GUE, true, true, false, read_plain, plain_keys},
	{HEALTH_FOU, true, true, false, read_plain, plain_keys},
	{HEALTH_TUNNEL, false, false, true, health_checks_read_tunnel, tunnel_keys},
	{HEALTH_SECOND_CHANCE, false, false, true, read_plain, second_chance_keys},
};
_Static_assert(sizeof(kinds) / sizeof(*kinds) == HEALTH_TYPE_COUNT, "every type is read");

/* --- Values --- */

/* False if it is invalid or 0, which is treated as absent. */
static bool health_checks_read_port(uint16_t *out, uint32_t least, const struct conf_value *value)
{
	uint32_t port;

	if (conf_uint(&port, least, UINT16_MAX, value))
		return false;
	*out = (uint16_t)port;
	return port;
}

/* False after reporting a problem. Keys of the check's type are not read. */
static bool read_object(struct health_check *check, struct health_times *times,
			const struct kind *kind, const struct conf_value *value)
{
	struct conf_value port;

	if (conf_object(value) || conf_refuse_unknown(value, kind->known))
		return false;
	health_times_read(times, value);
	return !kind->has_port || (!conf_member(&port, value, "port") &&
				   health_checks_read_port(&check->port, 1, &port));
}

/* Reads what all types have in common. False if there is no check, or an invalid one. */
static bool read_common(struct health_check *check, struct health_times *times,
			const struct kind *kind, const struct conf_value *value)
{
	bool on = false;

	if (conf_is_object(value))
		return read_object(check, times, kind, value);
	if (kind->by_port)
		return health_checks_read_port(&check->port, 0, value);
	if (kind->by_true)
		return !conf_bool(&on, value) && on;
	return kind->type == HEALTH_EXEC || !conf_object(value);
}

static int read_one(struct reading *reading, const struct kind *kind,
		    const struct conf_value *value)
{
	struct health_times times = *reading->times;
	struct health_check check = {.type = kind->type};

	if (!read_common(&check, &times, kind, value))
		return 0;
	check.timeout_ms = times.timeout_ms;
	check.interval_ms = times.interval_ms;
	check.rise = times.rise;
	check.fall = times.fall;
	return kind->read(reading, &check, value);
}

/* Is it an array of checks? The words of a command form an array, too. */
static bool is_several(const struct kind *kind, const struct conf_value *value)
{
	struct conf_value first = conf_element(value, 0);

	return conf_is_array(value) && !(kind->type == HEALTH_EXEC && conf_is_string(&first));
}

static int read_type(struct reading *reading, const struct kind *kind,
		     const struct conf_value *object)
{
	struct conf_value value;
	int err = 0;

	if (!health_find(&value, object, health_check_word(kind->type)))
		return 0;
	if (!is_several(kind, &value))
		return read_one(reading, kind, &value);

	size_t count = conf_count(&value);

	if (!count || count > OF_A_TYPE_MAX) {
		(void)conf_refuse(&value, "%zu checks, expected from 1 to %d", count,
				  OF_A_TYPE_MAX);
		return 0;
	}
	for (size_t i = 0; i < count && !err; i++) {
		struct conf_value one = conf_element(&value, i);

		err = read_one(reading, kind, &one);
	}
	return err;
}

/* The original's path is only valid for a check given as a port. */
static int read_uri(struct reading *reading, const struct conf_value *object)
{
	struct conf_value http;
	struct conf_value uri;
	const char *text;

	if (!health_find(&uri, object, "http_uri") || conf_string(&text, &uri) || !*text)
		return 0;
	if (!health_find(&http, object, "http"))
		conf_warn(&uri, "has no effect without \"http\"");
	else if (!conf_is_integer(&http))
		(void)conf_refuse(&uri, "is for a port alone; here it is \"path\" in \"http\"");
	return health_path_read(&reading->uri, reading->memory, &uri);
}

int health_checks_read(struct health_list *list, struct health_memory **memory,
		       const struct conf_value *object, const struct health_times *times,
		       const struct glb_table_spec *table)
{
	struct reading reading = {list, memory, times, table, NULL};
	int err = read_uri(&reading, object);

	for (unsigned int i = 0; i < HEALTH_TYPE_COUNT && !err; i++)
		err = read_type(&reading, &kinds[i], object);
	return err;
}
