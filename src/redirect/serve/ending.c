/* SPDX-License-Identifier: BSD-3-Clause */
#include "ending.h"

#include <errno.h>
#include <stdlib.h>

#include "sys/loop.h"
#include "sys/service.h"

struct ending {
	struct service service;
	struct loop *loop;
};

static void take_ending(void *arg)
{
	struct ending *ending = arg;

	if (service_wait(&ending->service, 0) == SERVICE_STOP)
		loop_end(ending->loop);
}

int ending_open(struct ending **out, struct loop *loop)
{
	struct ending *ending = calloc(1, sizeof(*ending));
	int error = ending ? service_start(&ending->service) : -ENOMEM;

	if (!error) {
		ending->loop = loop;
		error = loop_watch(loop, ending->service.signal_fd, take_ending, ending);
	}
	if (error)
		free(ending);
	else
		*out = ending;
	return error;
}

void ending_close(struct ending *ending)
{
	free(ending);
}
