/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/columns.h"
#include "ctl/upgrade/wire.h"

enum { WIRE_TEXT_LEN = 65536 };

void wire_open(struct wire *out, pid_t pid, const struct conf_value *status)
{
	char path[64];
	struct conf_value ports;
	size_t count = conf_find(&ports, status, "ports") ? conf_count(&ports) : 0;

	*out = (struct wire){.fd = -1};
	for (size_t i = 0; i < count && out->count < WIRE_DEVICES_MAX; i++) {
		struct conf_value port = conf_element(&ports, i);
		char text[CONF_TEXT_LEN];
		struct conf_value value;

		if (conf_find(&value, &port, "interface") && conf_is_string(&value))
			(void)snprintf(out->names[out->count++], WIRE_NAME_LEN, "%.15s",
				       member_text(text, &port, "interface"));
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)pid);
	if (out->count)
		out->fd = open(path, O_RDONLY | O_CLOEXEC);
}

/* The first number behind "NAME:" is bytes, the second one frames. */
static bool find_frames(uint64_t *out, const char *text, const char *name)
{
	const size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += strspn(line, "\n ");
		if (!strncmp(line, name, len) && line[len] == ':')
			return sscanf(line + len + 1, " %*u %" SCNu64, out) == 1;
	}
	return false;
}

bool wire_frames(uint64_t *out, const struct wire *wire)
{
	char text[WIRE_TEXT_LEN];
	ssize_t len = 0;
	ssize_t got = 0;
	uint64_t sum = 0;

	if (wire->fd < 0)
		return false;
	do {
		got = pread(wire->fd, text + len, sizeof(text) - 1 - (size_t)len, len);
		len += got > 0 ? got : 0;
	} while (got > 0);
	text[len] = '\0';
	for (unsigned int i = 0; i < wire->count; i++) {
		uint64_t frames;

		if (!find_frames(&frames, text, wire->names[i]))
			return false;
		sum += frames;
	}
	*out = sum;
	return true;
}

void wire_close(struct wire *wire)
{
	if (wire->fd >= 0)
		(void)close(wire->fd);
	wire->fd = -1;
}
