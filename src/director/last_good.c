/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <glb/image.h>
#include <glb/siphash.h>

#include "conf/room.h"
#include "director/last_good.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/replace.h"
#include "sys/service.h"

enum { VERSION = 3 };

bool last_good_path(char out[PATH_MAX], const struct director_conf *conf)
{
	return conf->keeps_state && service_state_file(out, conf->state_directory, LAST_GOOD_NAME);
}

/* --- The thread --- */

/* Never 0. */
static uint64_t last_good_hash_of(const uint8_t *image, size_t len)
{
	static const uint8_t key[GLB_SIPHASH_KEY_LEN];
	uint64_t hash = glb_siphash(key, image, len);

	return hash ? hash : 1;
}

/* Returns 0, also if the file is identical already; or -errno. */
static int put_image(struct last_good *last, const uint8_t *image, size_t len)
{
	const struct file_draft draft = {.bytes = image, .len = len, .secret = true};
	uint64_t hash = last_good_hash_of(image, len);
	int err;

	if (hash == last->kept && !access(last->path, F_OK))
		return 0;
	err = file_replace(last->path, &draft);
	last->kept = err ? 0 : hash;
	return err;
}

static void last_good_store(struct last_good *last)
{
	const struct glb_tables *tables = &last->gen->tables;
	size_t len = glb_image_len_in(tables, VERSION);
	struct glb_diag why = {{0}};
	int err = room_check(len, &why);
	uint8_t *image = err ? NULL : malloc(len);

	if (image) {
		glb_image_write_in(image, tables, VERSION);
		err = put_image(last, image, len);
		explicit_bzero(image, len); /* it holds keys */
		glb_diag(&why, "%s", file_reason(err));
	} else if (!err) {
		err = -ENOMEM;
		glb_diag(&why, "out of memory");
	}
	free(image);
	if (err)
		log_warning("%s: the served tables are not saved for a start without "
			    "their file: %s",
			    last->path, why.text);
}

static void *last_good_run(void *arg)
{
	struct last_good *last = arg;

	last_good_store(last);
	__atomic_store_n(&last->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

/* --- The control thread --- */

static bool has_ended(const struct last_good *last)
{
	return __atomic_load_n(&last->ended, __ATOMIC_ACQUIRE);
}

static void drop(struct glb_generation **gen)
{
	if (*gen)
		glb_generation_free(*gen);
	*gen = NULL;
}

static void last_good_join(struct last_good *last)
{
	(void)pthread_join(last->thread, NULL);
	drop(&last->gen);
}

/* If no thread can be started, the next turn tries again. */
static void last_good_start(struct last_good *last)
{
	last->gen = last->next;
	last->next = NULL;
	memcpy(last->path, last->next_path, sizeof(last->path));
	last->ended = false;
	if (!pthread_create(&last->thread, NULL, last_good_run, last))
		return;
	last->next = last->gen;
	last->gen = NULL;
}

static void go_on(struct last_good *last, bool at_once)
{
	uint64_t now_ms = clock_ms();

	if (last->gen && has_ended(last))
		last_good_join(last);
	if (!last->next || last->gen || (now_ms < last->due_at_ms && !at_once))
		return;
	last->due_at_ms = now_ms + LAST_GOOD_PAUSE_MS;
	last_good_start(last);
}

void last_good_poll(struct last_good *last)
{
	go_on(last, false);
}

void last_good_keep(struct last_good *last, const struct glb_generation *gen,
		    const struct director_conf *conf)
{
	drop(&last->next);
	if (!last_good_path(last->next_path, conf))
		return;
	/* the successor shares the tables and keeps them alive until they are written */
	if (glb_generation_with_ports(&last->next, gen, gen->settings.ports)) {
		log_warning("%s: out of memory", last->next_path);
		return;
	}
	last_good_poll(last);
}

bool last_good_close(struct last_good *last, unsigned int timeout_ms)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	go_on(last, true);
	while (last->gen) {
		if (!has_ended(last) && !timeout_ms--)
			return false;
		if (!has_ended(last))
			(void)nanosleep(&ms, NULL);
		go_on(last, true);
	}
	drop(&last->next);
	return true;
}
