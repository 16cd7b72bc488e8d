/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Should routers send packets to this director, and if not, why?
 *
 * It is ready while a valid generation is served, all workers make progress with it, a port has a
 * link, and it is not leaving. This is decided in one place, for the live device (director/live.h),
 * the service manager and all clients.
 */
#ifndef DIRECTOR_READY_H
#define DIRECTOR_READY_H

#include <glb/diag.h>

struct control;

/* constant, name, sentence */
#define READINESS(X)                                                                               \
	X(STARTING, "starting", "not every worker serves yet")                                     \
	X(READY, "ready", "all workers serve")                                                     \
	X(STALLED, "stalled", "a worker makes no progress")                                        \
	X(UNLINKED, "unlinked", "no port has a link")                                              \
	X(LEAVING, "leaving", "it is about to stop")

enum readiness {
#define READINESS_CONSTANT(constant, ...) READINESS_##constant,
	READINESS(READINESS_CONSTANT)
#undef READINESS_CONSTANT
		READINESS_COUNT,
};

/* The current state. `why` gets a sentence, which names the worker if there is one. */
enum readiness readiness_of(const struct control *control, struct glb_diag *why);

/* Returns a word for programs, such as "ready" or "stalled". */
const char *readiness_name(enum readiness readiness);

/*
 * Creates the live device if the configuration in force has one. Returns 0, to be released with
 * live_close(); or -errno after logging why.
 */
GLB_NODISCARD int readiness_open(struct control *control);

/*
 * From now on, on the control thread's loop: checks the workers fifty times a second, updates the
 * live device and the service manager, and logs changes. Returns 0 or -ENOMEM.
 */
GLB_NODISCARD int readiness_watch(struct control *control);

/* Does the same at once. */
void readiness_follow(struct control *control);

/*
 * A stop was requested: the director leaves, and the loop ends. Before that, workers continue for
 * live_leave_ms so that routers can use other paths; except without a live device, if it was
 * leaving already, or at a second request.
 */
void readiness_stop(struct control *control);

#endif
