/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "healthcheck/background.h"
#include "sys/loop.h"

struct queue {
	struct background_job *first;
	struct background_job **end;
};

struct background {
	pthread_t thread;
	pthread_mutex_t lock;	/* protects everything below except fd and ended_event */
	pthread_cond_t changed; /* a job was added, or the queue became empty */
	struct queue asked;
	struct queue ended;
	unsigned int left; /* jobs whose done() is still to be called */
	bool closing;
	int fd; /* readable when jobs have ended */
	struct event *ended_event;
};

static void background_put(struct queue *queue, struct background_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

/* NULL: the queue is empty. */
static struct background_job *background_take(struct queue *queue)
{
	struct background_job *job = queue->first;

	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->end = &queue->first;
	return job;
}

static void *run_jobs(void *arg)
{
	struct background *background = arg;
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&background->lock);
	while (!background->closing) {
		struct background_job *job = background_take(&background->asked);

		if (!job) {
			(void)pthread_cond_wait(&background->changed, &background->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&background->lock);
		job->run(job->arg);
		(void)pthread_mutex_lock(&background->lock);
		background_put(&background->ended, job);
		(void)!write(background->fd, &one, sizeof(one));
	}
	(void)pthread_mutex_unlock(&background->lock);
	return NULL;
}

static struct background_job *take_ended(struct background *background)
{
	(void)pthread_mutex_lock(&background->lock);

	struct background_job *job = background_take(&background->ended);

	if (job)
		background->left--;
	(void)pthread_mutex_unlock(&background->lock);
	return job;
}

static void report_ended(evutil_socket_t fd, short events, void *arg)
{
	struct background *background = arg;
	struct background_job *job;
	uint64_t count;

	(void)events;
	(void)!read((int)fd, &count, sizeof(count));
	while ((job = take_ended(background)))
		job->done(job->arg); /* may release the job */
}

static int watch_ended(struct background *background, struct loop *loop)
{
	background->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (background->fd < 0)
		return -errno;
	background->ended_event = event_new(loop_base(loop), background->fd, EV_READ | EV_PERSIST,
					    report_ended, background);
	if (background->ended_event && !event_add(background->ended_event, NULL))
		return 0;
	return -ENOMEM;
}

static void background_release(struct background *background)
{
	if (background->ended_event)
		event_free(background->ended_event);
	if (background->fd >= 0)
		(void)close(background->fd);
	(void)pthread_cond_destroy(&background->changed);
	(void)pthread_mutex_destroy(&background->lock);
	free(background);
}

int background_open(struct background **out, struct loop *loop)
{
	struct background *background = calloc(1, sizeof(*background));
	int err;

	if (!background)
		return -ENOMEM;
	background->asked.end = &background->asked.first;
	background->ended.end = &background->ended.first;
	(void)pthread_mutex_init(&background->lock, NULL);
	(void)pthread_cond_init(&background->changed, NULL);
	err = watch_ended(background, loop);
	if (!err)
		err = -pthread_create(&background->thread, NULL, run_jobs, background);
	if (err) {
		background_release(background);
		return err;
	}
	*out = background;
	return 0;
}

void background_add(struct background *background, struct background_job *job)
{
	(void)pthread_mutex_lock(&background->lock);
	background_put(&background->asked, job);
	background->left++;
	(void)pthread_cond_signal(&background->changed);
	(void)pthread_mutex_unlock(&background->lock);
}

bool background_finish(struct background *background, unsigned int timeout_ms)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	for (;;) {
		report_ended(background->fd, 0, background);
		if (!background->left)
			return true;
		if (!timeout_ms--)
			return false;
		(void)nanosleep(&ms, NULL);
	}
}

void background_close(struct background *background)
{
	if (!background)
		return;
	(void)pthread_mutex_lock(&background->lock);
	background->closing = true;
	(void)pthread_cond_signal(&background->changed);
	(void)pthread_mutex_unlock(&background->lock);
	(void)pthread_join(background->thread, NULL);
	background_release(background);
}
