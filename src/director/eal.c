/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "director/eal.h"
#include "director/ethdev.h"
#include "sys/log.h"
#include "sys/words.h"

/* Extracts the name from a line such as `failed to initialize NAME device`. False if the line
 * differs. */
static bool eal_read_name(char out[RTE_DEV_NAME_MAX_LEN], const char *line, const char *before,
			  const char *behind)
{
	const char *from = strstr(line, before);
	const char *to = from ? strstr(from + strlen(before), behind) : NULL;

	if (!to)
		return false;
	from += strlen(before);
	(void)snprintf(out, RTE_DEV_NAME_MAX_LEN, "%.*s", (int)(to - from), from);
	return true;
}

/* Appends a driver's message, without the name of its function. */
static void add_reason(char said[EAL_WHY_LEN], const char *line)
{
	const char *text = strstr(line, "(): ");
	size_t len = strlen(said);

	(void)snprintf(said + len, EAL_WHY_LEN - len, "%s%s", len ? "; " : "",
		       text ? text + 4 : line);
}

/* Does the message come from the EAL itself? */
static bool is_own(const char *line)
{
	return !strncmp(line, "EAL: ", strlen("EAL: "));
}

static void take_line(struct eal_log *log, const char *line)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	bool failed = eal_read_name(name, line, "failed to initialize ", " device");
	bool unknown = eal_read_name(name, line, "failed to parse device \"", "\"");

	if ((failed || unknown) && !*log->device) {
		memcpy(log->device, name, sizeof(name));
		(void)snprintf(log->why, EAL_WHY_LEN, "%s",
			       failed ? log->said : "no driver of this DPDK has such devices");
	}
	if (failed || unknown || is_own(line))
		log->said[0] = '\0';
	else
		add_reason(log->said, line);
	/* the EAL logs this whatever the cause is */
	if (is_own(line) && !strstr(line, "Detected ") && !strstr(line, "'command line'"))
		(void)snprintf(log->last, EAL_WHY_LEN, "%s", line + strlen("EAL: "));
}

/* Level of the message that DPDK is logging. */
static enum log_level level_of_message(void)
{
	int level = rte_log_cur_msg_loglevel();

	if (level < 0 || level > (int)RTE_LOG_WARNING)
		return LOG_LEVEL_INFO;
	return level == (int)RTE_LOG_WARNING ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR;
}

static ssize_t take_lines(void *cookie, const char *lines, size_t len)
{
	char line[EAL_WHY_LEN];

	for (size_t at = 0; at < len;) {
		const char *end = memchr(lines + at, '\n', len - at);
		size_t line_len = end ? (size_t)(end - lines) - at : len - at;

		(void)snprintf(line, sizeof(line), "%.*s", (int)line_len, lines + at);
		if (*line)
			take_line(cookie, line);
		at += line_len + 1;
	}
	log_message(level_of_message(), lines, len);
	return (ssize_t)len;
}

/* Redirects DPDK's log to a stream that never blocks either, for the lifetime of the process. */
static void take_log(struct eal_log *log)
{
	FILE *stream = fopencookie(log, "w", (cookie_io_functions_t){.write = take_lines});

	if (stream && rte_openlog_stream(stream))
		(void)fclose(stream);
}

/* The kernel interface that a device was to use, if no interface of that name exists. */
static bool lacks_interface(char out[IF_NAMESIZE], const char *args)
{
	const char *name = args ? strstr(args, "iface=") : NULL;

	if (!name)
		return false;
	name += strlen("iface=");

	int len = (int)strcspn(name, ",");

	if (len >= IF_NAMESIZE)
		return false;
	(void)snprintf(out, IF_NAMESIZE, "%.*s", len, name);
	return !if_nametoindex(out);
}

static void log_device(const struct eal_log *log, const char *name, const char *args)
{
	char interface[IF_NAMESIZE];
	const char *why = "its driver gives no reason; are its arguments correct?";

	if (!strcmp(log->device, name) && *log->why)
		why = log->why;
	if (lacks_interface(interface, args) && strncmp(name, DPDK_TAP_DRIVER, 7) != 0)
		log_error("--vdev %s,%s: there is no interface \"%s\" in this network namespace",
			  name, args, interface);
	else
		log_error("--vdev %s%s%s: %s", name, args && *args ? "," : "", args ? args : "",
			  why);
}

/* The EAL continues without devices that it failed to create. */
static int check_devices(const struct eal_log *log)
{
	struct rte_devargs *devargs;
	uint16_t id;

	RTE_EAL_DEVARGS_FOREACH("vdev", devargs)
	{
		if (strncmp(devargs->name, "net_", strlen("net_")) != 0 ||
		    !rte_eth_dev_get_port_by_name(devargs->name, &id))
			continue;
		log_device(log, devargs->name, devargs->args);
		return -ENODEV;
	}
	return 0;
}

/* As measured in docs/performance.md. */
#define COST_OF_NO_HUGE "a third to a half of the rate"

/* Free hugepages of all sizes. */
static unsigned long free_hugepages(void)
{
	static const char folder[] = "/sys/kernel/mm/hugepages";
	DIR *sizes = opendir(folder);
	unsigned long total = 0;

	for (struct dirent *size; sizes && (size = readdir(sizes));) {
		char path[sizeof(folder) + sizeof(size->d_name) + sizeof("/free_hugepages")];
		unsigned long count = 0;
		FILE *file;

		(void)snprintf(path, sizeof(path), "%s/%s/free_hugepages", folder, size->d_name);
		file = fopen(path, "re");
		if (file && fscanf(file, "%lu", &count) == 1)
			total += count;
		if (file)
			(void)fclose(file);
	}
	if (sizes)
		(void)closedir(sizes);
	return total;
}

static void log_lack_of_hugepages(void)
{
	unsigned long count = free_hugepages();

	if (count)
		log_error("the EAL does not start: it cannot use the %lu hugepage%s that %s free: "
			  "say --in-memory, which needs no hugetlbfs to be mounted, reserve more "
			  "by sysctl vm.nr_hugepages=N, or do without them",
			  count, plural(count), count == 1 ? "is" : "are");
	else
		log_error("the EAL does not start: no hugepage is free: reserve some by sysctl "
			  "vm.nr_hugepages=N, or do without them");
	log_info("without hugepages: EAL options --no-huge -m 256, which cost " COST_OF_NO_HUGE);
}

/* Forwarding works without hugepages, so nothing else would point out the cost. */
static void warn_without_hugepages(void)
{
	if (!rte_eal_has_hugepages())
		log_warning("runs without hugepages (--no-huge), which costs " COST_OF_NO_HUGE
			    ": reserve some by sysctl vm.nr_hugepages=N, and start without "
			    "--no-huge and -m");
}

static bool has_word(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], word))
			return true;
	return false;
}

/* Is it this option, with or without a value? */
static bool is_option(const char *word, const char *option)
{
	size_t len = strlen(option);
	bool alone = !strcmp(word, option);

	/* a short option is followed by its value, a long one by "=" */
	return alone || (!strncmp(word, option, len) && (len == 2 || word[len] == '='));
}

int eal_check_words(int argc, char *const *argv)
{
	static const struct {
		const char *old;
		const char *today;
	} renamed[] = {
		{"--master-lcore", "--main-lcore"},
		{"-w", "-a (--allow)"},
		{"--pci-whitelist", "-a (--allow)"},
		{"--pci-blacklist", "-b (--block)"},
	};
	int err = 0;

	for (int i = 1; i < argc; i++)
		for (unsigned int k = 0; k < sizeof(renamed) / sizeof(*renamed); k++)
			if (is_option(argv[i], renamed[k].old)) {
				log_error("EAL option \"%s\": DPDK calls it %s today; in a setup "
					  "of the original, change GLB_DIRECTOR_EAL_ARGS in "
					  "/etc/default/glb-director",
					  argv[i], renamed[k].today);
				err = -EINVAL;
			}
	return err;
}

/* Does a --vdev have this name? */
static bool is_vdev(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strstr(argv[i], name) &&
		    (is_option(argv[i], "--vdev") || (i > 1 && !strcmp(argv[i - 1], "--vdev"))))
			return true;
	return false;
}

/* Logs why the EAL failed to start. */
static void log_failure(const struct eal_log *log, int err, bool huge)
{
	if (*log->device)
		log_error("the EAL does not start: device %s: %s", log->device, log->why);
	else if (huge && (err == EACCES || err == ENOMEM)) /* it returns these for nothing else */
		log_lack_of_hugepages();
	else
		log_error("the EAL does not start: %s%s%s", rte_strerror(err),
			  *log->last ? ": " : "; is one of its options unknown?", log->last);
}

/* Logs why the EAL failed to start with these arguments. Returns -errno. */
static int eal_refuse(const struct eal_log *log, int argc, char **words)
{
	int err = rte_errno;

	if (*log->device && is_vdev(argc, words, log->device))
		log_device(log, log->device, NULL);
	else
		log_failure(log, err, !has_word(argc, words, "--no-huge"));
	return err ? -err : -EINVAL;
}

int eal_start(struct eal_log *log, int argc, char **argv)
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));

	if (!words) {
		log_error("out of memory");
		return -ENOMEM;
	}
	memcpy(words, argv, (size_t)argc * sizeof(*words)); /* the EAL overwrites some */
	take_log(log);

	int err = rte_eal_init(argc, argv) < 0 ? eal_refuse(log, argc, words) : check_devices(log);

	if (!err)
		warn_without_hugepages();
	free(words);
	return err;
}
