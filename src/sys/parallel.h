/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is work that consists of many parts spread over processors?
 *
 * Over those that the calling thread may run on, so that a pinned caller, like the director's
 * control thread, takes no time from the others.
 */
#ifndef SYS_PARALLEL_H
#define SYS_PARALLEL_H

enum { PARALLEL_MAX = 8 }; /* threads, including the caller's */

/*
 * Runs task(arg, part) once for every part below part_count and returns when all are done. The
 * calling thread takes part, and does all of it if no other thread can be started. A glb_run_fn.
 */
void parallel_run(void (*task)(void *arg, unsigned int part), void *arg, unsigned int part_count);

#endif
