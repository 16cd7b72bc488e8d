/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/digest.h>

_Static_assert(sizeof(((struct glb_table *)0)->digest) == GLB_DIGEST_TEXT_LEN, "room for a digest");

/* Two SipHash states under different public keys: 128 bits. */
struct digest {
	struct glb_siphash halves[2];
	uint64_t word_count;
};

static void absorb(struct digest *digest, uint64_t word)
{
	glb_siphash_word(&digest->halves[0], word);
	glb_siphash_word(&digest->halves[1], word);
	digest->word_count++;
}

static void absorb_addr(struct digest *digest, const struct glb_addr *addr)
{
	absorb(digest, glb_load_le64(addr->bytes));
	absorb(digest, glb_load_le64(addr->bytes + 8));
	absorb(digest, addr->version);
}

/* Host bits are ignored. */
static void absorb_bind(struct digest *digest, const struct glb_bind *bind)
{
	struct glb_addr prefix = bind->addr;

	for (unsigned int bit = bind->prefix_len; bit < 128; bit++)
		prefix.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	absorb_addr(digest, &prefix);
	absorb(digest, bind->prefix_len | (uint64_t)bind->proto << 8 |
			       (uint64_t)bind->port_first << 16 | (uint64_t)bind->port_last << 32 |
			       (uint64_t)bind->quic << 48);
}

/* The server IDs that lead to a backend, in order. */
static void absorb_servers(struct digest *digest, const struct glb_table_spec *spec)
{
	uint16_t backends[GLB_SERVER_IDS];

	if (!glb_server_ids(backends, spec))
		return;
	for (uint32_t id = 0; id < GLB_SERVER_IDS; id++) {
		if (backends[id] == GLB_NO_BACKEND)
			continue;
		absorb(digest, id);
		absorb_addr(digest, &spec->backends[backends[id]].addr);
	}
}

static struct digest digest_start(void)
{
	static const uint8_t keys[2][GLB_SIPHASH_KEY_LEN] = {"glb table digest",
							     "a second opinion"};

	return (struct digest){{glb_siphash_start(keys[0]), glb_siphash_start(keys[1])}, 0};
}

/* 16 digits. */
static void write_hex(char *out, uint64_t value)
{
	for (int digit = 15; digit >= 0; digit--, value >>= 4)
		out[digit] = "0123456789abcdef"[value & 0xf];
}

const char *glb_digest(char out[GLB_DIGEST_TEXT_LEN], const struct glb_table *table)
{
	const struct glb_table_spec *spec = &table->spec;
	struct digest digest = digest_start();

	if (__atomic_load_n(&table->digest[0], __ATOMIC_ACQUIRE)) {
		memcpy(out, table->digest, GLB_DIGEST_TEXT_LEN);
		return out;
	}
	absorb(&digest, glb_load_le64(spec->hash_key));
	absorb(&digest, glb_load_le64(spec->hash_key + 8));
	absorb(&digest, spec->bind_count);
	for (unsigned int i = 0; i < spec->bind_count; i++)
		absorb_bind(&digest, &spec->binds[i]);
	absorb(&digest, table->hop_count);
	for (unsigned int row = 0; row < GLB_ROWS; row++)
		for (unsigned int hop = 0; hop < table->hop_count; hop++)
			absorb_addr(&digest, &spec->backends[table->rows[row].hops[hop]].addr);

	absorb_servers(&digest, spec);

	for (unsigned int half = 0; half < 2; half++)
		write_hex(out + half * 16,
			  glb_siphash_end(digest.halves[half], digest.word_count, 0));
	out[GLB_DIGEST_TEXT_LEN - 1] = 0;
	return out;
}

static void keep_digest(void *arg, unsigned int part)
{
	struct glb_table *table = ((const struct glb_tables *)arg)->tables[part];
	char digest[GLB_DIGEST_TEXT_LEN];

	if (table->digest[0])
		return;
	(void)glb_digest(digest, table);
	/* the first character last, so that other threads see all of it or nothing */
	memcpy(table->digest + 1, digest + 1, sizeof(digest) - 1);
	__atomic_store_n(&table->digest[0], digest[0], __ATOMIC_RELEASE);
}

void glb_digests_keep(const struct glb_tables *tables, glb_run_fn *run)
{
	struct glb_tables list = *tables;

	if (run)
		run(keep_digest, &list, list.count);
	for (unsigned int t = 0; t < list.count && !run; t++)
		keep_digest(&list, t);
}
