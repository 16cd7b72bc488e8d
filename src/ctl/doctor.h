/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is wrong with the host of a director, why does it matter, and what is to be done?
 *
 * A subject says what the director uses: processors, ports, files. Each topic, a function below,
 * looks at the subject and at files of /proc and /sys (host_files.h), and adds what it finds. What
 * could not be looked at is said, too: no finding is no promise.
 */
#ifndef CTL_DOCTOR_H
#define CTL_DOCTOR_H

#include "commands.h"
#include "conf/json.h"
#include "host_files.h"
#include "sys/writer.h"

enum level {
	LEVEL_OK,
	LEVEL_ADVICE,  /* it works, and could work better or safer */
	LEVEL_PROBLEM, /* it does not work, or fails on a bad day */
	LEVEL_UNKNOWN, /* it could not be looked at, and `seen` says why */
	LEVEL_COUNT,
};

enum { FINDING_TEXT_LEN = 480 };

struct finding {
	enum level level;
	const char *check; /* its name, as "cpus.isolated" */
	const char *why;   /* it matters; NULL: nothing is to be done */
	char seen[FINDING_TEXT_LEN];
	char where[HOST_PATH_LEN]; /* the file, or verb of the director, that says so; or "" */
	char fix[FINDING_TEXT_LEN];
};

/* Writes one of the texts of a finding, cut when it is longer. */
GLB_PRINTF(2, 3) void finding_text(char out[FINDING_TEXT_LEN], const char *format, ...);

enum { SUBJECT_WORKERS_MAX = 256, SUBJECT_PORTS_MAX = 64 };

struct subject_worker {
	unsigned int index;
	struct cpu_set cpus; /* that it may run on */
	uint64_t rx;
};

struct subject_port {
	char name[CONF_TEXT_LEN];
	char interface[CONF_TEXT_LEN]; /* of the kernel, under it; "": none */
	char twin[CONF_TEXT_LEN];      /* the same, under its punt_port */
	uint32_t mtu;		       /* 0: not known */
	uint32_t packet_max;	       /* bytes of the largest packet of a client's; 0: not known */
	uint32_t queues;	       /* 0: not known */
};

/* What a director uses, as far as it is known. */
struct subject {
	bool is_online; /* a director said so */
	uint32_t pid;	/* of it; 0: none */
	bool knows_hugepages;
	bool has_hugepages; /* if that is known */
	struct cpu_set control_cpus;
	struct cpu_set worker_cpus; /* of all workers */
	struct subject_worker workers[SUBJECT_WORKERS_MAX];
	unsigned int worker_count;
	struct subject_port ports[SUBJECT_PORTS_MAX];
	unsigned int port_count;
	char config[HOST_PATH_LEN]; /* below the root; "": not known */
	char tables[HOST_PATH_LEN];
};

struct doctor {
	const char *root; /* "": the host */
	struct subject subject;
	struct finding *findings;
	size_t count;
	size_t room;
	bool failed; /* out of memory */
};

/* Adds a copy of a finding. */
void doctor_add(struct doctor *doctor, const struct finding *finding);

/* Adds that something was not looked at. */
GLB_PRINTF(3, 4)
void doctor_skip(struct doctor *doctor, const char *check, const char *format, ...);

/*
 * Fills the subject from a director that answers, whose answer to `status` is looked at, too; what
 * is wrong with the director itself is added. False: there is none, which is added as a problem.
 */
bool subject_ask(struct doctor *doctor, const struct command_line *line);

/* Fills it from files and the lcores of a director that does not run. EXIT_OK, or EXIT_USAGE after
 * logging why.
 */
int subject_read(struct doctor *doctor, const struct command_line *line);

/* The topics. */
void doctor_director(struct doctor *doctor, const struct conf_value *status);
void doctor_spread(struct doctor *doctor);
void doctor_cpus(struct doctor *doctor);
void doctor_clocks(struct doctor *doctor);
void doctor_interrupts(struct doctor *doctor);
void doctor_memory(struct doctor *doctor);
void doctor_nodes(struct doctor *doctor);
void doctor_sizes(struct doctor *doctor);
void doctor_devices(struct doctor *doctor);
void doctor_files(struct doctor *doctor);

/*
 * Looks at everything, for a command line with the options of `glbctl doctor`. EXIT_OK with
 * findings to be given up by doctor_free(), else another exit status after logging why.
 */
int doctor_look(struct doctor *out, const struct command_line *line);

void doctor_free(struct doctor *doctor);

/* How many findings are of a level. */
unsigned int doctor_total(const struct doctor *doctor, enum level level);

/* Everything found, worst first, for people or as members of an object. */
void doctor_print(FILE *out, const struct doctor *doctor);
void doctor_write(struct writer *w, const struct doctor *doctor);

#endif
