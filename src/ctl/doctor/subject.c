/* SPDX-License-Identifier: BSD-3-Clause */
/* What does a director use, either one that is running or one about to be started? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/files.h"
#include "ctl/client.h"
#include "ctl/columns.h"
#include "ctl/load.h"
#include "doctor.h"
#include "sys/log.h"

/* --- A running director --- */

/* Copies a text member; "" if it is missing or null. */
static void copy_text(char *out, size_t room, const struct conf_value *object, const char *key)
{
	struct conf_value value;
	const char *text;

	*out = '\0';
	if (conf_find(&value, object, key) && conf_is_string(&value) && !conf_string(&text, &value))
		(void)snprintf(out, room, "%s", text);
}

static uint32_t number_of(const struct conf_value *object, const char *key)
{
	struct conf_value value;
	uint64_t number = 0;

	if (conf_find(&value, object, key) && conf_is_integer(&value))
		(void)conf_count64(&number, &value);
	return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

static void take_cpus(struct cpu_set *out, const struct conf_value *object, const char *key)
{
	char list[CONF_TEXT_LEN];

	copy_text(list, sizeof(list), object, key);
	if (cpu_set_read(out, list))
		*out = (struct cpu_set){{0}};
}

static void add_worker(struct subject *subject, const struct cpu_set *cpus, uint64_t rx)
{
	struct subject_worker *worker = &subject->workers[subject->worker_count];

	if (subject->worker_count == SUBJECT_WORKERS_MAX)
		return;
	*worker =
		(struct subject_worker){.index = subject->worker_count++, .cpus = *cpus, .rx = rx};
	subject->worker_cpus = cpu_set_either(&subject->worker_cpus, cpus);
}

static void take_worker(struct subject *subject, const struct conf_value *one)
{
	struct conf_value value;
	struct cpu_set cpus;
	uint64_t rx = 0;

	take_cpus(&cpus, one, "cpus");
	if (conf_find(&value, one, "rx") && conf_is_integer(&value))
		(void)conf_count64(&rx, &value);
	add_worker(subject, &cpus, rx);
}

static void take_port(struct subject *subject, const struct conf_value *one)
{
	struct subject_port *port = &subject->ports[subject->port_count];

	if (subject->port_count == SUBJECT_PORTS_MAX)
		return;
	subject->port_count++;
	copy_text(port->name, sizeof(port->name), one, "name");
	copy_text(port->interface, sizeof(port->interface), one, "interface");
	copy_text(port->twin, sizeof(port->twin), one, "punt_interface");
	port->mtu = number_of(one, "mtu");
	port->packet_max = number_of(one, "packet_max");
	port->queues = number_of(one, "queues");
}

static void take_list(struct subject *subject, const struct conf_value *status, const char *key,
		      void (*take)(struct subject *subject, const struct conf_value *one))
{
	struct conf_value list;
	size_t count = conf_find(&list, status, key) ? conf_count(&list) : 0;

	for (size_t i = 0; i < count; i++) {
		struct conf_value one = conf_element(&list, i);

		take(subject, &one);
	}
}

/* A path reported by the director, which is relative to its working directory. */
static void take_path(char out[HOST_PATH_LEN], const struct subject *subject,
		      const struct conf_value *status, const char *key)
{
	char path[HOST_PATH_LEN];

	copy_text(path, sizeof(path), status, key);
	if (*path && *path != '/')
		host_path(out, "/proc/%u/cwd/%s", subject->pid, path);
	else
		memcpy(out, path, sizeof(path));
}

static void take_status(struct subject *subject, const struct conf_value *status)
{
	struct conf_value value;

	subject->is_online = true;
	subject->pid = number_of(status, "pid");
	subject->knows_hugepages = conf_find(&value, status, "hugepages");
	subject->has_hugepages = subject->knows_hugepages && conf_is_true(&value);
	take_cpus(&subject->control_cpus, status, "control_cpus");
	take_list(subject, status, "workers", take_worker);
	take_list(subject, status, "ports", take_port);
	take_path(subject->config, subject, status, "config");
	take_path(subject->tables, subject, status, "tables_file");
}

bool subject_ask(struct doctor *doctor, const struct command_line *line)
{
	struct finding none = {
		.level = LEVEL_PROBLEM,
		.check = "director.answers",
		.why = "nothing is known of what it does, and maybe it does nothing",
		.fix = "systemctl status glb-director; of one that is to be started, name "
		       "--config, --tables "
		       "and --lcores here",
	};
	struct glb_diag why = {{0}};
	struct client_answer answer;

	if (client_fetch(&answer, line, "{\"glb\": 1, \"verb\": \"status\"}", &why) != EXIT_OK) {
		finding_text(none.seen, "%s", why.text);
		doctor_add(doctor, &none);
		client_free(&answer);
		return false;
	}
	take_status(&doctor->subject, &answer.root);
	doctor_director(doctor, &answer.root);
	client_free(&answer);
	return true;
}

/* --- A director to be started --- */

/* The first lcore controls, all others forward. */
static void take_lcores(struct subject *subject, const struct cpu_set *lcores)
{
	unsigned int cpu = cpu_set_next(lcores, 0);

	cpu_set_add(&subject->control_cpus, cpu);
	for (cpu = cpu_set_next(lcores, cpu + 1); cpu < CPUS_MAX;
	     cpu = cpu_set_next(lcores, cpu + 1)) {
		struct cpu_set one = {{0}};

		cpu_set_add(&one, cpu);
		add_worker(subject, &one, 0);
	}
}

/* The longest outer headers of any table; 0: unknown. */
static uint32_t overhead_of(const struct director_conf *conf, struct glb_tables *tables)
{
	struct glb_generation *gen;
	uint32_t most = 0;

	if (glb_generation_make(&gen, 1, &conf->settings, tables, NULL)) {
		glb_tables_free(tables);
		return 0;
	}
	for (unsigned int t = 0; t < gen->tables.count; t++)
		if (gen->routes[t].outer_len > most)
			most = gen->routes[t].outer_len;
	glb_generation_free(gen);
	return most;
}

static void take_conf(struct subject *subject, const struct director_conf *conf, uint32_t overhead)
{
	for (unsigned int i = 0; i < conf->port_count && i < SUBJECT_PORTS_MAX; i++) {
		struct subject_port *port = &subject->ports[subject->port_count++];
		const struct port_conf *from = &conf->ports[i];

		(void)snprintf(port->name, sizeof(port->name), "%s", from->name);
		port->mtu = from->port.mtu ? from->port.mtu : PORT_MTU_DEFAULT;
		port->packet_max = overhead && overhead < port->mtu ? port->mtu - overhead : 0;
	}
}

/* Adds whether both files are valid, with the first problem if not. */
static void add_content(struct doctor *doctor, const struct report *report, bool is_good)
{
	struct finding finding = {
		.check = "files.content",
		.where = "glb-director --check",
		.why = "a director does not start with such files",
		.fix = "glb-director -- --config FILE --tables FILE --check says all that is wrong",
	};
	const struct problem *first = report_first_error(report);
	char line[REPORT_LINE_LEN_MAX];

	if (is_good) {
		finding_text(finding.seen, "both files are good");
	} else {
		finding.level = LEVEL_PROBLEM;
		finding_text(finding.seen, "%s",
			     first ? report_line(line, first) : "out of memory");
	}
	doctor_add(doctor, &finding);
}

/* A path given on the command line; with --root, it is relative to the root. */
static void take_name(char out[HOST_PATH_LEN], const struct doctor *doctor, const char *path)
{
	if (path)
		(void)snprintf(out, HOST_PATH_LEN, "%s%s", *doctor->root && *path != '/' ? "/" : "",
			       path);
}

/* Reads both files below the root. */
static void take_files(struct doctor *doctor, const char *config, const char *tables)
{
	struct subject *subject = &doctor->subject;
	char whole[2][2 * HOST_PATH_LEN];
	struct director_files files = {
		.config_path = whole[0],
		.tables_path = whole[1],
		.standard = true,
		.skips_deny = *doctor->root, /* its path is that of another host */
	};
	struct director_conf conf;
	struct glb_tables read;
	struct report report;
	int err;

	take_name(subject->config, doctor, config);
	take_name(subject->tables, doctor, tables);
	if (!config || !tables) {
		doctor_skip(doctor, "files.content", "both --config and --tables are needed");
		return;
	}
	(void)snprintf(whole[0], sizeof(whole[0]), "%s%s", doctor->root, subject->config);
	(void)snprintf(whole[1], sizeof(whole[1]), "%s%s", doctor->root, subject->tables);
	report_init(&report);
	err = director_files_load(&conf, &read, &files, &report);
	if (!err) {
		take_conf(subject, &conf, overhead_of(&conf, &read));
		glb_deny_free(conf.settings.deny);
	}
	add_content(doctor, &report, !err);
}

int subject_read(struct doctor *doctor, const struct command_line *line)
{
	const char *lcores = line->values[OPTION_LCORES];
	struct cpu_set set = {{0}};

	if (lcores && (cpu_set_read(&set, lcores) || !cpu_set_count(&set))) {
		log_error("--lcores: \"%s\" is not a list such as 0-3 or 0,2,4", lcores);
		return EXIT_USAGE;
	}
	take_lcores(&doctor->subject, &set);
	take_files(doctor, line->values[OPTION_CONFIG], line->values[OPTION_TABLES]);
	return EXIT_OK;
}
