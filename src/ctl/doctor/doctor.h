/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is wrong with a director's host, why does it matter, and how is it fixed?
 *
 * A subject describes what the director uses: processors, ports, files. Each topic, a function
 * below, checks the subject and files of /proc and /sys (host_files.h) and adds findings. What
 * could not be checked is reported as well, so that the lack of a finding is not taken for a
 * promise.
 */
#ifndef CTL_DOCTOR_DOCTOR_H
#define CTL_DOCTOR_DOCTOR_H

#include "conf/json.h"
#include "ctl/commands.h"
#include "ctl/host_files.h"
#include "sys/diagnosis.h"

_Static_assert((int)HOST_PATH_LEN == (int)FINDING_WHERE_LEN, "a path fits a finding");

enum { SUBJECT_WORKERS_MAX = 256, SUBJECT_PORTS_MAX = 64 };

struct subject_worker {
	unsigned int index;
	struct cpu_set cpus; /* its affinity */
	uint64_t rx;
};

struct subject_port {
	char name[CONF_TEXT_LEN];
	char interface[CONF_TEXT_LEN]; /* the kernel's device under the port; "": none */
	char twin[CONF_TEXT_LEN];      /* the kernel's device under its punt_port; "": none */
	uint32_t mtu;		       /* 0: unknown */
	uint32_t packet_max;	       /* bytes of the largest packet from a client; 0: unknown */
	uint32_t queues;	       /* 0: unknown */
};

/* What a director uses, as far as it is known. */
struct subject {
	bool is_online; /* reported by a running director */
	uint32_t pid;	/* its process ID; 0: none */
	bool knows_hugepages;
	bool has_hugepages; /* valid if knows_hugepages */
	struct cpu_set control_cpus;
	struct cpu_set worker_cpus; /* union over all workers */
	struct subject_worker workers[SUBJECT_WORKERS_MAX];
	unsigned int worker_count;
	struct subject_port ports[SUBJECT_PORTS_MAX];
	unsigned int port_count;
	char config[HOST_PATH_LEN]; /* below the root; "": unknown */
	char tables[HOST_PATH_LEN];
};

struct doctor {
	const char *root; /* prefix of all paths; "": the host itself */
	struct subject subject;
	struct diagnosis diagnosis;
};

/* Adds a copy of a finding. */
void doctor_add(struct doctor *doctor, const struct finding *finding);

/* Adds a finding that something could not be checked. */
GLB_PRINTF(3, 4)
void doctor_skip(struct doctor *doctor, const char *check, const char *format, ...);

/*
 * Fills the subject from a running director, checks its reply to `status`, and adds what is wrong
 * with the director itself. False: there is no director, which is added as a problem.
 */
bool subject_ask(struct doctor *doctor, const struct command_line *line);

/* Fills the subject from the files and lcores of a director that is not running. Returns EXIT_OK,
 * or EXIT_USAGE after logging why. */
int subject_read(struct doctor *doctor, const struct command_line *line);

/* The topics. */
void doctor_director(struct doctor *doctor, const struct conf_value *status);
void doctor_spread(struct doctor *doctor);
void doctor_cpus(struct doctor *doctor);
void doctor_clocks(struct doctor *doctor);
void doctor_interrupts(struct doctor *doctor);
void doctor_memory(struct doctor *doctor);
void doctor_numa(struct doctor *doctor);
void doctor_sizes(struct doctor *doctor);
void doctor_devices(struct doctor *doctor);
void doctor_files(struct doctor *doctor);

/*
 * Runs all checks for a command line with the options of `glbctl doctor`. Returns EXIT_OK with
 * findings to be released with doctor_free(); otherwise another exit status after logging why.
 */
int doctor_look(struct doctor *out, const struct command_line *line);

void doctor_free(struct doctor *doctor);

#endif
