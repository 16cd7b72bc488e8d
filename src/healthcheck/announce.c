/* SPDX-License-Identifier: BSD-3-Clause */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "healthcheck/announce.h"
#include "sys/printable.h"

enum { MESSAGE_LEN = 1024 };

static bool announce_is_for_us(void)
{
	const char *pid = getenv("WATCHDOG_PID");

	return !pid || strtol(pid, NULL, 10) == getpid();
}

unsigned int announce_watchdog_ms(void)
{
	const char *us = getenv("WATCHDOG_USEC");
	unsigned long long ms = us && announce_is_for_us() ? strtoull(us, NULL, 10) / 1000 : 0;

	return ms < UINT_MAX ? (unsigned int)ms : UINT_MAX;
}

static void announce_send_message(const char *path, const char *message)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int fd;

	if (len >= sizeof(addr.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0'; /* abstract socket, see unix(7) */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, message, strlen(message), MSG_NOSIGNAL, (const struct sockaddr *)&addr,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	(void)close(fd);
}

void announce(const char *lines, const char *status)
{
	const char *path = getenv("NOTIFY_SOCKET");
	char message[MESSAGE_LEN];
	char text[PRINTABLE_NAME_LEN];

	if (!path)
		return;
	(void)snprintf(message, sizeof(message), "%s%sSTATUS=%s", lines, *lines ? "\n" : "",
		       printable(text, sizeof(text), status));
	announce_send_message(path, message);
}
