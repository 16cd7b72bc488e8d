/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does text reach a reader that may not read?
 *
 * A file descriptor that somebody else gave us, such as standard error, may block for as long as a
 * pipe is full or a terminal is stopped, and O_NONBLOCK would change it for all who share it. So a
 * thread of its own writes, and the others leave text in a buffer. What the buffer has no room for
 * is lost, counted, and mentioned in its place; so is what cannot be written, such as with a full
 * disk: the next line that can be is behind one that says how many were lost, and why.
 */
#ifndef SYS_OUTLET_H
#define SYS_OUTLET_H

#include <stddef.h>

struct outlet;

/*
 * Starts to write to fd what outlet_put() is given; `room` bytes may be on their way. 0 and *out,
 * to be closed with outlet_close(); or -errno. A signal must not be delivered to the thread that
 * is started: the caller has blocked those that matter.
 */
__attribute__((warn_unused_result)) int outlet_open(struct outlet **out, int fd, size_t room);

/* Keeps its thread to the processors that the calling thread may use. */
void outlet_stay_here(struct outlet *outlet);

/*
 * Whole lines, each with its newline: they arrive together or, without room, not at all. Lines are
 * written in the order in which they came, several at once up to PIPE_BUF bytes, so that those of
 * several processes do not mix. Never waits for the reader. For any thread.
 */
void outlet_put(struct outlet *outlet, const char *lines, size_t len);

/*
 * The same of a text that may be larger than the room: more is taken, and kept, unless more than
 * the first room is on its way already or there is no memory.
 */
void outlet_put_large(struct outlet *outlet, const char *lines, size_t len);

/*
 * Waits until everything that was put is written, at most timeout_ms: 0 or -ETIMEDOUT. The outlet
 * goes on, for threads that may still put something.
 */
int outlet_flush(struct outlet *outlet, unsigned int timeout_ms);

/*
 * Waits until everything is written, at most timeout_ms, and ends. 0, or -ETIMEDOUT: then the
 * thread still waits for the reader, and the memory stays with it until the process ends.
 */
int outlet_close(struct outlet *outlet, unsigned int timeout_ms);

#endif
