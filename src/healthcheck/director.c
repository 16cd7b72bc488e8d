/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "healthcheck/director.h"
#include "sys/loop.h"

enum { ROOM_FIRST = 4096 };

static const char *const requests[] = {
	[DIRECTOR_STATUS] = "{\"glb\": 1, \"verb\": \"status\"}\n",
	[DIRECTOR_RELOAD] = "{\"glb\": 1, \"verb\": \"reload\", \"tables_only\": true}\n",
};

struct director {
	struct event_base *base;
	struct director_listener listener;
	enum director_question question;
	bool is_asked;
	int fd;			       /* -1: not connected */
	struct event *event;	       /* of it */
	struct event *timer;	       /* fires at the timeout, or to report an immediate failure */
	struct director_answer answer; /* to be reported in the latter case */
	size_t sent;
	char *in;
	size_t in_len;
	size_t in_room;
};

static void hang_up(struct director *director)
{
	if (director->event)
		event_free(director->event);
	director->event = NULL;
	if (director->fd >= 0)
		(void)close(director->fd);
	director->fd = -1;
	free(director->in);
	director->in = NULL;
	director->in_len = director->in_room = 0;
	(void)evtimer_del(director->timer);
}

static void report_answer(struct director *director, struct director_answer *answer)
{
	hang_up(director);
	director->is_asked = false;
	director->listener.answered(director->listener.arg, director->question, answer);
	director_answer_free(answer);
}

static struct director_answer director_failure(enum director_result result, const char *reason)
{
	struct director_answer answer = {.result = result};

	(void)snprintf(answer.reason, sizeof(answer.reason), "%s", reason);
	return answer;
}

static void fail(struct director *director, enum director_result result, const char *reason)
{
	struct director_answer answer = director_failure(result, reason);

	report_answer(director, &answer);
}

static void give_answer_up(evutil_socket_t fd, short events, void *arg)
{
	struct director *director = arg;
	struct director_answer answer = director->answer;

	(void)fd;
	(void)events;
	report_answer(director, &answer);
}

static void director_take_line(struct director *director)
{
	struct director_answer answer;

	director_answer_read(&answer, director->in, director->in_len - 1);
	report_answer(director, &answer);
}

/* Ensures room for at least one more byte. */
static bool director_make_room(struct director *director)
{
	size_t room = director->in_room ? director->in_room * 2 : ROOM_FIRST;
	char *more;

	if (director->in_len < director->in_room)
		return true;
	if (room > DIRECTOR_ANSWER_MAX)
		return false;
	more = realloc(director->in, room);
	if (!more)
		return false;
	director->in = more;
	director->in_room = room;
	return true;
}

static void director_hear(evutil_socket_t fd, short events, void *arg)
{
	struct director *director = arg;
	ssize_t got;

	(void)events;
	if (!director_make_room(director)) {
		fail(director, DIRECTOR_FAILED, "its answer is too long");
		return;
	}
	got = recv((int)fd, director->in + director->in_len, director->in_room - director->in_len,
		   0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		fail(director, DIRECTOR_ABSENT, "it left without an answer");
		return;
	}
	director->in_len += (size_t)got;
	if (director->in[director->in_len - 1] == '\n')
		director_take_line(director);
}

/* Waits for events on the connection. False: out of memory. */
static bool wait_for(struct director *director, short events, event_callback_fn call)
{
	if (director->event)
		event_free(director->event);
	director->event = event_new(director->base, director->fd, (short)(events | EV_PERSIST),
				    call, director);
	return director->event && !event_add(director->event, NULL);
}

static void director_say(evutil_socket_t fd, short events, void *arg)
{
	struct director *director = arg;
	const char *request = requests[director->question];
	ssize_t sent = send((int)fd, request + director->sent, strlen(request) - director->sent,
			    MSG_NOSIGNAL);

	(void)events;
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent < 0) {
		fail(director, DIRECTOR_ABSENT, strerror(errno));
		return;
	}
	director->sent += (size_t)sent;
	if (director->sent == strlen(request) && !wait_for(director, EV_READ, director_hear))
		fail(director, DIRECTOR_FAILED, "out of memory");
}

/* Returns 0 or -errno. */
static int director_connect_to(struct director *director, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	director->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (director->fd < 0)
		return -errno;
	if (connect(director->fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return wait_for(director, EV_WRITE, director_say) ? 0 : -ENOMEM;
}

static const char *connect_reason(int err)
{
	if (err == -ENOENT)
		return "there is no such socket";
	if (err == -ECONNREFUSED)
		return "nothing listens there";
	if (err == -EAGAIN)
		return "it takes no connection";
	if (err == -EACCES)
		return "no permission: it is for the director's user and group";
	return strerror(-err);
}

void director_ask(struct director *director, const char *path, enum director_question question)
{
	struct timeval time = {.tv_sec = DIRECTOR_PATIENCE_MS / 1000};
	int err;

	director->question = question;
	director->is_asked = true;
	director->sent = 0;
	director->answer = director_failure(DIRECTOR_FAILED, "no answer within a minute");
	err = director_connect_to(director, path);
	if (err) {
		director->answer = director_failure(DIRECTOR_ABSENT, connect_reason(err));
		time.tv_sec = 0;
	}
	(void)evtimer_add(director->timer, &time);
}

bool director_is_asked(const struct director *director)
{
	return director->is_asked;
}

int director_open(struct director **out, struct loop *loop,
		  const struct director_listener *listener)
{
	struct director *director = calloc(1, sizeof(*director));

	if (!director)
		return -ENOMEM;
	director->base = loop_base(loop);
	director->listener = *listener;
	director->fd = -1;
	director->timer = evtimer_new(director->base, give_answer_up, director);
	if (!director->timer) {
		free(director);
		return -ENOMEM;
	}
	*out = director;
	return 0;
}

void director_close(struct director *director)
{
	if (!director)
		return;
	hang_up(director);
	event_free(director->timer);
	free(director);
}
