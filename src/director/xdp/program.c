/* SPDX-License-Identifier: BSD-3-Clause */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "director/xdp/program.h"

#pragma GCC diagnostic push /* generated code, with the program in one string literal */
#pragma GCC diagnostic ignored "-Woverlength-strings"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "bifurcate.skel.h"
#pragma GCC diagnostic pop

enum { MAPS_MAX = 8 };

static const char program_name[] = "glb_bifurcate";
_Static_assert(sizeof(program_name) <= XDP_NAME_LEN, "the kernel truncates longer names");

/* The program that receives packets first, and how it is attached. Returns 0 or -errno. */
static int query(uint32_t *id, uint32_t *mode_flags, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, found);
	int err = bpf_xdp_query((int)ifindex, 0, &found);

	if (err)
		return err;
	*id = found.prog_id;
	*mode_flags = 0;
	if (found.hw_prog_id) {
		*id = found.hw_prog_id;
		*mode_flags = XDP_FLAGS_HW_MODE;
	}
	if (found.skb_prog_id) {
		*id = found.skb_prog_id;
		*mode_flags = XDP_FLAGS_SKB_MODE;
	}
	if (found.drv_prog_id) {
		*id = found.drv_prog_id;
		*mode_flags = XDP_FLAGS_DRV_MODE;
	}
	return 0;
}

static bool is_map(const struct bpf_map_info *info, const char *name, uint32_t key_size,
		   uint32_t value_size)
{
	return !strcmp(info->name, name) && info->key_size == key_size &&
	       info->value_size == value_size;
}

/* Keeps the descriptor of a map if it is one that the director fills or reads; closes others. */
static void keep_map(struct xdp_program *program, int fd)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);
	int *place = NULL;

	if (!bpf_obj_get_info_by_fd(fd, &info, &len)) {
		if (is_map(&info, "glb_vips", XDP_WHOLE_LEN, 1))
			place = &program->vips_fd;
		else if (is_map(&info, "glb_prefixes", sizeof(struct xdp_key), 1))
			place = &program->prefixes_fd;
		else if (is_map(&info, "glb_packets", sizeof(uint32_t), sizeof(uint64_t)) &&
			 info.max_entries == XDP_FATE_COUNT)
			place = &program->packets_fd;
	}
	if (place && *place < 0)
		*place = fd;
	else
		(void)close(fd);
}

/* Opens the maps of a program that has our name. Returns 0 or -errno. */
static int open_maps(struct xdp_program *program)
{
	uint32_t ids[MAPS_MAX] = {0};
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(program->fd, &info, &len))
		return -errno;
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++) {
		int fd = bpf_map_get_fd_by_id(ids[i]);

		if (fd < 0)
			return -errno;
		keep_map(program, fd);
	}
	return 0;
}

/* Fills in what the program is. Returns 0 or -errno. */
static int identify(struct xdp_program *program)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	program->fd = bpf_prog_get_fd_by_id(program->id);
	if (program->fd < 0 || bpf_obj_get_info_by_fd(program->fd, &info, &len))
		return -errno;
	memcpy(program->name, info.name, sizeof(program->name));
	program->name[sizeof(program->name) - 1] = '\0';
	program->is_ours = !strcmp(program->name, program_name);
	return program->is_ours ? open_maps(program) : 0;
}

static void xdp_program_release(struct xdp_program *program)
{
	const int fds[] = {program->fd, program->vips_fd, program->prefixes_fd,
			   program->packets_fd};

	for (unsigned int i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] > 0)
			(void)close(fds[i]);
	*program = (struct xdp_program){.id = 0};
}

static int xdp_program_find(struct xdp_program *out, uint32_t ifindex)
{
	struct xdp_program program = {.fd = -1, .vips_fd = -1, .prefixes_fd = -1, .packets_fd = -1};
	int err = query(&program.id, &program.mode_flags, ifindex);

	if (!err && program.id)
		err = identify(&program);
	if (err) {
		xdp_program_release(&program);
		return err;
	}
	*out = program;
	return 0;
}

static int xdp_program_is_attached(bool *out, const struct xdp_program *program, uint32_t ifindex)
{
	uint32_t mode_flags;
	uint32_t id;
	int err = query(&id, &mode_flags, ifindex);

	if (!err)
		*out = id == program->id;
	return err;
}

static int xdp_program_detach(const struct xdp_program *program, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, only, .old_prog_fd = program->fd);

	return bpf_xdp_detach((int)ifindex, program->mode_flags, &only);
}

static int set_entry(void *arg, const struct xdp_entry *entry)
{
	const struct xdp_program *program = arg;
	const struct xdp_key *key = &entry->key;
	int err = xdp_is_whole(key)
			  ? bpf_map_update_elem(program->vips_fd, &key->version, &entry->roles,
						BPF_ANY)
			  : bpf_map_update_elem(program->prefixes_fd, key, &entry->roles, BPF_ANY);

	return err ? -errno : 0;
}

static int unset_entry(void *arg, const struct xdp_entry *entry)
{
	const struct xdp_program *program = arg;
	const struct xdp_key *key = &entry->key;
	int err = xdp_is_whole(key) ? bpf_map_delete_elem(program->vips_fd, &key->version)
				    : bpf_map_delete_elem(program->prefixes_fd, key);

	return err && errno != ENOENT ? -errno : 0;
}

static int xdp_program_change(const struct xdp_program *program, const struct xdp_vips *from,
			      const struct xdp_vips *to)
{
	const struct xdp_changes changes = {set_entry, unset_entry, (void *)program};

	return xdp_vips_change(from, to, &changes);
}

static int xdp_program_count(uint64_t sum[XDP_FATE_COUNT], const struct xdp_program *program)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *per_cpu = cpus < 0 ? NULL : calloc((size_t)cpus, sizeof(*per_cpu));
	int err = per_cpu ? 0 : cpus < 0 ? cpus : -ENOMEM;

	for (uint32_t fate = 0; fate < XDP_FATE_COUNT && !err; fate++) {
		if (bpf_map_lookup_elem(program->packets_fd, &fate, per_cpu))
			err = -errno;
		for (int cpu = 0; cpu < cpus && !err; cpu++)
			sum[fate] += per_cpu[cpu];
	}
	free(per_cpu);
	return err;
}

static const uint8_t *xdp_program_object(size_t *len)
{
	return bifurcate_bpf__elf_bytes(len);
}

const struct xdp_programs xdp_programs = {
	.object = xdp_program_object,
	.find = xdp_program_find,
	.is_attached = xdp_program_is_attached,
	.release = xdp_program_release,
	.detach = xdp_program_detach,
	.change = xdp_program_change,
	.count = xdp_program_count,
};
