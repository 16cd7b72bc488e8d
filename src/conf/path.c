/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glb/hash.h>

#include "conf/addr.h"
#include "conf/path.h"
#include "conf/settings.h"
#include "conf/title.h"

int path_start(struct path *out, const struct path_question *question, struct glb_diag *diag)
{
	char src[ADDR_TEXT_LEN];
	char dst[ADDR_TEXT_LEN];

	if (question->src.version != question->dst.version) {
		glb_diag(diag, "%s and %s are not of one IP version",
			 addr_text(src, &question->src), addr_text(dst, &question->dst));
		return -EINVAL;
	}
	*out = (struct path){
		.flow.kind = GLB_FLOW_PORTS,
		.flow.proto = question->proto,
		.flow.version = question->src.version,
		.flow.src_port = question->src_port,
		.flow.dst_port = question->dst_port,
		.flow.entropy = question->src_port,
		.has_src_port = question->has_src_port,
	};
	memcpy(out->flow.src, question->src.bytes, sizeof(out->flow.src));
	memcpy(out->flow.dst, question->dst.bytes, sizeof(out->flow.dst));
	return 0;
}

bool path_lacks_port(const struct path *path)
{
	return !path->has_src_port &&
	       (path->settings.hash_fields | path->settings.alt_hash_fields) & GLB_HASH_SRC_PORT;
}

/* Appends the hops of a row, without duplicates, in the order of the data path. */
static void add_hops(struct path *path, uint16_t row)
{
	for (unsigned int hop = 0; hop < path->table->hop_count; hop++) {
		uint16_t backend = path->table->rows[row].hops[hop];
		bool listed = false;

		for (unsigned int i = 0; i < path->hop_count; i++)
			listed |= path->hops[i] == backend;
		if (!listed || !path->settings.unique_hops)
			path->hops[path->hop_count++] = backend;
	}
}

int path_follow(struct path *path, const struct glb_tables *tables, const struct glb_binds *binds)
{
	int index = glb_binds_find(&path->bind, binds, &path->flow, path->outer_dst);

	if (index < 0)
		return -ENOENT;

	const uint8_t *key = tables->tables[index]->spec.hash_key;
	uint8_t alt_fields = path->settings.alt_hash_fields;

	path->table = tables->tables[index];
	path->table_index = (unsigned int)index;
	path->hash = glb_flow_hash(key, path->settings.hash_fields, &path->flow);
	path->row = glb_row_index(path->hash);
	add_hops(path, path->row);
	if (alt_fields)
		add_hops(path, glb_row_index(glb_flow_hash(key, alt_fields, &path->flow)));
	return 0;
}

bool path_is_quic(const struct path *path)
{
	return path->table->spec.binds[path->bind].quic;
}

/* Writes hash fields as a list of names. */
static void write_fields(struct writer *w, const char *key, uint8_t fields)
{
	char name[FIELDS_TEXT_LEN];

	write_open(w, key, '[');
	for (unsigned int field = 1; field <= fields; field <<= 1)
		if (fields & field)
			write_string(w, NULL, fields_text(name, (uint8_t)field));
	write_close(w, ']');
}

/* Writes the outer source port; null if it depends on fields that were not given. */
static void write_outer_port(struct writer *w, const struct path *path)
{
	if (path->has_src_port)
		write_uint(w, "outer_source_port", glb_outer_src_port(path->hash, &path->flow));
	else
		write_string(w, "outer_source_port", NULL);
}

void path_write(struct writer *w, const struct path *path)
{
	char hash[17];
	char bind[BIND_TEXT_LEN];
	char text[ADDR_TEXT_LEN];

	(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)path->hash);
	write_table_id(w, path->table, path->table_index);
	write_string(w, "bind", bind_text(bind, &path->table->spec.binds[path->bind]));
	write_fields(w, "hash_fields", path->settings.hash_fields);
	write_fields(w, "alt_hash_fields", path->settings.alt_hash_fields);
	write_string(w, "hash", hash);
	write_uint(w, "row", path->row);
	write_open(w, "hops", '[');
	for (unsigned int hop = 0; hop < path->hop_count; hop++)
		write_string(w, NULL,
			     addr_text(text, &path->table->spec.backends[path->hops[hop]].addr));
	write_close(w, ']');
	write_outer_port(w, path);
	write_bool(w, "quic", path_is_quic(path));
}
