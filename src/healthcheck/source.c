/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/time.h>
#include <unistd.h>

#include "healthcheck/background.h"
#include "healthcheck/source.h"
#include "sys/log_pairs.h"
#include "sys/loop.h"
#include "sys/words.h"

enum {
	SOON_MS = 50,	/* after an event in the directory, as more may follow */
	LOOK_MS = 1000, /* interval, for file systems and links that are not watched */
	EVENTS_LEN = 4096,
};

struct source {
	char *path;
	struct background *background;
	struct source_listener listener;
	struct source_status status;
	struct content *content; /* in force */
	struct stat seen;	 /* the file as last read, valid or not */
	int missing;		 /* -errno of stat() if there was none */
	int fd;			 /* of inotify; -1: none */
	struct event *event;
	struct event *timer;
	bool looking; /* in progress on the other thread, to which what follows belongs meanwhile */
	bool again;   /* look again afterwards */
	bool forced;  /* read the file even if it seems unchanged */
	struct look {
		struct background_job job;
		bool forced;
		bool read;	  /* the file was read */
		int missing;	  /* -errno if there is no file, or 0 */
		int err;	  /* -errno if there is no content, or 0 */
		struct stat info; /* of the file */
		struct content *content;
		struct report *report; /* of reading it, or NULL */
	} look;
};

/* --- On the thread of background.h --- */

/* Watches the directory of a path. Watching it again has no effect. */
static void watch_directory(int fd, const char *path)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) < (int)sizeof(copy))
		(void)inotify_add_watch(fd, dirname(copy),
					IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE |
						IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
						IN_MOVE_SELF | IN_ONLYDIR);
}

/* If the path is a symbolic link, its target may be replaced as well as the link. */
static void source_watch(const struct source *source)
{
	char target[PATH_MAX];

	if (source->fd < 0)
		return;
	watch_directory(source->fd, source->path);
	if (realpath(source->path, target) && strcmp(target, source->path) != 0)
		watch_directory(source->fd, target);
}

static void source_look(void *arg)
{
	struct source *source = arg;
	struct look *look = &source->look;

	source_watch(source); /* before stat(), so that no change is missed */
	look->missing = stat(source->path, &look->info) ? -errno : 0;
	if (!look->forced && look->missing == source->missing &&
	    (look->missing || file_same(&look->info, &source->seen)))
		return;
	look->read = true;
	look->report = malloc(sizeof(*look->report));
	if (!look->report) {
		look->err = -ENOMEM;
		return;
	}
	report_init(look->report);
	look->err = content_read(&look->content, source->path, look->report);
	if (!look->err)
		look->info = look->content->file.info;
}

/* --- On the loop's thread --- */

static void look_in(struct source *source, unsigned int ms)
{
	const struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)evtimer_add(source->timer, &time);
}

static void source_refuse(struct source *source, const struct look *look)
{
	struct log_pairs pairs = log_pairs_of("source_refused");
	const struct problem *first = look->report ? report_first_error(look->report) : NULL;

	source->status.refused++;
	source->status.is_refused = true;
	if (first)
		(void)report_line(source->status.why, first);
	else
		(void)snprintf(source->status.why, sizeof(source->status.why), "%s: out of memory",
			       source->path);
	if (first && look->report->totals[SEVERITY_ERROR] > 1)
		report_log(look->report, SEVERITY_ERROR);
	log_pair(&pairs, "file", source->path);
	log_event(LOG_LEVEL_WARNING, &pairs, "%s; what the file said before stays in force",
		  source->status.why);
}

static bool source_same_bytes(const struct file_bytes *a, const struct file_bytes *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

static void source_take(struct source *source, struct content *content)
{
	const struct health_plan *plan = &content->plan;
	struct log_pairs pairs = log_pairs_of("source_loaded");

	source->status.is_refused = false;
	source->status.why[0] = '\0';
	if (source_same_bytes(&content->file, &source->content->file)) {
		content_unref(content);
		return;
	}
	source->status.loaded++;
	log_pair(&pairs, "file", source->path);
	log_event(LOG_LEVEL_INFO, &pairs, "%s has changed: %u table%s, %u backend%s, %u check%s",
		  source->path, plan->table_count, plural(plan->table_count), plan->backend_count,
		  plural(plan->backend_count), plan->check_count, plural(plan->check_count));
	content_unref(source->content);
	source->content = content;
	source->listener.changed(source->listener.arg, content);
}

static void looked(void *arg)
{
	struct source *source = arg;
	struct look *look = &source->look;

	bool busy = look->err == -EBUSY; /* it is being written: not a problem yet */

	source->looking = false;
	if (look->read && !busy) { /* do not read the same version twice */
		source->seen = look->info;
		source->missing = look->missing;
	}
	if (look->read && !look->err) {
		report_log(look->report, SEVERITY_WARNING);
		source_take(source, look->content);
	} else if (look->read && !busy) {
		source_refuse(source, look);
	}
	free(look->report);
	look_in(source, source->again || busy ? SOON_MS : LOOK_MS);
}

static void start_look(evutil_socket_t fd, short events, void *arg)
{
	struct source *source = arg;

	(void)fd;
	(void)events;
	if (source->looking)
		return;
	source->look = (struct look){
		.job = {.run = source_look, .done = looked, .arg = source},
		.forced = source->forced,
	};
	source->looking = true;
	source->again = source->forced = false;
	background_add(source->background, &source->look.job);
}

static void look_soon(struct source *source)
{
	if (!source->again && !source->looking)
		look_in(source, SOON_MS);
	source->again = true;
}

/* Any event makes us look at the file. */
static void notice(evutil_socket_t fd, short events, void *arg)
{
	char bytes[EVENTS_LEN] __attribute__((aligned(8)));
	struct source *source = arg;

	(void)events;
	while (read((int)fd, bytes, sizeof(bytes)) > 0)
		;
	look_soon(source);
}

void source_read(struct source *source)
{
	source->forced = true;
	look_soon(source);
}

const struct source_status *source_status(const struct source *source)
{
	return &source->status;
}

/* Without inotify the file is polled once a second. */
static int open_events(struct source *source, struct loop *loop)
{
	source->timer = evtimer_new(loop_base(loop), start_look, source);
	source->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (source->fd < 0)
		log_warning("%s: inotify: %s: it is looked at once a second", source->path,
			    strerror(errno));
	else
		source->event = event_new(loop_base(loop), source->fd, EV_READ | EV_PERSIST, notice,
					  source);
	if (!source->timer || (source->fd >= 0 && !source->event))
		return -ENOMEM;
	return source->event && event_add(source->event, NULL) ? -ENOMEM : 0;
}

int source_open(struct source **out, struct loop *loop, struct background *background,
		struct content *content, const struct source_listener *listener)
{
	struct source *source = calloc(1, sizeof(*source));
	int err;

	if (!source)
		return -ENOMEM;
	*source = (struct source){
		.background = background,
		.listener = *listener,
		.status.loaded = 1,
		.content = content_ref(content),
		.seen = content->file.info,
		.fd = -1,
		.path = strdup(content->path),
	};
	err = source->path ? open_events(source, loop) : -ENOMEM;
	if (err) {
		source_close(source);
		return err;
	}
	look_in(source, 1); /* it may have changed meanwhile */
	*out = source;
	return 0;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	if (source->event)
		event_free(source->event);
	if (source->timer)
		event_free(source->timer);
	if (source->fd >= 0)
		(void)close(source->fd);
	content_unref(source->content);
	free(source->path);
	free(source);
}
