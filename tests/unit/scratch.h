/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where does a test put a file?
 *
 * Into a directory of its own, whose one file most tests are about. Made and removed as a fixture.
 */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include <stddef.h>

extern char scratch_dir[];
extern char scratch_file[64]; /* its path, whether it exists or not */

/* Fails the test if anything but that file is left in the directory. */
void scratch_make(void);
void scratch_remove(void);

/* Writes the file anew, without the code under test. */
void scratch_write(const char *content);

/* Fails the test unless file_read() gives these bytes of the file. */
void scratch_check(const void *bytes, size_t len);

/* How many files there are in the directory. */
unsigned int scratch_entries(void);

#endif
