/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is work in many parts spread over the processors?
 *
 * Over those the calling thread may run on, so that whoever is pinned to one processor, like the
 * director's control thread, takes nothing from the others.
 */
#ifndef SYS_PARALLEL_H
#define SYS_PARALLEL_H

enum { PARALLEL_MAX = 8 }; /* threads, the caller's among them */

/*
 * Runs task(arg, part) once for every part below part_count and returns when all are done. The
 * caller's thread takes its share, all of it where no other can be started. A glb_run_fn.
 */
void parallel_run(void (*task)(void *arg, unsigned int part), void *arg, unsigned int part_count);

#endif
