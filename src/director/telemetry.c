/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <rte_telemetry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "director/control.h"
#include "director/telemetry.h"
#include "director/telemetry_answers.h"
#include "sys/log.h"
#include "sys/loop.h"

/* A query, on the stack of the thread that waits for the reply. */
struct telemetry_question {
	telemetry_answer *answer;
	const char *params; /* "" if there are none */
	struct rte_tel_data *out;
	int err;
	bool answered;
};

struct telemetry {
	const struct control *control;
	int wake_fd; /* an eventfd, signalled when there is a query */
};

/*
 * Where the EAL's threads meet the control thread. Global, because the EAL's callbacks take no
 * argument, cannot be unregistered, and may run until the process ends. Everything in it is
 * protected by the lock, which is held no longer than it takes to write a reply.
 */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct telemetry *telemetry; /* NULL: queries fail */
	struct telemetry_question *asked;
} desk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static const struct {
	const char *command;
	telemetry_answer *answer;
	const char *help;
} commands[] = {
	{"/glb/status", telemetry_status, "What the director is, serves and does. No parameters"},
	{"/glb/counters", telemetry_counters,
	 "Its counters, of docs/counters.md. Parameters: number of a worker; none: the sum"},
	{"/glb/workers", telemetry_workers, "Its workers, in columns. No parameters"},
	{"/glb/tables", telemetry_tables,
	 "The tables that it serves, in columns. Parameters: the first to be shown; none: 0"},
	{"/glb/backends", telemetry_backends,
	 "The backends of a table, in columns. Parameters: name of the table, the first to be "
	 "shown"},
};

/* --- On a thread of the EAL --- */

static struct timespec deadline(void)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += TELEMETRY_PATIENCE_MS / 1000;
	return at;
}

/* Waits for a change, with the lock held. False on timeout. */
static bool wait_until(const struct timespec *at)
{
	return !pthread_cond_clockwait(&desk.changed, &desk.lock, CLOCK_MONOTONIC, at);
}

/* Called with the lock held. Returns 0 or -errno. */
static int ask_control(struct telemetry_question *question)
{
	const struct timespec at = deadline();
	bool in_time = true;

	while (desk.telemetry && desk.asked && in_time)
		in_time = wait_until(&at);
	if (!desk.telemetry)
		return -ESHUTDOWN;
	if (desk.asked)
		return -ETIMEDOUT;
	desk.asked = question;
	(void)eventfd_write(desk.telemetry->wake_fd, 1);
	while (desk.telemetry && !question->answered && in_time)
		in_time = wait_until(&at);
	if (desk.asked == question)
		desk.asked = NULL;
	if (question->answered)
		return question->err;
	return desk.telemetry ? -ETIMEDOUT : -ESHUTDOWN;
}

/* Writes an error in place of the reply. */
static int answer_error(struct rte_tel_data *out, int err)
{
	const char *reason = strerror(-err);

	if (err == -ETIMEDOUT)
		reason = "the control thread did not answer in time";
	else if (err == -ESHUTDOWN)
		reason = "the director ends";
	else if (err == -ENOENT)
		reason = "there is no such table or worker, or not so many";
	else if (err == -EAGAIN)
		reason = "another client sent a request at the same time; send it again";
	rte_tel_data_start_dict(out);
	return rte_tel_data_add_dict_string(out, "error", reason);
}

static int take_command(const char *command, const char *params, struct rte_tel_data *out)
{
	struct telemetry_question question = {.params = params ? params : "", .out = out};
	int err;

	for (unsigned int i = 0; i < RTE_DIM(commands); i++)
		if (!strcmp(command, commands[i].command))
			question.answer = commands[i].answer;
	if (!question.answer)
		return -EINVAL;
	if (!telemetry_are_own(command, params))
		return answer_error(out, -EAGAIN);
	(void)pthread_mutex_lock(&desk.lock);
	err = ask_control(&question);
	(void)pthread_cond_broadcast(&desk.changed);
	(void)pthread_mutex_unlock(&desk.lock);
	return err ? answer_error(out, err) : 0;
}

/* --- On the control thread --- */

static void answer_question(void *arg)
{
	struct telemetry *telemetry = arg;
	eventfd_t count;

	(void)eventfd_read(telemetry->wake_fd, &count);
	(void)pthread_mutex_lock(&desk.lock);
	if (desk.asked) {
		struct telemetry_question *question = desk.asked;

		question->err =
			question->answer(question->out, telemetry->control, question->params);
		question->answered = true;
		desk.asked = NULL;
		(void)pthread_cond_broadcast(&desk.changed);
	}
	(void)pthread_mutex_unlock(&desk.lock);
}

static void set_telemetry(struct telemetry *telemetry)
{
	(void)pthread_mutex_lock(&desk.lock);
	desk.telemetry = telemetry;
	(void)pthread_cond_broadcast(&desk.changed);
	(void)pthread_mutex_unlock(&desk.lock);
}

int telemetry_open(struct control *control)
{
	struct telemetry *telemetry = malloc(sizeof(*telemetry));
	int err;

	if (!telemetry) {
		log_error("out of memory");
		return -ENOMEM;
	}
	telemetry->control = control;
	telemetry->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	err = telemetry->wake_fd < 0
		      ? -errno
		      : loop_watch(control->loop, telemetry->wake_fd, answer_question, telemetry);
	for (unsigned int i = 0; i < RTE_DIM(commands) && !err; i++)
		err = rte_telemetry_register_cmd(commands[i].command, take_command,
						 commands[i].help);
	control->telemetry = telemetry; /* its descriptor outlives the loop */
	if (err)
		log_error("telemetry: %s", strerror(-err));
	else
		set_telemetry(telemetry);
	return err;
}

void telemetry_close(struct control *control)
{
	if (!control->telemetry)
		return;
	set_telemetry(NULL);
	if (control->telemetry->wake_fd >= 0)
		(void)close(control->telemetry->wake_fd);
	free(control->telemetry);
	control->telemetry = NULL;
}
