/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens next in a program that waits for many things?
 *
 * One thread waits for file descriptors and timers, and calls what was registered for them, one
 * call at a time. No call may wait for anything. What is watched stays so for the loop's life.
 */
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

struct loop;
struct event_base;

/* 0 and *out, to be closed with loop_close(); or -ENOMEM. */
__attribute__((warn_unused_result)) int loop_open(struct loop **out);

/* NULL is fine. */
void loop_close(struct loop *loop);

/*
 * Calls ready(arg) as often as there is something to read from fd, which stays the caller's and
 * outlives the loop. 0 or -ENOMEM, or -EPERM for what cannot be waited for, such as a plain file.
 */
__attribute__((warn_unused_result)) int loop_watch(struct loop *loop, int fd, void (*ready)(void *),
						   void *arg);

/*
 * Calls due(arg) every `ms` milliseconds, at least 1. Calls that were due while another one took
 * its time are made up for by one. 0 or -ENOMEM.
 */
__attribute__((warn_unused_result)) int loop_every(struct loop *loop, unsigned int ms,
						   void (*due)(void *), void *arg);

/* Calls due(arg) once, when `ms` milliseconds, at least 1, are over. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int loop_after(struct loop *loop, unsigned int ms,
						   void (*due)(void *), void *arg);

/* Waits and calls, until loop_end(). */
void loop_run(struct loop *loop);

/* To be called from one of its calls: loop_run() returns after it. */
void loop_end(struct loop *loop);

/* For what else of src/sys waits: see the documentation of libevent. Valid as long as the loop. */
struct event_base *loop_base(struct loop *loop);

#endif
