/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/splice.h"

void splice_write(FILE *out, const char *text, size_t *at, const struct splice *splice)
{
	(void)fwrite(text + *at, 1, splice->from - *at, out);
	(void)fputs(splice->by, out);
	*at = splice->to;
}

void splice_member(FILE *out, const char *space, int space_len, const char *key, const char *value)
{
	bool lines = memchr(space, '\n', (size_t)space_len);

	(void)fprintf(out, ",%.*s\"%s\": %s", lines ? space_len : 1, lines ? space : " ", key,
		      value);
}
