/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which privileges does the checker retain once everything that requires them is set up?
 */
#ifndef HEALTHCHECK_PRIVILEGES_H
#define HEALTHCHECK_PRIVILEGES_H

/*
 * Drops all capabilities permanently, including those that programs started from now on would gain.
 * To be called while the process has a single thread. From then on the user's own permissions apply
 * to files. Returns 0 or -errno.
 */
__attribute__((warn_unused_result)) int privileges_drop(void);

/* Raises the soft limit on open files to the hard limit and returns it. */
unsigned int descriptors_max(void);

#endif
