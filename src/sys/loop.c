/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "loop.h"

/* A registration. */
struct watch {
	struct loop *loop;
	struct watch *next;
	struct event *event;
	void (*call)(void *arg);
	void *arg;
};

struct loop {
	struct event_base *base;
	struct watch *watches;
};

int loop_open(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->base = event_base_new();
	if (!loop->base) {
		free(loop);
		return -ENOMEM;
	}
	*out = loop;
	return 0;
}

static void loop_forget(struct watch *watch)
{
	struct watch **at = &watch->loop->watches;

	while (*at != watch)
		at = &(*at)->next;
	*at = watch->next;
	event_free(watch->event);
	free(watch);
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->watches)
		loop_forget(loop->watches);
	event_base_free(loop->base);
	free(loop);
}

static void call(evutil_socket_t fd, short events, void *arg)
{
	const struct watch *watch = arg;

	(void)fd;
	(void)events;
	watch->call(watch->arg);
}

static void call_once(evutil_socket_t fd, short events, void *arg)
{
	const struct watch watch = *(struct watch *)arg;

	(void)fd;
	(void)events;
	loop_forget(arg);
	watch.call(watch.arg);
}

/* Waits for `events` of fd (-1: none), or for `ms` milliseconds (0: no timeout). */
static int loop_add(struct watch what, int fd, short events, unsigned int ms)
{
	const struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct watch *watch = malloc(sizeof(*watch));
	int err;

	if (!watch)
		return -ENOMEM;
	*watch = what;
	watch->next = what.loop->watches;
	watch->event = event_new(what.loop->base, fd, events,
				 events & EV_PERSIST ? call : call_once, watch);
	if (!watch->event) {
		free(watch);
		return -ENOMEM;
	}
	errno = ENOMEM;
	err = event_add(watch->event, ms ? &time : NULL) ? -errno : 0;
	what.loop->watches = watch;
	if (err)
		loop_forget(watch);
	return err;
}

int loop_watch(struct loop *loop, int fd, void (*ready)(void *), void *arg)
{
	return loop_add((struct watch){.loop = loop, .call = ready, .arg = arg}, fd,
			EV_READ | EV_PERSIST, 0);
}

int loop_every(struct loop *loop, unsigned int ms, void (*due)(void *), void *arg)
{
	return loop_add((struct watch){.loop = loop, .call = due, .arg = arg}, -1, EV_PERSIST, ms);
}

int loop_after(struct loop *loop, unsigned int ms, void (*due)(void *), void *arg)
{
	return loop_add((struct watch){.loop = loop, .call = due, .arg = arg}, -1, 0, ms);
}

void loop_run(struct loop *loop)
{
	(void)event_base_dispatch(loop->base);
}

void loop_end(struct loop *loop)
{
	(void)event_base_loopbreak(loop->base);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}
