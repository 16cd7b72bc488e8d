/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "conf/addr.h"
#include "fetch.h"

enum { ROOM_AT_FIRST = 1 << 16 };

/* The address to connect to; a loopback address if the director listens on the wildcard. */
static socklen_t write_address(struct sockaddr_storage *out, const struct listen_conf *at)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (at->addr.version == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(at->port);
		memcpy(&in->sin_addr, at->addr.bytes, sizeof(in->sin_addr));
		if (!in->sin_addr.s_addr)
			in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(at->port);
	memcpy(&in6->sin6_addr, at->addr.bytes, sizeof(in6->sin6_addr));
	if (IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
		in6->sin6_addr = in6addr_loopback;
	return sizeof(*in6);
}

/* Returns a connected socket or -errno. */
static int connect_page(const struct listen_conf *at)
{
	const struct timeval patience = {.tv_sec = FETCH_PATIENCE_S};
	struct sockaddr_storage address;
	socklen_t len = write_address(&address, at);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (const struct sockaddr *)&address, len)) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	return fd;
}

/* Reads until the peer closes. Returns 0, with a NUL after the bytes; or -errno. */
static int read_whole(struct fetched *out, int fd)
{
	size_t room = ROOM_AT_FIRST;
	char *bytes = malloc(room);
	size_t len = 0;
	ssize_t got = 1;
	int err = bytes ? 0 : -ENOMEM;

	while (!err && got > 0) {
		char *more = bytes;

		if (len == room - 1) {
			room *= 2;
			more = room <= FETCH_LEN_MAX ? realloc(bytes, room) : NULL;
		}
		if (!more) {
			err = -EFBIG;
			break;
		}
		bytes = more;
		got = recv(fd, bytes + len, room - 1 - len, 0);
		if (got < 0)
			err = -errno;
		else
			len += (size_t)got;
	}
	if (err) {
		free(bytes);
		return err;
	}
	bytes[len] = '\0';
	*out = (struct fetched){bytes, len};
	return 0;
}

/* Strips the reply down to its content. False: there is none. */
static bool take_content(struct fetched *page)
{
	char *end = strstr(page->bytes, "\r\n\r\n");

	if (strncmp(page->bytes, "HTTP/1.", 7) != 0 || strncmp(page->bytes + 8, " 200 ", 5) != 0 ||
	    !end)
		return false;
	end += 4;
	page->len -= (size_t)(end - page->bytes);
	memmove(page->bytes, end, page->len + 1);
	return true;
}

int fetch_page(struct fetched *out, const struct listen_conf *at, const char *path,
	       struct glb_diag *why)
{
	char addr[ADDR_TEXT_LEN];
	char request[128];
	struct fetched page = {NULL, 0};
	int fd = connect_page(at);
	int err = fd < 0 ? fd : 0;
	int len = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", path);

	if (!err && send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		err = errno ? -errno : -EIO;
	if (!err)
		err = read_whole(&page, fd);
	if (fd >= 0)
		(void)close(fd);
	if (!err && !take_content(&page)) {
		free(page.bytes);
		err = -EPROTO;
	}
	if (err)
		glb_diag(why, "http://%s port %u%s: %s", addr_text(addr, &at->addr), at->port, path,
			 err == -EAGAIN ? "no answer in time" : strerror(-err));
	else
		*out = page;
	return err;
}
