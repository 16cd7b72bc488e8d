/* SPDX-License-Identifier: BSD-3-Clause */
#include "attachment.h"

#pragma GCC diagnostic push /* generated code, with the program in one string literal */
#pragma GCC diagnostic ignored "-Woverlength-strings"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "redirect.skel.h"
#pragma GCC diagnostic pop

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Our place among the filters of a device. Filters with a lower priority number run before us. */
enum {
	HANDLE = 1,
	PRIORITY = 19523,
	MAPS_MAX = 8, /* more than the program has */
};

static const char program_name[] = "glb_redirect";
static const char counters_name[] = "glb_counters";

/* --- The program and its counters --- */

static int discard(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Reads what the kernel knows about a program. */
static int read_program(uint32_t id, struct bpf_prog_info *info)
{
	uint32_t len = sizeof(*info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return -errno;

	int error = bpf_obj_get_info_by_fd(fd, info, &len) ? -errno : 0;

	close(fd);
	return error;
}

/* The counters among the maps of a program: sets *counters_fd, to be closed. */
static int open_counters(const uint32_t *map_ids, uint32_t count, int *counters_fd)
{
	for (uint32_t i = 0; i < count; i++) {
		struct bpf_map_info info = {0};
		uint32_t len = sizeof(info);
		int fd = bpf_map_get_fd_by_id(map_ids[i]);

		if (fd < 0)
			return -errno;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, counters_name)) {
			if (info.max_entries == GLB_REDIRECT_COUNTER_COUNT) {
				*counters_fd = fd;
				return 0;
			}
		}
		close(fd);
	}
	return -ENOTSUP;
}

/*
 * Finds our program on a device. Returns 0 and sets *counters_fd, to be closed, or -1 there when
 * the program is of a version with other counters; -ENOENT; -EEXIST when the place is taken.
 */
static int find(const struct bpf_tc_hook *hook, int *counters_fd)
{
	LIBBPF_OPTS(bpf_tc_opts, place, .handle = HANDLE, .priority = PRIORITY);
	uint32_t map_ids[MAPS_MAX] = {0};
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)map_ids};
	int error = bpf_tc_query(hook, &place);

	if (error == -EINVAL) /* there is no clsact qdisc */
		return -ENOENT;
	if (error)
		return error;

	error = read_program(place.prog_id, &info);
	if (error)
		return error;
	if (info.type != BPF_PROG_TYPE_SCHED_CLS || strcmp(info.name, program_name))
		return -EEXIST;

	error = open_counters(map_ids, info.nr_map_ids < MAPS_MAX ? info.nr_map_ids : MAPS_MAX,
			      counters_fd);
	if (error == -ENOTSUP)
		*counters_fd = -1;
	return error == -ENOTSUP ? 0 : error;
}

/* Loads the program, counting where a program before it counted unless counters_fd is -1. */
static int load(struct redirect_bpf **out, int counters_fd)
{
	struct redirect_bpf *skeleton = redirect_bpf__open();
	int error = 0;

	if (!skeleton)
		return -errno;
	if (counters_fd >= 0)
		error = bpf_map__reuse_fd(skeleton->maps.glb_counters, counters_fd);
	if (!error)
		error = redirect_bpf__load(skeleton);
	if (error) {
		redirect_bpf__destroy(skeleton);
		return error;
	}
	*out = skeleton;
	return 0;
}

/* --- The clsact qdisc, which filters hang on --- */

/* Asks for all filters behind one parent of a device, rtnetlink(7). */
static bool ask_for_filters(int fd, int ifindex, uint32_t parent)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg filters;
	} request = {
		.header.nlmsg_len = sizeof(request),
		.header.nlmsg_type = RTM_GETTFILTER,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.filters.tcm_family = AF_UNSPEC,
		.filters.tcm_ifindex = ifindex,
		.filters.tcm_parent = parent,
	};

	return send(fd, &request, sizeof(request), 0) == sizeof(request);
}

/* True when the answer ends without having named a filter. */
static bool answer_is_empty(int fd)
{
	_Alignas(struct nlmsghdr) char answer[32768];

	for (;;) {
		ssize_t len = recv(fd, answer, sizeof(answer), 0);

		if (len <= 0)
			return false;
		for (struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, len);
		     message = NLMSG_NEXT(message, len)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return true;
			if (message->nlmsg_type != NLMSG_NOOP)
				return false;
		}
	}
}

/* True when there is known to be no filter; false also in doubt. */
static bool has_no_filters(int ifindex, uint32_t parent)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return false;

	bool empty = ask_for_filters(fd, ifindex, parent) && answer_is_empty(fd);

	close(fd);
	return empty;
}

/* Removes the qdisc unless it is, or may be, of use to somebody. */
static void tidy(struct bpf_tc_hook hook)
{
	if (!has_no_filters(hook.ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) ||
	    !has_no_filters(hook.ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)))
		return;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	(void)bpf_tc_hook_destroy(&hook);
}

/* --- Attach, detach, read --- */

/* Puts a loaded program on the device, over one that is there if `replace`. */
static int place_program(struct bpf_tc_hook *hook, const struct redirect_bpf *skeleton,
			 bool replace)
{
	LIBBPF_OPTS(bpf_tc_opts, place, .handle = HANDLE, .priority = PRIORITY,
		    .prog_fd = bpf_program__fd(skeleton->progs.glb_redirect),
		    .flags = replace ? BPF_TC_F_REPLACE : 0);
	int error = bpf_tc_hook_create(hook);

	if (error && error != -EEXIST)
		return error;
	error = bpf_tc_attach(hook, &place);
	if (error)
		tidy(*hook);
	return error == -EINVAL ? -EEXIST : error; /* EINVAL: our priority has another kind */
}

int redirect_attach(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	struct redirect_bpf *skeleton = NULL;
	int counters_fd = -1;

	libbpf_set_print(discard);

	int found = find(&hook, &counters_fd);

	if (found && found != -ENOENT)
		return found;

	int error = load(&skeleton, counters_fd);

	if (error && error != -EPERM) { /* once more, for its reasons */
		libbpf_set_print(print_warnings);
		error = load(&skeleton, counters_fd) ? -ENOEXEC : 0;
		libbpf_set_print(discard);
	}
	if (!error) {
		error = place_program(&hook, skeleton, found == 0);
		redirect_bpf__destroy(skeleton);
	}
	if (counters_fd >= 0)
		close(counters_fd);
	return error;
}

int redirect_detach(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, place, .handle = HANDLE, .priority = PRIORITY);
	int counters_fd = -1;

	libbpf_set_print(discard);

	int error = find(&hook, &counters_fd);

	if (error)
		return error;
	if (counters_fd >= 0)
		close(counters_fd);
	error = bpf_tc_detach(&hook, &place);
	if (!error)
		tidy(hook);
	return error;
}

/* Sums every counter over `cpus` CPUs. */
static int sum_counters(int counters_fd, int cpus, uint64_t *values)
{
	uint64_t *per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	int error = per_cpu ? 0 : -ENOMEM;

	for (uint32_t i = 0; !error && i < GLB_REDIRECT_COUNTER_COUNT; i++) {
		if (bpf_map_lookup_elem(counters_fd, &i, per_cpu)) {
			error = -errno;
			break;
		}
		values[i] = 0;
		for (int cpu = 0; cpu < cpus; cpu++)
			values[i] += per_cpu[cpu];
	}
	free(per_cpu);
	return error;
}

int redirect_read_counters(int ifindex, uint64_t *values)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	int counters_fd = -1;

	libbpf_set_print(discard);

	int cpus = libbpf_num_possible_cpus();
	int error = cpus < 0 ? cpus : find(&hook, &counters_fd);

	if (error)
		return error;
	if (counters_fd < 0)
		return -ENOTSUP;
	error = sum_counters(counters_fd, cpus, values);
	close(counters_fd);
	return error;
}
