/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Should routers send packets to this director, and if not, why not?
 *
 * It is ready while a good generation is served, all workers make progress with it, and it is not
 * leaving. There is one judgement, which the live device (director/live.h), the service manager and
 * whoever asks get.
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
	X(LEAVING, "leaving", "it is about to stop")

enum readiness {
#define READINESS_CONSTANT(constant, ...) READINESS_##constant,
	READINESS(READINESS_CONSTANT)
#undef READINESS_CONSTANT
		READINESS_COUNT,
};

/* How it is now. The diag gets a sentence, which says which worker. */
enum readiness readiness_of(const struct control *control, struct glb_diag *why);

/* "ready", "stalled": a word for programs. */
const char *readiness_name(enum readiness readiness);

/*
 * Makes the live device, if the configuration in force wants one. 0, and it is to be closed with
 * live_close(); or -errno after logging why.
 */
GLB_NODISCARD int readiness_open(struct control *control);

/*
 * On the control thread's loop, from now on: looks at the workers fifty times a second, has the
 * live device and the service manager see how it is, and logs what has changed. 0 or -ENOMEM.
 */
GLB_NODISCARD int readiness_watch(struct control *control);

/* The same at once. */
void readiness_follow(struct control *control);

/*
 * A stop was asked for: the director leaves, and the loop ends. Before that, workers go on for
 * live_leave_ms while routers find other ways; not where they see nothing, as there is no live
 * device, when it was leaving already, or when it is asked once more.
 */
void readiness_stop(struct control *control);

#endif
