/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Probes one check after the other, as a line of standard input asks for each:
 *
 *	tunnel BACKEND VIP PORT tcp|http|https FULL-SIZE TIMEOUT-MS [PATH-LENGTH]
 *	second BACKEND TIMEOUT-MS
 *
 * and prints "step ..." for each step and "result REASON DETAIL" at its end. What takes privileges
 * is done first; "ready" says that they have been given up.
 *
 *	prober INTERFACE SRC SRC6 [no-tcx]
 *
 * no-tcx: the kernel refuses what it did not have before Linux 6.6.
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf/addr.h"
#include "healthcheck/probe/probe.h"
#include "sys/loop.h"

enum { NOBODY = 65534, WORD_LEN = 64, PATH_LEN_MAX = 8000 };

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* bpf(BPF_LINK_CREATE) fails from now on as for a type of attachment that the kernel lacks. */
static void have_no_tcx(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_LINK_CREATE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		fail("seccomp");
}

/* All capabilities go with the user. */
static void give_up_privileges(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		fail("setresuid");
}

static void print_step(void *arg, const char *text)
{
	(void)arg;
	(void)printf("step %s\n", text);
}

static void print_result(void *arg, const struct probe_result *result)
{
	(void)printf("result %s %s\n", probe_reason_word(result->reason), result->detail);
	(void)fflush(stdout);
	loop_end(arg);
}

static struct glb_addr addr_of(const char *text)
{
	struct glb_addr addr = {.version = 0};

	if (strcmp(text, "-") != 0 && !addr_parse(&addr, text)) {
		(void)fprintf(stderr, "%s: no address\n", text);
		exit(EXIT_FAILURE);
	}
	return addr;
}

static bool read_check(struct health_check *check, const char *line)
{
	char backend[WORD_LEN], vip[WORD_LEN], protocol[WORD_LEN];

	*check = (struct health_check){
		.request = {.statuses = {{200, 200}}, .status_count = 1},
	};
	if (sscanf(line, "second %63s %u", backend, &check->timeout_ms) == 2) {
		check->type = HEALTH_SECOND_CHANCE;
	} else if (sscanf(line, "tunnel %63s %63s %hu %63s %hu %u", backend, vip, &check->port,
			  protocol, &check->full_size, &check->timeout_ms) == 6) {
		check->type = HEALTH_TUNNEL;
		check->vip = addr_of(vip);
		check->is_http = !strncmp(protocol, "http", 4);
		check->is_tls = !strcmp(protocol, "https");
	} else {
		return false;
	}
	check->backend = addr_of(backend);
	return true;
}

static void probe(struct probes *probes, struct loop *loop, const char *line)
{
	const struct probe_listener listener = {print_result, print_step, loop};
	char method[] = "GET", path[PATH_LEN_MAX + 1] = "/";
	struct health_check check;
	unsigned int path_len = 1;

	if (!read_check(&check, line)) {
		(void)fprintf(stderr, "not understood: %s", line);
		exit(EXIT_FAILURE);
	}
	(void)sscanf(line, "tunnel %*s %*s %*s %*s %*s %*s %u", &path_len);
	for (unsigned int i = 1; i < path_len && i < PATH_LEN_MAX; i++)
		path[i] = 'x';
	check.request.method = method;
	check.request.path = path;
	if (!probe_start(probes, &check, &listener))
		fail("probe_start");
	loop_run(loop);
}

int main(int argc, char **argv)
{
	struct health_conf conf = {.parallel_max = 16};
	struct probes *probes;
	struct loop *loop;
	char line[4 * WORD_LEN];

	if (argc < 4)
		return EXIT_FAILURE;
	(void)snprintf(conf.tunnel_interface, sizeof(conf.tunnel_interface), "%s", argv[1]);
	conf.tunnel_src = addr_of(argv[2]);
	conf.tunnel_src6 = addr_of(argv[3]);
	if (argc > 4)
		have_no_tcx();
	if (loop_open(&loop) || probes_open(&probes, loop, &conf))
		return EXIT_FAILURE;
	give_up_privileges();
	(void)puts("ready");
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		probe(probes, loop, line);
	probes_close(probes);
	loop_close(loop);
	return EXIT_SUCCESS;
}
