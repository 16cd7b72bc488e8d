/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "outlet.h"
#include "words.h"

enum {
	NOTICE_LEN = LOG_HEAD_LEN + 32,
	REASON_LEN = 64, /* of an errno in words */
};

struct outlet {
	pthread_t thread;
	int fd;
	size_t small;	      /* initial size, without growth */
	pthread_mutex_t lock; /* protects everything below */
	pthread_cond_t changed;
	char *bytes;
	size_t room;	   /* current size; grows for large texts */
	size_t put;	   /* bytes appended so far; the next one goes to bytes[put % room] */
	size_t taken;	   /* bytes written so far */
	unsigned int lost; /* lines dropped since the last one that was appended */
	bool closing;
	bool ended;

	/* Private to the writing thread: */
	unsigned int unwritten; /* lines that failed to be written since the last that was */
	int reason;		/* errno of the failure; 0: none */
	bool cut;		/* the last line was written in part */
};

static void outlet_append(struct outlet *outlet, const char *text, size_t len)
{
	size_t at = outlet->put % outlet->room;
	size_t first = len < outlet->room - at ? len : outlet->room - at;

	memcpy(outlet->bytes + at, text, first);
	memcpy(outlet->bytes, text + first, len - first);
	outlet->put += len;
}

/* Appends text if it fits, preceded by a line about those dropped before it. */
static bool put_behind_lost(struct outlet *outlet, const char *lines, size_t len)
{
	size_t left = outlet->room - (outlet->put - outlet->taken);
	char notice[NOTICE_LEN];
	char head[LOG_HEAD_LEN];
	int notice_len = 0;

	if (outlet->lost)
		notice_len = snprintf(notice, sizeof(notice), "%s%u lines lost: no room\n",
				      log_head(head, LOG_LEVEL_WARNING), outlet->lost);
	if ((size_t)notice_len > left || len > left - (size_t)notice_len)
		return false;
	outlet_append(outlet, notice, (size_t)notice_len);
	outlet_append(outlet, lines, len);
	outlet->lost = 0;
	return true;
}

static unsigned int count_lines(const char *lines, size_t len)
{
	unsigned int count = 0;

	for (size_t i = 0; i < len; i++)
		count += lines[i] == '\n';
	return count;
}

/* Grows the buffer for a text, unless an earlier large one is still pending. */
static void outlet_make_room(struct outlet *outlet, size_t len)
{
	size_t waiting = outlet->put - outlet->taken;
	size_t room = waiting + NOTICE_LEN + len;
	char *bytes = waiting > outlet->small || room <= outlet->room ? NULL : malloc(room);

	if (!bytes)
		return;
	for (size_t i = 0; i < waiting; i++)
		bytes[i] = outlet->bytes[(outlet->taken + i) % outlet->room];
	free(outlet->bytes);
	outlet->bytes = bytes;
	outlet->room = room;
	outlet->taken = 0;
	outlet->put = waiting;
}

static void outlet_put_lines(struct outlet *outlet, const char *lines, size_t len, bool large)
{
	(void)pthread_mutex_lock(&outlet->lock);
	if (large)
		outlet_make_room(outlet, len);
	if (!put_behind_lost(outlet, lines, len))
		outlet->lost += count_lines(lines, len);
	(void)pthread_cond_broadcast(&outlet->changed);
	(void)pthread_mutex_unlock(&outlet->lock);
}

void outlet_put(struct outlet *outlet, const char *lines, size_t len)
{
	outlet_put_lines(outlet, lines, len, false);
}

void outlet_put_large(struct outlet *outlet, const char *lines, size_t len)
{
	outlet_put_lines(outlet, lines, len, true);
}

/* Copies the text to be written next: whole lines, unless a single one is longer. */
static size_t next_lines(char out[PIPE_BUF], const struct outlet *outlet)
{
	size_t len = outlet->put - outlet->taken;
	size_t lines_len = 0;

	if (len > PIPE_BUF)
		len = PIPE_BUF;
	for (size_t i = 0; i < len; i++) {
		out[i] = outlet->bytes[(outlet->taken + i) % outlet->room];
		if (out[i] == '\n')
			lines_len = i + 1;
	}
	return lines_len ? lines_len : len;
}

/* Writes everything, for as long as it takes. Returns the bytes written; if fewer, errno says
 * why. */
static size_t write_out(int fd, const char *text, size_t len)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	size_t done = 0;

	while (done < len) {
		ssize_t put = write(fd, text + done, len - done);

		if (put < 0 &&
		    errno ==
			    EAGAIN) /* others that share the descriptor have made it non-blocking */
			(void)poll(&ready, 1, -1);
		else if (put < 0 && errno != EINTR)
			break;
		if (put > 0)
			done += (size_t)put;
	}
	return done;
}

/* False: not everything could be written, for example to a full disk. */
static bool write_text(struct outlet *outlet, const char *text, size_t len)
{
	size_t done = write_out(outlet->fd, text, len);

	if (done < len)
		outlet->reason = errno;
	if (done)
		outlet->cut = text[done - 1] != '\n';
	if (done < len)
		outlet->unwritten += count_lines(text + done, len - done);
	return done == len;
}

/* Reports the lines that could not be written, on a line of its own. False: still failing. */
static bool mention_unwritten(struct outlet *outlet)
{
	unsigned int unwritten = outlet->unwritten;
	char notice[NOTICE_LEN + REASON_LEN];
	char head[LOG_HEAD_LEN];
	int len = snprintf(notice, sizeof(notice), "%s%s%u line%s lost: %.*s\n",
			   outlet->cut ? "\n" : "", log_head(head, LOG_LEVEL_WARNING), unwritten,
			   plural(unwritten), REASON_LEN, strerror(outlet->reason));
	bool done = write_text(outlet, notice, (size_t)len);

	outlet->unwritten = done ? 0 : unwritten; /* the report does not count as one */
	outlet->reason = done ? 0 : outlet->reason;
	return done;
}

/* Lines that cannot be written are dropped, counted, and reported before the next one. */
static void write_lines(struct outlet *outlet, const char *lines, size_t len)
{
	if (outlet->reason && !mention_unwritten(outlet))
		outlet->unwritten += count_lines(lines, len);
	else
		(void)write_text(outlet, lines, len);
}

static void *write_all(void *arg)
{
	struct outlet *outlet = arg;
	char lines[PIPE_BUF];

	(void)pthread_mutex_lock(&outlet->lock);
	for (;;) {
		if (outlet->put == outlet->taken && outlet->lost)
			(void)put_behind_lost(outlet, "", 0);
		while (outlet->put == outlet->taken && !outlet->lost && !outlet->closing)
			(void)pthread_cond_wait(&outlet->changed, &outlet->lock);

		size_t len = next_lines(lines, outlet);

		if (!len)
			break;
		(void)pthread_mutex_unlock(&outlet->lock);
		write_lines(outlet, lines, len);
		(void)pthread_mutex_lock(&outlet->lock);
		outlet->taken += len;
		(void)pthread_cond_broadcast(&outlet->changed);
	}
	(void)pthread_mutex_unlock(&outlet->lock);
	if (outlet->reason)
		(void)mention_unwritten(outlet);
	(void)pthread_mutex_lock(&outlet->lock);
	outlet->ended = true;
	(void)pthread_cond_broadcast(&outlet->changed);
	(void)pthread_mutex_unlock(&outlet->lock);
	return NULL;
}

static void init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(condition, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

static void destroy(struct outlet *outlet)
{
	(void)pthread_cond_destroy(&outlet->changed);
	(void)pthread_mutex_destroy(&outlet->lock);
	free(outlet->bytes);
	free(outlet);
}

int outlet_open(struct outlet **out, int fd, size_t room)
{
	struct outlet *outlet;

	room += NOTICE_LEN; /* reserve for the report about dropped lines */
	outlet = calloc(1, sizeof(*outlet));
	if (!outlet)
		return -ENOMEM;
	outlet->bytes = malloc(room);
	if (!outlet->bytes) {
		free(outlet);
		return -ENOMEM;
	}
	/* touches the memory now, so that it does not grow later */
	memset(outlet->bytes, ' ', room);
	outlet->fd = fd;
	outlet->small = outlet->room = room;
	(void)pthread_mutex_init(&outlet->lock, NULL);
	init_condition(&outlet->changed);

	int err = -pthread_create(&outlet->thread, NULL, write_all, outlet);

	if (err) {
		destroy(outlet);
		return err;
	}
	*out = outlet;
	return 0;
}

void outlet_stay_here(struct outlet *outlet)
{
	cpu_set_t set;

	if (!sched_getaffinity(0, sizeof(set), &set))
		(void)pthread_setaffinity_np(outlet->thread, sizeof(set), &set);
}

static struct timespec monotonic_after(unsigned int ms)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

int outlet_flush(struct outlet *outlet, unsigned int timeout_ms)
{
	struct timespec until = monotonic_after(timeout_ms);
	int err = 0;

	(void)pthread_mutex_lock(&outlet->lock);
	while ((outlet->put != outlet->taken || outlet->lost) && !err)
		err = -pthread_cond_timedwait(&outlet->changed, &outlet->lock, &until);
	(void)pthread_mutex_unlock(&outlet->lock);
	return err;
}

int outlet_close(struct outlet *outlet, unsigned int timeout_ms)
{
	struct timespec until = monotonic_after(timeout_ms);
	int err = 0;

	(void)pthread_mutex_lock(&outlet->lock);
	outlet->closing = true;
	(void)pthread_cond_broadcast(&outlet->changed);
	while (!outlet->ended && !err)
		err = -pthread_cond_timedwait(&outlet->changed, &outlet->lock, &until);

	bool ended = outlet->ended;

	(void)pthread_mutex_unlock(&outlet->lock);
	if (!ended)
		return err;
	(void)pthread_join(outlet->thread, NULL);
	destroy(outlet);
	return 0;
}
