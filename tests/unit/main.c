/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "suite.h"

int main(void)
{
	/* for tests that hang; Check's own 4 seconds a busy machine can use up */
	(void)setenv("CK_DEFAULT_TIMEOUT", "600", 0);

	SRunner *runner = srunner_create(unit_suite());

	srunner_run_all(runner, CK_ENV);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
