/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "http_loop.h"

enum {
	IDLE_MAX = 64,
	/*
	 * A response of 128 KiB in segments of 536 bytes takes 245. libcurl fills its buffer up to
	 * a hundred times per turn, so some 40 MB of an endless response are read.
	 */
	TURNS_MAX = 400,
};

/* A socket of a transfer. */
struct watched {
	struct http_loop *loop;
	CURL *easy;
	struct event *event;
	unsigned int turn_count; /* times that it was ready */
};

struct http_loop {
	CURLM *multi;
	struct event_base *base;
	struct event *timer;
	struct http_loop_listener listener;
	CURL *idle[IDLE_MAX];
	unsigned int idle_count;
};

/* Hands over the transfers that have ended. */
static void http_loop_report(struct http_loop *loop)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left))) {
		CURL *easy = message->easy_handle;
		const CURLcode code = message->data.result;

		/* also releases the message */
		(void)curl_multi_remove_handle(loop->multi, easy);
		loop->listener.ended(easy, code);
	}
}

/* Ends a transfer that libcurl would continue. */
static void http_loop_end(struct http_loop *loop, CURL *easy)
{
	(void)curl_multi_remove_handle(loop->multi, easy); /* also releases its socket */
	loop->listener.ended(easy, CURLE_FILESIZE_EXCEEDED);
}

static void ready(evutil_socket_t fd, short events, void *arg)
{
	struct watched *watched = arg;
	struct http_loop *loop = watched->loop;
	int mask = 0;
	int running;

	if (watched->turn_count++ == TURNS_MAX)
		return http_loop_end(loop, watched->easy);
	if (events & EV_READ)
		mask |= CURL_CSELECT_IN;
	if (events & EV_WRITE)
		mask |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(loop->multi, fd, mask, &running);
	http_loop_report(loop);
}

static void end_curl_timeout(evutil_socket_t fd, short events, void *arg)
{
	struct http_loop *loop = arg;
	int running;

	(void)fd;
	(void)events;
	(void)curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	http_loop_report(loop);
}

static struct watched *watch_new(struct http_loop *loop, CURL *easy, curl_socket_t fd)
{
	struct watched *watched = calloc(1, sizeof(*watched));

	if (!watched)
		return NULL;
	*watched = (struct watched){.loop = loop, .easy = easy};
	watched->event = event_new(loop->base, fd, EV_READ, ready, watched);
	if (watched->event)
		return watched;
	free(watched);
	return NULL;
}

static void watch_free(struct watched *watched)
{
	if (!watched)
		return;
	event_free(watched->event);
	free(watched);
}

/* Changes the events that a socket is watched for. Returns 0 or -ENOMEM. */
static int watch_for(struct watched *watched, curl_socket_t fd, int what)
{
	short events = EV_PERSIST;

	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	(void)event_del(watched->event);
	return event_assign(watched->event, watched->loop->base, fd, events, ready, watched) ||
			       event_add(watched->event, NULL)
		       ? -ENOMEM
		       : 0;
}

/* libcurl wants a socket watched; `assigned` is ours from an earlier call, or NULL. */
static int http_loop_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct http_loop *loop = arg;
	struct watched *watched = assigned;

	if (what == CURL_POLL_REMOVE) {
		watch_free(watched);
		return 0;
	}
	if (!watched) {
		watched = watch_new(loop, easy, fd);
		(void)curl_multi_assign(loop->multi, fd, watched);
	}
	/* returning an error would end all transfers, present and future */
	if (!watched || watch_for(watched, fd, what))
		loop->listener.stuck(easy);
	return 0;
}

/* libcurl wants to be called in `ms` milliseconds; -1: not at all. */
static int http_loop_wait_for(CURLM *multi, long ms, void *arg)
{
	const struct http_loop *loop = arg;
	const struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		(void)event_del(loop->timer);
	else
		(void)event_add(loop->timer, &time);
	return 0;
}

static int http_loop_prepare(struct http_loop *loop)
{
	loop->multi = curl_multi_init();
	loop->timer = event_new(loop->base, -1, 0, end_curl_timeout, loop);
	if (!loop->multi || !loop->timer)
		return -ENOMEM;
	(void)curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, http_loop_watch);
	(void)curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	(void)curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, http_loop_wait_for);
	(void)curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	(void)curl_multi_setopt(loop->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	return 0;
}

int http_loop_open(struct http_loop **out, struct event_base *base,
		   const struct http_loop_listener *listener)
{
	struct http_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->base = base;
	loop->listener = *listener;
	if (http_loop_prepare(loop)) {
		http_loop_close(loop);
		return -ENOMEM;
	}
	*out = loop;
	return 0;
}

void http_loop_close(struct http_loop *loop)
{
	if (!loop)
		return;
	while (loop->idle_count)
		curl_easy_cleanup(loop->idle[--loop->idle_count]);
	if (loop->multi)
		(void)curl_multi_cleanup(loop->multi);
	if (loop->timer)
		event_free(loop->timer);
	free(loop);
}

CURL *http_loop_handle(struct http_loop *loop)
{
	return loop->idle_count ? loop->idle[--loop->idle_count] : curl_easy_init();
}

void http_loop_give_back(struct http_loop *loop, CURL *easy)
{
	if (easy && loop->idle_count < IDLE_MAX) {
		curl_easy_reset(easy);
		loop->idle[loop->idle_count++] = easy;
	} else {
		curl_easy_cleanup(easy);
	}
}

int http_loop_add(struct http_loop *loop, CURL *easy)
{
	return curl_multi_add_handle(loop->multi, easy) ? -ENOMEM : 0;
}

void http_loop_remove(struct http_loop *loop, CURL *easy)
{
	(void)curl_multi_remove_handle(loop->multi, easy);
}
