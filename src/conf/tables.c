/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/image.h>

#include "conf/addr.h"
#include "conf/json.h"
#include "conf/tables.h"
#include "sys/file.h"

static int read_key(uint8_t out[GLB_SIPHASH_KEY_LEN], const struct conf_value *table,
		    const char *name, struct glb_diag *diag)
{
	struct conf_value value;
	const char *text;
	int err = conf_member(&value, table, name, diag);

	if (!err)
		err = conf_string(&text, &value, diag);
	if (!err && !key_parse(out, text)) /* never print it: it is a secret */
		err = conf_refuse(&value, diag, "is not 32 hexadecimal digits");
	return err;
}

static int read_state(enum glb_state *out, const struct conf_value *backend, struct glb_diag *diag)
{
	static const char *const names[] = {
		[GLB_FILLING] = "filling",
		[GLB_ACTIVE] = "active",
		[GLB_DRAINING] = "draining",
		[GLB_INACTIVE] = "inactive",
	};
	struct conf_value value;
	const char *text;
	int err = conf_member(&value, backend, "state", diag);

	if (!err)
		err = conf_string(&text, &value, diag);
	if (err)
		return err;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(text, names[i])) {
			*out = (enum glb_state)i;
			return 0;
		}
	return conf_refuse(&value, diag, "\"%s\" is not filling, active, draining or inactive",
			   text);
}

static int read_backend(struct glb_backend *out, const struct conf_value *backend,
			struct glb_diag *diag)
{
	static const char *const known[] = {"ip", "state", "healthy", "healthchecks", NULL};
	struct conf_value value;
	int err = conf_object(backend, diag);

	if (err)
		return err;
	conf_warn_unknown(backend, known);
	err = conf_member(&value, backend, "ip", diag);
	if (!err)
		err = conf_addr(&out->addr, &value, diag);
	if (!err)
		err = read_state(&out->state, backend, diag);
	if (!err && conf_find(&value, backend, "healthy"))
		err = conf_bool(&out->healthy, &value, diag);
	return err;
}

static int refuse_duplicate(const struct glb_table_spec *table, unsigned int index,
			    const struct conf_value *backend, struct glb_diag *diag)
{
	char text[ADDR_TEXT_LEN];
	struct conf_value ip;

	for (unsigned int i = 0; i < index; i++) {
		if (!glb_addr_equal(&table->backends[i].addr, &table->backends[index].addr))
			continue;
		(void)conf_find(&ip, backend, "ip");
		return conf_refuse(&ip, diag, "duplicate backend %s, first listed as backends[%u]",
				   addr_text(text, &table->backends[i].addr), i);
	}
	return 0;
}

static int read_backends(struct glb_table_spec *table, const struct conf_value *parent,
			 struct glb_diag *diag)
{
	struct conf_value list;
	int err = conf_member(&list, parent, "backends", diag);

	if (!err)
		err = conf_array(&list, diag);
	if (err)
		return err;

	size_t count = conf_count(&list);

	if (count > GLB_BACKENDS_MAX)
		return conf_refuse(&list, diag, "%zu backends, at most %d fit a table", count,
				   GLB_BACKENDS_MAX);
	table->backends = calloc(count ? count : 1, sizeof(*table->backends));
	if (!table->backends)
		return -ENOMEM;
	for (unsigned int i = 0; i < count && !err; i++) {
		struct conf_value backend = conf_element(&list, i);

		err = read_backend(&table->backends[i], &backend, diag);
		if (!err)
			err = refuse_duplicate(table, i, &backend, diag);
		table->backend_count = i + 1;
	}
	return err;
}

static int read_port(uint16_t *out, const struct conf_value *bind, const char *name,
		     struct glb_diag *diag)
{
	struct conf_value value;
	uint32_t port = 0;
	int err = conf_member(&value, bind, name, diag);

	if (!err)
		err = conf_uint(&port, UINT16_MAX, &value, diag);
	if (!err)
		*out = (uint16_t)port;
	return err;
}

static int read_ports(struct glb_bind *out, const struct conf_value *bind, struct glb_diag *diag)
{
	struct conf_value value;
	int err;

	if (conf_find(&value, bind, "port")) {
		err = read_port(&out->port_first, bind, "port", diag);
		out->port_last = out->port_first;
		return err;
	}
	if (!conf_find(&value, bind, "port_start") && !conf_find(&value, bind, "port_end"))
		return conf_refuse(bind, diag, "has neither port nor port_start and port_end");
	err = read_port(&out->port_first, bind, "port_start", diag);
	if (!err)
		err = read_port(&out->port_last, bind, "port_end", diag);
	if (!err && out->port_first > out->port_last)
		err = conf_refuse(bind, diag, "port_start %u is above port_end %u", out->port_first,
				  out->port_last);
	return err;
}

static int read_proto(uint8_t *out, const struct conf_value *bind, struct glb_diag *diag)
{
	struct conf_value value;
	const char *text;
	int err = conf_member(&value, bind, "proto", diag);

	if (!err)
		err = conf_string(&text, &value, diag);
	if (err)
		return err;
	if (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0)
		return conf_refuse(&value, diag, "\"%s\" is not tcp or udp", text);
	*out = text[0] == 't' ? GLB_PROTO_TCP : GLB_PROTO_UDP;
	return 0;
}

static int read_bind(struct glb_bind *out, const struct conf_value *bind, struct glb_diag *diag)
{
	static const char *const known[] = {"ip", "proto", "port", "port_start", "port_end", NULL};
	struct conf_value value;
	const char *text;
	int err = conf_object(bind, diag);

	if (err)
		return err;
	conf_warn_unknown(bind, known);
	err = conf_member(&value, bind, "ip", diag);
	if (!err)
		err = conf_string(&text, &value, diag);
	if (!err && !prefix_parse(&out->addr, &out->prefix_len, text))
		err = conf_refuse(&value, diag, "\"%s\" is not an IPv4 or IPv6 address or prefix",
				  text);
	if (!err)
		err = read_proto(&out->proto, bind, diag);
	return err ? err : read_ports(out, bind, diag);
}

static int read_binds(struct glb_table_spec *table, const struct conf_value *parent,
		      struct glb_diag *diag)
{
	struct conf_value list;
	int err = conf_member(&list, parent, "binds", diag);

	if (!err)
		err = conf_array(&list, diag);
	if (err)
		return err;

	size_t count = conf_count(&list);

	if (count > GLB_BINDS_MAX)
		return conf_refuse(&list, diag, "%zu binds, at most %d fit a table", count,
				   GLB_BINDS_MAX);
	table->binds = calloc(count ? count : 1, sizeof(*table->binds));
	if (!table->binds)
		return -ENOMEM;
	for (unsigned int i = 0; i < count && !err; i++) {
		struct conf_value bind = conf_element(&list, i);

		err = read_bind(&table->binds[i], &bind, diag);
		table->bind_count = i + 1;
	}
	return err;
}

static int read_table(struct glb_table_spec *out, const struct conf_value *table,
		      struct glb_diag *diag)
{
	static const char *const known[] = {"name", "hash_key", "seed", "binds", "backends", NULL};
	struct conf_value value;
	const char *name;
	int err = conf_object(table, diag);

	if (err)
		return err;
	conf_warn_unknown(table, known);
	if (conf_find(&value, table, "name")) {
		err = conf_string(&name, &value, diag);
		if (!err && !(out->name = strdup(name)))
			err = -ENOMEM;
	}
	if (!err)
		err = read_key(out->hash_key, table, "hash_key", diag);
	if (!err)
		err = read_key(out->seed, table, "seed", diag);
	if (!err)
		err = read_binds(out, table, diag);
	return err ? err : read_backends(out, table, diag);
}

static int read_spec(struct glb_spec *spec, const struct conf_value *root, struct glb_diag *diag)
{
	static const char *const known[] = {"tables", "healthchecks", NULL};
	struct conf_value list;
	int err = conf_object(root, diag);

	if (err)
		return err;
	conf_warn_unknown(root, known);
	err = conf_member(&list, root, "tables", diag);
	if (!err)
		err = conf_array(&list, diag);
	if (err)
		return err;

	size_t count = conf_count(&list);

	spec->tables = calloc(count ? count : 1, sizeof(*spec->tables));
	if (!spec->tables)
		return -ENOMEM;
	for (unsigned int i = 0; i < count && !err; i++) {
		struct conf_value table = conf_element(&list, i);

		spec->table_count = i + 1;
		err = read_table(&spec->tables[i], &table, diag);
	}
	return err;
}

int spec_parse(struct glb_spec *out, const char *path, const char *bytes, size_t len,
	       struct glb_diag *diag)
{
	struct conf_file file;
	struct glb_spec spec = {0};
	int err = conf_parse(&file, path, bytes, len, diag);

	if (err)
		return err;

	struct conf_value root = conf_root(&file);

	err = read_spec(&spec, &root, diag);
	conf_close(&file);
	if (err) {
		if (err == -ENOMEM)
			glb_diag(diag, "%s: out of memory", path);
		glb_spec_free(&spec);
		return err;
	}
	*out = spec;
	return 0;
}

static int read_file(struct file_bytes *out, const char *path, struct glb_diag *diag)
{
	int err = file_read(out, path);

	if (err)
		glb_diag(diag, "%s: %s", path, strerror(-err));
	return err;
}

int spec_load(struct glb_spec *out, const char *path, struct glb_diag *diag)
{
	struct file_bytes file;
	int err = read_file(&file, path, diag);

	if (err)
		return err;
	err = spec_parse(out, path, (const char *)file.bytes, file.len, diag);
	free(file.bytes);
	return err;
}

static int build_tables(struct glb_tables *out, const char *path, const struct file_bytes *file,
			struct glb_diag *diag)
{
	struct glb_diag reason = {{0}};
	struct glb_spec spec;
	int err = spec_parse(&spec, path, (const char *)file->bytes, file->len, diag);

	if (err)
		return err;
	err = glb_tables_build(out, &spec, &reason);
	if (err)
		glb_diag(diag, "%s: %.400s", path, reason.text);
	glb_spec_free(&spec);
	return err;
}

int tables_load(struct glb_tables *out, const char *path, struct glb_diag *diag)
{
	struct glb_diag reason = {{0}};
	struct file_bytes file;
	int err = read_file(&file, path, diag);

	if (err)
		return err;
	if (glb_image_detect(file.bytes, file.len)) {
		err = glb_image_read(out, file.bytes, file.len, &reason);
		if (err)
			glb_diag(diag, "%s: %.400s", path, reason.text);
	} else {
		err = build_tables(out, path, &file, diag);
	}
	free(file.bytes);
	return err;
}
