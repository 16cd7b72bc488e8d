/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is text written to a reader that may not be reading?
 *
 * A file descriptor inherited from elsewhere, such as standard error, blocks while its pipe is full
 * or its terminal is stopped, and O_NONBLOCK would affect all that share it. So a thread writes,
 * and the others append to a buffer. Lines that do not fit into the buffer are dropped and counted,
 * and a line in their place reports it. Lines that cannot be written, for example to a full disk,
 * are dropped as well; the next line that can be written is preceded by one that says how many were
 * lost, and why.
 */
#ifndef SYS_OUTLET_H
#define SYS_OUTLET_H

#include <stddef.h>

struct outlet;

/*
 * Starts to write to fd what is passed to outlet_put(), buffering up to `room` bytes. The caller
 * must have blocked the signals that it handles, so that none is delivered to the new thread.
 * Returns 0 and sets *out, to be released with outlet_close(); or -errno.
 */
__attribute__((warn_unused_result)) int outlet_open(struct outlet **out, int fd, size_t room);

/* Binds its thread to the processors that the calling thread may use. */
void outlet_stay_here(struct outlet *outlet);

/*
 * Appends whole lines, each with its newline: all of them or, if they do not fit, none. Lines are
 * written in order, up to PIPE_BUF bytes at a time so that output of several processes does not
 * interleave within lines. Never blocks on the reader. Callable from any thread.
 */
void outlet_put(struct outlet *outlet, const char *lines, size_t len);

/*
 * As outlet_put(), for text that may be larger than `room`: the buffer grows, permanently, unless
 * more than its original size is pending already or there is no memory.
 */
void outlet_put_large(struct outlet *outlet, const char *lines, size_t len);

/*
 * Waits at most timeout_ms until everything is written: 0 or -ETIMEDOUT. The outlet remains usable.
 */
int outlet_flush(struct outlet *outlet, unsigned int timeout_ms);

/*
 * Waits at most timeout_ms until everything is written, then ends the thread and releases the
 * outlet. Returns 0; or -ETIMEDOUT, and the thread and the memory stay until the process ends.
 */
int outlet_close(struct outlet *outlet, unsigned int timeout_ms);

#endif
