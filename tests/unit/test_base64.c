/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "sys/base64.h"
#include "sys/writer.h"

/* RFC 4648 section 10. */
static const struct {
	const char *bytes;
	const char *text;
} vectors[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
};

START_TEST(the_vectors_of_the_rfc)
{
	const char *bytes = vectors[_i].bytes;
	const size_t len = strlen(bytes);
	char text[16] = {0};
	uint8_t back[8];

	ck_assert_uint_eq(base64_encode(text, (const uint8_t *)bytes, len), BASE64_LEN(len));
	ck_assert_str_eq(text, vectors[_i].text);
	ck_assert_int_eq(base64_decode(back, len, text), (ssize_t)len);
	ck_assert_mem_eq(back, bytes, len);
	if (len)
		ck_assert_int_eq(base64_decode(back, len - 1, text), -1);
}
END_TEST

START_TEST(nothing_else_is_read)
{
	static const char *const texts[] = {"Z",	"Zg",	"Zg=",	   "Zm9vYg",
					    "Zh==",	"Zm9=", "Zg=a",	   "=g==",
					    "Zg==Zg==", "Zm9 ", "Zm\x80v", "===="};
	uint8_t out[16];

	ck_assert_int_eq(base64_decode(out, sizeof(out), texts[_i]), -1);
}
END_TEST

START_TEST(a_writer_puts_any_number_of_bytes_into_a_string)
{
	uint8_t bytes[2000];
	uint8_t back[2000];
	uint64_t random = 1;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)next_random(&random);
	for (size_t len = 0; len < sizeof(bytes); len += 1 + len / 3) {
		char *text = NULL;
		size_t text_len;
		struct writer w = {.out = open_memstream(&text, &text_len), .on_one_line = true};

		write_open(&w, NULL, '{');
		write_bytes(&w, "b", bytes, len);
		write_close(&w, '}');
		(void)fclose(w.out);
		ck_assert_str_eq(text + text_len - 3, "\"}\n");
		text[text_len - 3] = '\0';
		ck_assert_int_eq(strncmp(text, "{\"b\": \"", 7), 0);
		ck_assert_int_eq(base64_decode(back, sizeof(back), text + 7), (ssize_t)len);
		ck_assert_mem_eq(back, bytes, len);
		free(text);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("base64");
	TCase *tests = tcase_create("base64");

	tcase_add_loop_test(tests, the_vectors_of_the_rfc, 0, COUNT_OF(vectors));
	tcase_add_loop_test(tests, nothing_else_is_read, 0, 12);
	tcase_add_test(tests, a_writer_puts_any_number_of_bytes_into_a_string);
	suite_add_tcase(suite, tests);
	return suite;
}
