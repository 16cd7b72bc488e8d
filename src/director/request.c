/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/json.h"
#include "director/leave.h"
#include "director/request.h"
#include "sys/words.h"

enum { KEYS_MAX = 8 };

static const struct {
	const char *word;
	bool changes;
} verbs[] = {
#define VERB_ROW(constant, word, changes) [VERB_##constant] = {word, changes},
	VERBS(VERB_ROW)
#undef VERB_ROW
};

/* Keys besides the two that every request has. */
static const char *const verb_keys[VERB_COUNT][KEYS_MAX] = {
	[VERB_LEAVE] = {"quiet_s", "deadline_s"},
	[VERB_LOG_LEVEL] = {"level"},
	[VERB_LOOKUP] = {"src", "src_port", "dst", "dst_port", "proto"},
	[VERB_RELOAD] = {"tables_only"},
	[VERB_TABLES] = {"table"},
	[VERB_BACKENDS] = {"table"},
};

const char *verb_name(enum verb verb)
{
	return verbs[verb].word;
}

bool verb_changes(enum verb verb)
{
	return verbs[verb].changes;
}

static int read_version(const struct conf_value *root)
{
	struct conf_value value;
	uint32_t version;
	int err = conf_member(&value, root, "glb");

	if (err)
		return err;
	err = conf_uint(&version, 1, UINT32_MAX, &value);
	if (!err && version != PROTOCOL_VERSION)
		err = conf_refuse(&value, "version %u of the protocol is not known, only %d",
				  version, PROTOCOL_VERSION);
	return err;
}

static int read_verb(enum verb *out, const struct conf_value *root)
{
	struct nearest nearest;
	struct conf_value value;
	const char *word;
	int err = conf_member(&value, root, "verb");

	if (!err)
		err = conf_string(&word, &value);
	if (err)
		return err;
	nearest = nearest_start(word);
	for (unsigned int verb = 0; verb < VERB_COUNT; verb++) {
		if (!strcmp(word, verbs[verb].word)) {
			*out = (enum verb)verb;
			return 0;
		}
		nearest_try(&nearest, verbs[verb].word, verbs[verb].word);
	}
	if (nearest.found)
		return conf_refuse(&value, "unknown verb \"%s\"; did you mean \"%s\"?", word,
				   nearest.found);
	return conf_refuse(&value, "unknown verb \"%s\"", word);
}

static int check_keys(const struct conf_value *root, enum verb verb)
{
	const char *known[KEYS_MAX + 3] = {"glb", "verb"};

	for (unsigned int i = 0; i < KEYS_MAX && verb_keys[verb][i]; i++)
		known[i + 2] = verb_keys[verb][i];
	return conf_refuse_unknown(root, known);
}

static void read_port(uint16_t *out, const struct conf_value *value)
{
	uint32_t port;

	if (!conf_uint(&port, 0, UINT16_MAX, value))
		*out = (uint16_t)port;
}

/* A flow, all of which must be there but for its source port and protocol. */
static void read_flow(struct path_question *flow, const struct conf_value *root)
{
	static const char *const protos[] = {"tcp", "udp", NULL};
	struct conf_value value;
	uint32_t udp = 0;

	flow->proto = GLB_PROTO_TCP;
	if (!conf_member(&value, root, "src"))
		(void)conf_addr(&flow->src, &value);
	if (!conf_member(&value, root, "dst"))
		(void)conf_addr(&flow->dst, &value);
	flow->has_src_port = conf_find(&value, root, "src_port");
	if (flow->has_src_port)
		read_port(&flow->src_port, &value);
	if (!conf_member(&value, root, "dst_port"))
		read_port(&flow->dst_port, &value);
	if (conf_find(&value, root, "proto") && !conf_choice(&udp, protos, "tcp or udp", &value))
		flow->proto = udp ? GLB_PROTO_UDP : GLB_PROTO_TCP;
}

static void read_level(enum log_level *out, const struct conf_value *root)
{
	struct conf_value value;
	const char *name;

	if (conf_member(&value, root, "level") || conf_string(&name, &value))
		return;
	if (log_level_read(out, name))
		(void)conf_refuse(&value, "\"%s\" is not error, warning or info", name);
}

static void read_leave(struct request *request, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "quiet_s"))
		(void)conf_uint(&request->quiet_s, 0, LEAVE_QUIET_S_MAX, &value);
	if (conf_find(&value, root, "deadline_s"))
		(void)conf_uint(&request->deadline_s, 0, LEAVE_DEADLINE_S_MAX, &value);
}

/* Every key is looked at, so that all problems show at once. */
static void read_keys(struct request *request, const struct conf_value *root)
{
	struct conf_value value;

	if (request->verb == VERB_LOG_LEVEL)
		read_level(&request->level, root);
	read_leave(request, root);
	if (request->verb == VERB_LOOKUP)
		read_flow(&request->flow, root);
	if (conf_find(&value, root, "tables_only"))
		(void)conf_bool(&request->tables_only, &value);
	if (conf_find(&value, root, "table"))
		(void)conf_name(request->table, sizeof(request->table), "name of a table", &value);
}

static int read_root(struct request *request, const struct conf_value *root)
{
	int err = conf_object(root);

	if (err)
		return err;
	err = read_version(root);
	if (!err)
		err = read_verb(&request->verb, root);
	if (!err)
		err = check_keys(root, request->verb);
	if (!err)
		read_keys(request, root);
	return report_has_errors(root->file->report) ? -EINVAL : 0;
}

int request_read(struct request *out, const char *line, size_t len, struct report *report)
{
	struct request request = {
		.verb = VERB_STATUS, .quiet_s = LEAVE_QUIET_S, .deadline_s = LEAVE_DEADLINE_S};
	struct conf_file file;
	int err = conf_parse(&file, "request", line, len, report);

	if (err)
		return err;

	struct conf_value root = conf_root(&file);

	err = read_root(&request, &root);
	conf_close(&file);
	if (!err)
		*out = request;
	return err;
}
