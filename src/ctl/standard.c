/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "standard.h"
#include "sys/file.h"
#include "sys/log.h"

bool is_standard(const char *path)
{
	return !strcmp(path, "-");
}

bool reads_once(const char *one, const char *other)
{
	if (!is_standard(one) || !is_standard(other))
		return true;
	log_error("-: %s", file_reason(-EALREADY));
	return false;
}

int put_bytes(const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, stdout) == len ? EXIT_OK : EXIT_FAILED;
}
