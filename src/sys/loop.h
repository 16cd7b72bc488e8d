/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which event does a program handle next?
 *
 * One thread waits for file descriptors and timers and runs their callbacks, one at a time. A
 * callback must not block. Registrations last as long as the loop.
 */
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

struct loop;
struct event_base;

/* Returns 0 and sets *out, to be released with loop_close(); or -ENOMEM. */
__attribute__((warn_unused_result)) int loop_open(struct loop **out);

/* NULL is fine. */
void loop_close(struct loop *loop);

/*
 * Calls ready(arg) whenever fd is readable. fd remains the caller's and must outlive the loop.
 * Returns 0, -ENOMEM, or -EPERM for a descriptor that cannot be polled, such as that of a regular
 * file.
 */
__attribute__((warn_unused_result)) int loop_watch(struct loop *loop, int fd, void (*ready)(void *),
						   void *arg);

/*
 * Calls due(arg) every `ms` milliseconds (at least 1). Periods missed during a long callback are
 * made up for by a single call. Returns 0 or -ENOMEM.
 */
__attribute__((warn_unused_result)) int loop_every(struct loop *loop, unsigned int ms,
						   void (*due)(void *), void *arg);

/* Calls due(arg) once, after `ms` milliseconds (at least 1). Returns 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int loop_after(struct loop *loop, unsigned int ms,
						   void (*due)(void *), void *arg);

/* Runs callbacks until loop_end() is called. */
void loop_run(struct loop *loop);

/* Makes loop_run() return after the current callback. Must be called from a callback. */
void loop_end(struct loop *loop);

/* The libevent base, for other modules of src/sys. Valid as long as the loop. */
struct event_base *loop_base(struct loop *loop);

#endif
