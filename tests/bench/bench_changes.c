/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does a change take, until workers could have it?
 *
 *   bench-changes [--rounds N] [--json FILE] [--only TEXT]      TEXT is part of a subject
 *
 * What the director's control thread does between reading a file and swapping the pointer: tables
 * are built, the ones in force being known, and a generation is made of them. The rows must be
 * those of a build from nothing, or the exit status is 1. Freeing what was is not in it.
 */
#include <errno.h>
#include <string.h>

#include <glb/generation.h>
#include <glb/hash.h>
#include <glb/image.h>

#include "options.h"
#include "report.h"
#include "table_fleet.h"

static const struct glb_settings settings = {
	.src_addr = {{10, 0, 0, 1}, 4},
	.src_addr6 = {{0xfd, [15] = 1}, 6},
	.hash_fields = GLB_HASH_SRC_ADDR,
};

struct bench {
	struct report report;
	struct options options;
	struct table_fleet old;
	struct table_fleet new;
};

static void flip_health(struct table_fleet *fleet)
{
	fleet->backends[5].healthy = false;
}

static void drain(struct table_fleet *fleet)
{
	fleet->backends[5].state = GLB_DRAINING;
}

static void add_one(struct table_fleet *fleet)
{
	fleet->spec.backend_count++;
}

static void remove_one(struct table_fleet *fleet)
{
	fleet->spec.backends++;
	fleet->spec.backend_count--;
}

static const struct {
	const char *name;
	void (*change)(struct table_fleet *fleet);
} changes[] = {
	{"health flip", flip_health},
	{"drain", drain},
	{"add one", add_one},
	{"remove one", remove_one},
};
enum { CHANGES = sizeof(changes) / sizeof(*changes) };

static int build(struct glb_tables *out, const struct table_fleet *fleet,
		 const struct glb_tables *known)
{
	struct glb_table_spec spec = fleet->spec;

	return glb_tables_build(out, &(struct glb_spec){&spec, 1}, known, NULL);
}

/* Makes a generation of the tables, which it takes in any case, and releases it. */
static int publish(struct samples *samples, struct glb_tables *tables, double start)
{
	struct glb_generation *gen = NULL;
	int err = glb_generation_make(&gen, 1, &settings, tables, NULL);

	samples_add(samples, bench_now_ms() - start);
	glb_generation_free(gen);
	glb_tables_free(tables);
	return err;
}

static int check_rows(const struct glb_tables *tables, const struct table_fleet *fleet)
{
	struct glb_tables fresh;
	int err = build(&fresh, fleet, NULL);

	if (err)
		return err;
	if (memcmp(tables->tables[0]->rows, fresh.tables[0]->rows, GLB_ROWS_LEN))
		err = -EINVAL;
	glb_tables_free(&fresh);
	return err;
}

/* One change of the old fleet. */
static int change_once(struct bench *bench, struct samples *samples, unsigned int change,
		       const struct glb_tables *known)
{
	struct glb_tables tables;
	double start;
	int err;

	table_fleet_copy(&bench->new, &bench->old);
	changes[change].change(&bench->new);
	start = bench_now_ms();
	err = build(&tables, &bench->new, known);
	if (err)
		return err;
	if (!samples->count) {
		err = check_rows(&tables, &bench->new);
		if (err) {
			fprintf(stderr, "%s: not the rows of a full build\n", changes[change].name);
			glb_tables_free(&tables);
			return err;
		}
		start = bench_now_ms();
		glb_tables_free(&tables);
		err = build(&tables, &bench->new, known);
	}
	return err ? err : publish(samples, &tables, start);
}

static bool is_wanted(const struct bench *bench, const char *subject)
{
	return strstr(subject, bench->options.only);
}

static int bench_changes(struct bench *bench, const char *subject)
{
	static struct samples samples[CHANGES];
	struct glb_tables known;
	int err;

	if (!is_wanted(bench, subject))
		return 0;
	err = build(&known, &bench->old, NULL);
	if (err)
		return err;
	memset(samples, 0, sizeof(samples));
	for (unsigned int round = 0; round < bench->options.rounds && !err; round++)
		for (unsigned int c = 0; c < CHANGES && !err; c++)
			err = change_once(bench, &samples[c], c, &known);
	glb_tables_free(&known);
	for (unsigned int c = 0; c < CHANGES && !err; c++)
		report_row(&bench->report, subject, changes[c].name, &samples[c], NULL);
	return err;
}

static int bench_all_changes(struct bench *bench)
{
	static const unsigned int sizes[] = {10, 100, 256, 1000, 4096};
	char subject[48];
	int err = 0;

	report_section(&bench->report, "a change, to the generation", "ms", "");
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes) && !err; i++) {
		(void)snprintf(subject, sizeof(subject), "%u backends", sizes[i]);
		table_fleet_init(&bench->old, sizes[i]);
		err = bench_changes(bench, subject);
	}
	for (unsigned int o = 1; o < TABLE_OPTIONS && !err; o++) {
		(void)snprintf(subject, sizeof(subject), "256 backends, %s", table_options[o].name);
		table_fleet_init(&bench->old, 256);
		table_options[o].set(&bench->old);
		err = bench_changes(bench, subject);
	}
	return err;
}

/* Reads the image of a table. */
static int bench_image(struct bench *bench, const struct glb_tables *tables, const char *subject)
{
	static struct samples samples;
	size_t len = glb_image_len(tables);
	uint8_t *image = malloc(len);
	char version[16];
	int err = image ? 0 : -ENOMEM;

	memset(&samples, 0, sizeof(samples));
	if (image)
		glb_image_write(image, tables);
	for (unsigned int round = 0; round < bench->options.rounds && !err; round++) {
		struct glb_tables read;
		double start = bench_now_ms();

		err = glb_image_read(&read, image, len, NULL);
		if (!err)
			err = publish(&samples, &read, start);
	}
	free(image);
	(void)snprintf(version, sizeof(version), "version %u", glb_image_version(tables));
	if (!err)
		report_row(&bench->report, subject, version, &samples, NULL);
	return err;
}

static int bench_images(struct bench *bench)
{
	static const struct {
		unsigned int backends;
		uint8_t hops;
	} images[] = {{256, 0}, {256, 3}, {1000, 0}, {4096, 4}};
	int err = 0;

	report_section(&bench->report, "an image, to the generation", "ms", "");
	for (unsigned int i = 0; i < sizeof(images) / sizeof(*images) && !err; i++) {
		struct glb_tables tables;
		char subject[48];

		(void)snprintf(subject, sizeof(subject), "%u backends, %u hops", images[i].backends,
			       images[i].hops ? images[i].hops : 2U);
		if (!is_wanted(bench, subject))
			continue;
		table_fleet_init(&bench->old, images[i].backends);
		bench->old.spec.hops = images[i].hops;
		err = build(&tables, &bench->old, NULL);
		if (err)
			return err;
		err = bench_image(bench, &tables, subject);
		glb_tables_free(&tables);
	}
	return err;
}

int main(int argc, char **argv)
{
	static struct bench bench = {.options = {.only = "", .rounds = 101, .repeats = 1}};
	int err;

	if (!options_read(&bench.options, argc, argv))
		return 2;
	err = report_open(&bench.report, bench.options.json);
	if (!err)
		err = bench_all_changes(&bench);
	if (!err)
		err = bench_images(&bench);
	if (!err)
		err = report_close(&bench.report);
	if (err)
		fprintf(stderr, "bench-changes: %s\n", strerror(-err));
	return err ? 1 : 0;
}
