/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl steer: its options, and the order of a script. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "ctl/commands.h"
#include "ctl/load.h"
#include "steer.h"
#include "sys/log.h"
#include "sys/printable.h"
#include "sys/writer.h"

enum {
	VF_MAX = 254,	   /* the number plus 1 is one byte of an action */
	QUEUE_MAX = 255,   /* far more than a VF has */
	FIRST_MAX = 32000, /* preferences have 16 bits, and up to 162 follow */
	FLOWER_FIRST = 4000,
};

/* --- Options --- */

/* Names stand in commands without quotes. */
static bool steer_is_device(const char *option, const char *name)
{
	enum { NAME_MAX_LEN = 15 };
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._-");

	if (*name && *name != '-' && *name != '.' && !name[len] && len <= NAME_MAX_LEN)
		return true;
	log_error("%s \"%s\" is not the name of a network device: letters, digits, \".\", \"_\" "
		  "and \"-\", at most %d",
		  option, name, NAME_MAX_LEN);
	return false;
}

static bool steer_number(uint32_t *out, const struct command_line *line, unsigned int option,
			 const char *name, uint32_t max)
{
	const char *text = line->values[option];
	char *end;
	unsigned long number;

	if (!text)
		return true;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || number > max) {
		log_error("%s \"%s\" is not a number from 0 to %u", name, text, max);
		return false;
	}
	*out = (uint32_t)number;
	return true;
}

/* An option that this driver has no use for would be ignored. */
static bool steer_takes(const struct steer *steer, const struct command_line *line)
{
	bool has_vf = steer->driver != STEER_MLX5;
	bool is_flower = has_vf && !steer_has_ntuple(steer->driver);
	const struct {
		unsigned int option;
		const char *name;
		bool taken;
	} rules[] = {
		{OPTION_VF, "--vf", has_vf},
		{OPTION_FIRST, "--first", has_vf},
		{OPTION_DELETE, "--delete", has_vf},
		{OPTION_VF_MAC, "--vf-mac", has_vf},
		{OPTION_QUEUE, "--queue", steer_has_ntuple(steer->driver)},
		{OPTION_REPRESENTOR, "--representor", is_flower},
	};

	for (unsigned int i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (command_has(line, rules[i].option) && !rules[i].taken) {
			log_error("%s has no meaning for driver %s", rules[i].name,
				  steer_driver_name(steer->driver));
			return false;
		}
	return true;
}

static bool steer_is_mac(const char *text)
{
	uint8_t mac[GLB_MAC_LEN];

	if (!text || (mac_parse(mac, text) && strchr(text, ':') && !glb_is_group(mac)))
		return true;
	log_error("--vf-mac \"%s\" is not a MAC address of one station, xx:xx:xx:xx:xx:xx", text);
	return false;
}

/* Returns EXIT_OK, or another exit status after logging why. */
static int steer_read(struct steer *out, const struct command_line *line)
{
	const char *driver = line->values[OPTION_DRIVER];
	struct steer steer = {
		.device = line->values[OPTION_DEVICE],
		.mac = line->values[OPTION_VF_MAC],
		.representor = line->values[OPTION_REPRESENTOR],
		.remove = command_has(line, OPTION_DELETE),
	};

	if (!steer_is_device("--device", steer.device) ||
	    (steer.representor && !steer_is_device("--representor", steer.representor)) ||
	    (driver && !steer_driver_read(&steer.driver, driver)))
		return EXIT_USAGE;
	if (!driver && !steer_driver_find(&steer.driver, steer.device))
		return EXIT_FAILED;
	if (!steer_has_ntuple(steer.driver))
		steer.first = FLOWER_FIRST;
	if (!steer_number(&steer.vf, line, OPTION_VF, "--vf", VF_MAX) ||
	    !steer_number(&steer.queue, line, OPTION_QUEUE, "--queue", QUEUE_MAX) ||
	    !steer_number(&steer.first, line, OPTION_FIRST, "--first", FIRST_MAX) ||
	    !steer_is_mac(steer.mac) || !steer_takes(&steer, line))
		return EXIT_USAGE;
	if (!steer_has_ntuple(steer.driver) && !steer.first) {
		log_error("--first \"0\" is not a preference: tc numbers them from 1");
		return EXIT_USAGE;
	}
	*out = steer;
	return EXIT_OK;
}

/* --- The script --- */

static uint32_t refused_count(const struct steer *steer)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < steer->prefix_count; i++)
		count += steer_refusal(steer->driver, &steer->prefixes[i]) != NULL;
	return count;
}

static void put_refused(const struct steer_script *script, const struct steer *steer)
{
	char text[PREFIX_TEXT_LEN];

	for (uint32_t i = 0; i < steer->prefix_count; i++) {
		const char *refusal = steer_refusal(steer->driver, &steer->prefixes[i]);

		if (refusal)
			steer_line(script, "# Linux gets %s: %s.",
				   steer_prefix_text(text, &steer->prefixes[i]), refusal);
	}
}

static void put_purpose(const struct steer_script *script, const struct steer *steer)
{
	const char *driver = steer_driver_name(steer->driver);

	steer_line(script, "#!/bin/sh");
	if (steer->driver == STEER_MLX5)
		steer_line(script, "# Packets to the VIPs of %s, on %s (%s).", steer->path,
			   steer->device, driver);
	else if (steer->remove)
		steer_line(script, "# Packets to the VIPs of %s no longer go to VF %u of %s (%s).",
			   steer->path, steer->vf, steer->device, driver);
	else
		steer_line(script,
			   "# Packets to the VIPs of %s go to VF %u of %s (%s), others to Linux.",
			   steer->path, steer->vf, steer->device, driver);
}

static void put_addition(const struct steer_script *script, const struct steer *steer)
{
	steer_line(script,
		   "# To be run as root; again, it changes nothing. Rules match destination "
		   "addresses: ICMP and fragments, too.");
	steer_line(script,
		   "# Frames keep the MAC address of %s: the port of the director has to "
		   "list it in \"macs\".",
		   steer->device);
	put_refused(script, steer);
	steer_line(script, "set -eu");
	if (!steer_has_ntuple(steer->driver))
		steer_switchdev(script, steer);
	steer_function(script, steer);
	if (steer_has_ntuple(steer->driver))
		steer_ntuple(script, steer);
	else
		steer_flower(script, steer);
}

static void put_removal(const struct steer_script *script, const struct steer *steer)
{
	steer_line(script,
		   "# To be run as root. The VF stays: echo 0 > "
		   "/sys/class/net/%s/device/sriov_numvfs removes all VFs.",
		   steer->device);
	put_refused(script, steer);
	steer_line(script, "set -u");
	if (steer_has_ntuple(steer->driver))
		steer_ntuple(script, steer);
	else
		steer_flower(script, steer);
}

static void put_script(const struct steer_script *script, const struct steer *steer)
{
	put_purpose(script, steer);
	if (steer->driver == STEER_MLX5)
		steer_bifurcated(script, steer);
	else if (steer->remove)
		put_removal(script, steer);
	else
		put_addition(script, steer);
}

static void write_prefixes(struct writer *w, const struct steer *steer)
{
	char text[PREFIX_TEXT_LEN];

	write_open(w, "prefixes", '[');
	for (uint32_t i = 0; i < steer->prefix_count; i++) {
		const char *refusal = steer_refusal(steer->driver, &steer->prefixes[i]);

		write_open(w, NULL, '{');
		write_string(w, "prefix", steer_prefix_text(text, &steer->prefixes[i]));
		write_bool(w, "steered", !refusal && steer->driver != STEER_MLX5);
		write_string(w, "reason", refusal);
		write_close(w, '}');
	}
	write_close(w, ']');
}

static void write_steering(const struct steer *steer)
{
	struct writer w = {.out = stdout};
	const struct steer_script script = {&w};

	write_open(&w, NULL, '{');
	write_string(&w, "device", steer->device);
	write_string(&w, "driver", steer_driver_name(steer->driver));
	if (steer->driver != STEER_MLX5)
		write_uint(&w, "vf", steer->vf);
	write_bool(&w, "delete", steer->remove);
	write_prefixes(&w, steer);
	write_open(&w, "script", '[');
	put_script(&script, steer);
	write_close(&w, ']');
	write_close(&w, '}');
}

/* Can anything be steered? False after logging why not; warnings are about the rest. */
static bool steer_is_possible(const struct steer *steer)
{
	uint32_t refused = refused_count(steer);
	char text[PREFIX_TEXT_LEN];

	if (steer_has_ntuple(steer->driver) && !steer_ntuple_fits(steer))
		return false;
	for (uint32_t i = 0; i < steer->prefix_count && refused < steer->prefix_count; i++) {
		const char *refusal = steer_refusal(steer->driver, &steer->prefixes[i]);

		if (refusal)
			log_warning("%s: Linux gets %s: %s", steer->path,
				    steer_prefix_text(text, &steer->prefixes[i]), refusal);
	}
	if (refused < steer->prefix_count)
		return true;
	log_error("%s: no bind can be steered: %s", steer->path,
		  steer->prefix_count ? steer_refusal(steer->driver, steer->prefixes)
				      : "there is none");
	return false;
}

int steer_print(const struct command_line *line)
{
	const struct steer_script text = {NULL};
	char path[PRINTABLE_NAME_LEN];
	struct glb_tables tables;
	struct steer steer;
	int status = steer_read(&steer, line);

	if (status != EXIT_OK)
		return status;
	if (!load_tables(&tables, line->args[0]))
		return EXIT_FAILED;
	steer.path = printable(path, sizeof(path), line->args[0]);
	if (steer_prefixes(&steer.prefixes, &steer.prefix_count, &tables)) {
		log_error("%s: out of memory", steer.path);
		status = EXIT_FAILED;
	} else if (!steer_is_possible(&steer)) {
		status = EXIT_FAILED;
	} else if (command_has(line, OPTION_JSON)) {
		write_steering(&steer);
	} else {
		put_script(&text, &steer);
	}
	free(steer.prefixes);
	glb_tables_free(&tables);
	return status;
}
