/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The option of the EAL that has the driver load the program.
 *
 * net_af_xdp takes the path of an object file. The program is part of the director, so the file is
 * one in memory, which it also finds when a device is opened again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "director/xdp/bifurcation.h"

/* Writes the object file. Returns its descriptor or -errno. */
static int write_object(void)
{
	size_t len;
	const uint8_t *bytes = xdp_programs.object(&len);
	int fd = memfd_create("glb-bifurcate", MFD_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < len;) {
		ssize_t written = write(fd, bytes + at, len - at);

		if (written < 0) {
			err = -errno;
			(void)close(fd);
			return err;
		}
		at += (size_t)written;
	}
	return fd;
}

/* The value of a --vdev in an element of argv: in the same one, or in that after the option. */
static const char *vdev_in(char *const *argv, int i)
{
	static const char option[] = "--vdev=";

	if (!strncmp(argv[i], option, strlen(option)))
		return argv[i] + strlen(option);
	return i > 1 && !strcmp(argv[i - 1], "--vdev") ? argv[i] : NULL;
}

static bool is_twin_name(const struct director_conf *conf, const char *name)
{
	bool is_twin = !strcmp(conf->punt_port, name);

	for (unsigned int i = 0; i < conf->port_count; i++)
		is_twin |= !strcmp(conf->ports[i].punt_port, name);
	return is_twin;
}

static bool is_any_bifurcated(const struct director_conf *conf)
{
	bool is_any = conf->defaults.bifurcate;

	for (unsigned int i = 0; i < conf->port_count; i++)
		is_any |= conf->ports[i].bifurcate;
	return is_any;
}

/* Is the device of this --vdev to be bifurcated? Copies its name. */
static bool is_ordered(char name[PORT_NAME_LEN], const struct director_conf *conf, const char *vdev)
{
	static const char driver[] = "net_af_xdp";

	(void)snprintf(name, PORT_NAME_LEN, "%.*s", (int)strcspn(vdev, ","), vdev);
	return !strncmp(name, driver, strlen(driver)) &&
	       director_conf_port(conf, name)->bifurcate && !is_twin_name(conf, name);
}

/* Replaces an element of argv by one that names the object file as well. Returns 0 or -errno. */
static int name_program(struct bifurcation *bifurcation, char **word, struct glb_diag *diag)
{
	char *longer;

	if (bifurcation->word_count == GLB_PORTS_MAX) {
		glb_diag(diag, "bifurcate: at most %d ports are possible", GLB_PORTS_MAX);
		return -E2BIG;
	}
	if (!bifurcation->object_fd) {
		int fd = write_object();

		if (fd < 0) {
			glb_diag(diag, "bifurcate: no file for the XDP program: %s", strerror(-fd));
			return fd;
		}
		bifurcation->object_fd = fd;
	}
	if (asprintf(&longer, "%s,xdp_prog=/proc/self/fd/%d", *word, bifurcation->object_fd) < 0) {
		glb_diag(diag, "out of memory");
		return -ENOMEM;
	}
	bifurcation->words[bifurcation->word_count++] = longer;
	*word = longer;
	return 0;
}

int bifurcation_order(struct bifurcation *bifurcation, const struct director_conf *conf, int argc,
		      char **argv, struct glb_diag *diag)
{
	int err = 0;

	if (is_any_bifurcated(conf) && !xdp_programs.object) {
		glb_diag(diag,
			 "bifurcate: this director was built without libbpf, which that takes");
		return -ENOTSUP;
	}
	for (int i = 1; i < argc && !err; i++) {
		const char *vdev = vdev_in(argv, i);
		char name[PORT_NAME_LEN];

		if (!vdev || !is_ordered(name, conf, vdev))
			continue;
		if (strstr(vdev, ",xdp_prog=")) {
			glb_diag(diag,
				 "--vdev %s: its xdp_prog would take the place of the program that "
				 "\"bifurcate\" means: leave one of them out",
				 vdev);
			return -EINVAL;
		}
		err = name_program(bifurcation, &argv[i], diag);
	}
	return err;
}
