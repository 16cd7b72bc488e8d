/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may the checker still do once it has all that takes privileges?
 */
#ifndef HEALTHCHECK_PRIVILEGES_H
#define HEALTHCHECK_PRIVILEGES_H

/*
 * Gives up all capabilities for good, also those that a program would get that is started from now
 * on. To be called while the process has one thread. Files are then read and written as the user
 * may. 0 or -errno.
 */
__attribute__((warn_unused_result)) int privileges_drop(void);

/* Raises the soft limit of open files to the hard one, and returns it. */
unsigned int descriptors_max(void);

#endif
