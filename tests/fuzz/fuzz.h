/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is a fuzzer here?
 *
 * One function per file, fuzz_<module>.c, that takes any bytes and stops the process when something
 * is not as promised. libFuzzer calls it with what it thinks of (-Dfuzz=true), replay.c with the
 * files of corpus/<module>/, as an ordinary test.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

/* Stops the process unless a promise holds. */
#define PROMISE(holds)                                                                             \
	do {                                                                                       \
		if (holds)                                                                         \
			break;                                                                     \
		(void)fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #holds);          \
		abort();                                                                           \
	} while (0)

#endif
