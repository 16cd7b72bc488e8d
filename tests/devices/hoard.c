/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plug-in of the EAL (-d libhoard.so) that keeps packet buffers, as a faulty driver does.
 *
 * While there is a file at $GLB_HOARD it has all buffers that the pool "glb-mbufs" gives away; when
 * the file is gone it gives them back. The file must not be there before the pool is.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_mbuf.h>

enum { KEPT_MAX = 65536, PAUSE_US = 1000 };

static void *kept[KEPT_MAX];

static void *run(void *arg)
{
	const char *path = arg;
	unsigned int count = 0;

	for (;; (void)usleep(PAUSE_US)) {
		int wanted = !access(path, F_OK);
		struct rte_mempool *pool = wanted || count ? rte_mempool_lookup("glb-mbufs") : NULL;

		while (wanted && count < KEPT_MAX && !rte_mempool_get(pool, &kept[count]))
			count++;
		while (!wanted && count)
			rte_mempool_put(pool, kept[--count]);
	}
	return NULL;
}

__attribute__((constructor)) static void start(void)
{
	char *path = getenv("GLB_HOARD");
	pthread_t thread;

	if (path && !pthread_create(&thread, NULL, run, path))
		(void)pthread_detach(thread);
}
