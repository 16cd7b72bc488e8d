/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl support-bundle: everything another engineer needs, in one file and without keys. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle.h"
#include "sys/log.h"
#include "sys/printable.h"
#include "sys/version.h"
#include "sys/words.h"

#define FOLDER "glb-support/"

enum { REASON_LEN = 300 };

static const char words[] =
	"What glbctl support-bundle has put together. Left out on purpose: hash keys and seeds, "
	"whose\n"
	"values are masked in files and written over with x elsewhere; images and the last good "
	"tables,\n"
	"which hold them; core dumps; packets. Addresses and names are in it.\n";

void bundle_add(struct bundle *bundle, const char *name, char *text, size_t len)
{
	char whole[TAR_NAME_LEN];
	size_t masked = mask_scrub(&bundle->mask, text, len);

	(void)snprintf(whole, sizeof(whole), FOLDER "%s", name);
	tar_add(bundle->tar, whole, text, len);
	(void)fprintf(bundle->members, "%s\t%zu bytes", name, len);
	if (masked)
		(void)fprintf(bundle->members, ", in which %zu key%s masked", masked,
			      masked == 1 ? " was" : "s were");
	(void)fputc('\n', bundle->members);
	bundle->count++;
}

void bundle_lack(struct bundle *bundle, const char *name, const char *format, ...)
{
	char reason[REASON_LEN];
	char shown[2 * REASON_LEN];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	(void)fprintf(bundle->lacks, "%s\t%s\n", name, printable(shown, sizeof(shown), reason));
	bundle->lack_count++;
}

/* --- The file --- */

/* The default path: in the current directory. */
static void write_default(char *out, size_t room, time_t at)
{
	char host[64] = "host";
	char when[32] = "";
	struct tm parts;

	(void)gethostname(host, sizeof(host) - 1);
	host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")] =
		'\0';
	if (gmtime_r(&at, &parts))
		(void)strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &parts);
	(void)snprintf(out, room, "glb-support-%s-%s.tar.gz", host, when);
}

/* A text written through a FILE, to be released with free(); NULL if out of memory. */
struct stream {
	FILE *out;
	char *text;
	size_t len;
};

static bool stream_open(struct stream *stream)
{
	*stream = (struct stream){.text = NULL};
	stream->out = open_memstream(&stream->text, &stream->len);
	return stream->out;
}

/* False: out of memory. */
static bool stream_close(struct stream *stream)
{
	return stream->out && !fclose(stream->out);
}

/* Added last, as it lists the other members. */
static void add_manifest(struct bundle *bundle, const struct stream streams[2])
{
	char *text = NULL;
	char when[32] = "";
	time_t now = time(NULL);
	struct tm parts;
	int len;

	if (gmtime_r(&now, &parts))
		(void)strftime(when, sizeof(when), "%FT%TZ", &parts);
	len = asprintf(&text, "%s\nglbctl %s, at %s\n\nIn it:\n%s\nNot in it:\n%s", words,
		       version_number(), when, streams[0].text, streams[1].text);
	if (len < 0)
		return;
	tar_add(bundle->tar, FOLDER "MANIFEST", text, (size_t)len);
	free(text);
}

/* Converts lines "NAME<tab>TEXT" to objects. */
static void write_manifest(struct writer *w, const char *key, const char *value, const char *lines)
{
	write_open(w, key, '[');
	for (; *lines; lines += strcspn(lines, "\n"), lines += *lines == '\n') {
		char line[TAR_NAME_LEN + 2 * REASON_LEN];
		char *tab;

		(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(lines, "\n"), lines);
		tab = strchr(line, '\t');
		if (!tab)
			continue;
		*tab = '\0';
		write_open(w, NULL, '{');
		write_string(w, "name", line);
		write_string(w, value, tab + 1);
		write_close(w, '}');
	}
	write_close(w, ']');
}

static void print_bundle(const struct bundle *bundle, const char *path,
			 const struct stream streams[2])
{
	struct writer w = {.out = stdout};
	char shown[PRINTABLE_NAME_LEN];

	if (command_has(bundle->line, OPTION_JSON)) {
		write_open(&w, NULL, '{');
		write_string(&w, "file", path);
		write_manifest(&w, "members", "about", streams[0].text);
		write_manifest(&w, "left_out", "reason", streams[1].text);
		write_close(&w, '}');
		return;
	}
	printf("%s: %u file%s, without keys\n", printable(shown, sizeof(shown), path),
	       bundle->count, plural(bundle->count));
	if (bundle->lack_count)
		printf("not in it, as its MANIFEST says:\n%s", streams[1].text);
}

static void add_all(struct bundle *bundle)
{
	bundle_configuration(bundle);
	bundle_answers(bundle);
	bundle_metrics(bundle);
	bundle_doctor(bundle);
	bundle_log(bundle);
	bundle_host(bundle);
}

/* Returns 0, or -errno with no file left behind. */
static int write_bundle(struct bundle *bundle, const char *path, struct stream streams[2])
{
	bool whole = stream_open(&streams[0]) && stream_open(&streams[1]);

	bundle->members = streams[0].out;
	bundle->lacks = streams[1].out;
	if (whole)
		add_all(bundle);
	whole &= stream_close(&streams[0]);
	whole &= stream_close(&streams[1]);
	if (whole)
		add_manifest(bundle, streams);

	int err = tar_close(bundle->tar);

	if (!err && !whole) {
		(void)unlink(path);
		return -ENOMEM;
	}
	return err;
}

int online_bundle(const struct command_line *line)
{
	struct bundle bundle = {.line = line};
	struct stream streams[2] = {{.text = NULL}, {.text = NULL}};
	const char *path = line->values[OPTION_WRITE];
	const time_t now = time(NULL);
	char name[128];
	int err;

	if (command_has(line, OPTION_SOCKET) &&
	    (command_has(line, OPTION_CONFIG) || command_has(line, OPTION_TABLES))) {
		log_error("--socket asks a director, --config and --tables do without one");
		return EXIT_USAGE;
	}
	write_default(name, sizeof(name), now);
	path = path ? path : name;
	err = tar_open(&bundle.tar, path, now);
	if (!err)
		err = write_bundle(&bundle, path, streams);
	if (err)
		log_error("%s: %s", path,
			  err == -EEXIST ? "is there already, and is left as it is"
					 : strerror(-err));
	else
		print_bundle(&bundle, path, streams);
	mask_free(&bundle.mask);
	free(streams[0].text);
	free(streams[1].text);
	return err ? EXIT_FAILED : EXIT_OK;
}
