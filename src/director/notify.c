/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "director/notify.h"
#include "sys/log.h"
#include "sys/printable.h"

enum {
	PATIENCE_MS = 500, /* at the end, if the manager does not read */
	LINES_LEN = 96,	   /* in front of the text */
};

struct notify {
	pthread_t thread;
	unsigned int watchdog_ms;
	pthread_mutex_t lock; /* protects everything below */
	pthread_cond_t changed;
	unsigned int pending; /* a set of events */
	uint64_t reloading_at_us;
	char status[NOTIFY_STATUS_LEN];
	bool closing;
	bool ended;
};

/* Takes the first pending event. */
static enum notify_event notify_take_event(struct notify *notify)
{
	unsigned int first = notify->pending & -notify->pending;

	notify->pending &= ~(first | NOTIFY_STATUS); /* the text goes with every event */
	return (enum notify_event)first;
}

/* The lines of an event that precede its text, each ending in a newline. */
static void notify_write_lines(char out[LINES_LEN], enum notify_event event,
			       uint64_t reloading_at_us)
{
	switch (event) {
	case NOTIFY_RELOADING:
		(void)snprintf(out, LINES_LEN, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
			       reloading_at_us);
		break;
	case NOTIFY_READY:
		(void)snprintf(out, LINES_LEN, "READY=1\n");
		break;
	case NOTIFY_STOPPING:
		(void)snprintf(out, LINES_LEN, "STOPPING=1\n");
		break;
	case NOTIFY_BUSY:
		(void)snprintf(out, LINES_LEN, "EXTEND_TIMEOUT_USEC=%d000000\n", NOTIFY_BUSY_S);
		break;
	case NOTIFY_ALIVE:
		(void)snprintf(out, LINES_LEN, "WATCHDOG=1\n");
		break;
	case NOTIFY_STATUS:
		out[0] = '\0';
		break;
	}
}

/* Called with the lock held, which is released while libsystemd may block. Returns 0 or -errno. */
static int notify_send_next(struct notify *notify)
{
	char lines[LINES_LEN];
	char message[LINES_LEN + sizeof("STATUS=") + NOTIFY_STATUS_LEN];

	notify_write_lines(lines, notify_take_event(notify), notify->reloading_at_us);
	(void)snprintf(message, sizeof(message), "%sSTATUS=%s", lines, notify->status);
	(void)pthread_mutex_unlock(&notify->lock);

	int err = sd_notify(0, message);

	(void)pthread_mutex_lock(&notify->lock);
	return err < 0 ? err : 0;
}

static void *send_all(void *arg)
{
	struct notify *notify = arg;
	bool warned = false;

	(void)pthread_mutex_lock(&notify->lock);
	for (;;) {
		while (!notify->pending && !notify->closing)
			(void)pthread_cond_wait(&notify->changed, &notify->lock);
		if (!notify->pending)
			break;

		int err = notify_send_next(notify);

		if (!err || warned || notify->closing)
			continue;
		log_warning("the service manager is not notified: NOTIFY_SOCKET: %s",
			    strerror(-err));
		warned = true;
	}
	__atomic_store_n(&notify->ended, true, __ATOMIC_RELEASE);
	(void)pthread_mutex_unlock(&notify->lock);
	return NULL;
}

/* 0 if there is no watchdog, or it is not for this process. */
static unsigned int read_watchdog_ms(void)
{
	uint64_t us;

	if (sd_watchdog_enabled(0, &us) <= 0)
		return 0;
	return us / 1000 < UINT_MAX ? (unsigned int)(us / 1000) : UINT_MAX;
}

int notify_open(struct notify **out)
{
	if (!getenv("NOTIFY_SOCKET")) {
		*out = NULL;
		return 0;
	}

	struct notify *notify = calloc(1, sizeof(*notify));

	if (!notify)
		return -ENOMEM;
	notify->watchdog_ms = read_watchdog_ms();
	(void)pthread_mutex_init(&notify->lock, NULL);
	(void)pthread_cond_init(&notify->changed, NULL);

	int err = -pthread_create(&notify->thread, NULL, send_all, notify);

	if (err) {
		free(notify);
		return err;
	}
	*out = notify;
	return 0;
}

unsigned int notify_watchdog_ms(const struct notify *notify)
{
	return notify ? notify->watchdog_ms : 0;
}

void notify_stay_here(struct notify *notify)
{
	cpu_set_t set;

	if (notify && !sched_getaffinity(0, sizeof(set), &set))
		(void)pthread_setaffinity_np(notify->thread, sizeof(set), &set);
}

static uint64_t monotonic_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void notify_send(struct notify *notify, enum notify_event event, const char *status)
{
	if (!notify)
		return;
	(void)pthread_mutex_lock(&notify->lock);
	if (event == NOTIFY_RELOADING) {
		notify->reloading_at_us = monotonic_us();
		notify->pending &= ~(unsigned int)NOTIFY_READY; /* of an earlier reload */
	}
	if (event == NOTIFY_STOPPING)
		notify->pending = 0; /* nothing else matters now */
	notify->pending |= event;
	(void)printable(notify->status, sizeof(notify->status), status);
	(void)pthread_cond_signal(&notify->changed);
	(void)pthread_mutex_unlock(&notify->lock);
}

void notify_close(struct notify *notify)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	if (!notify)
		return;
	(void)pthread_mutex_lock(&notify->lock);
	notify->closing = true;
	(void)pthread_cond_signal(&notify->changed);
	(void)pthread_mutex_unlock(&notify->lock);
	for (unsigned int left = PATIENCE_MS; !__atomic_load_n(&notify->ended, __ATOMIC_ACQUIRE);
	     left--) {
		if (!left)
			return;
		(void)nanosleep(&ms, NULL);
	}
	(void)pthread_join(notify->thread, NULL);
	(void)pthread_cond_destroy(&notify->changed);
	(void)pthread_mutex_destroy(&notify->lock);
	free(notify);
}
