/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which instruction sets are there, and are those refused that are not? That all come to the same
 * results is the question of test_forward_random.c.
 */
#include <errno.h>
#include <string.h>

#include <glb/forward.h>

#include "core/forward/forward_isa.h"
#include "fixture.h"
#include "suite.h"
#include "trial.h"

enum { HEADROOM = 128 };

START_TEST(a_set_that_is_not_there_is_refused_by_name)
{
	struct glb_settings settings = fixture_settings;
	enum glb_isa best = glb_isa_here(GLB_ISA_BEST);

	ck_assert_str_eq(glb_isa_name(GLB_ISA_BEST), "best");
	ck_assert_int_eq(glb_isa_here(GLB_ISA_GENERIC), GLB_ISA_GENERIC);
	ck_assert_int_eq(glb_isa_here(best), best);
	for (settings.isa = 0; settings.isa <= GLB_ISA_COUNT; settings.isa++) {
		struct glb_tables tables = fixture_tables();
		struct glb_generation *gen = NULL;
		struct glb_diag diag = {{0}};
		enum glb_isa isa = (enum glb_isa)settings.isa;
		char want[128] = "";
		int err = glb_generation_make(&gen, 1, &settings, &tables, &diag);

		if (glb_isa_here(isa) == GLB_ISA_COUNT)
			(void)snprintf(want, sizeof(want),
				       "this processor lacks %s, the best it has is %s",
				       glb_isa_name(isa), glb_isa_name(best));
		ck_assert_str_eq(diag.text, want);
		ck_assert_int_eq(err, *want ? -ENOTSUP : 0);
		glb_generation_free(gen);
		glb_tables_free(&tables);
	}
}
END_TEST

START_TEST(tables_are_refused_likewise)
{
	const struct glb_building how = {.isa = GLB_ISA_COUNT};
	struct glb_diag diag = {{0}};
	struct glb_tables tables;

	ck_assert_int_eq(glb_tables_build_how(&tables, &fixture_spec, &how, &diag), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(diag.text, "this processor lacks"));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("isa");
	TCase *isa = tcase_create("isa");

	tcase_add_unchecked_fixture(isa, fixture_share_wide, NULL);
	tcase_add_test(isa, a_set_that_is_not_there_is_refused_by_name);
	tcase_add_test(isa, tables_are_refused_likewise);
	suite_add_tcase(suite, isa);
	return suite;
}
