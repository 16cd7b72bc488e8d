/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/diff.h>

#include "plan_check.h"

int plan_check_hashes(const struct glb_table_spec *old, const struct glb_table_spec *new,
		      struct glb_diag *diag)
{
	if (!memcmp(old->seed, new->seed, sizeof(old->seed)) &&
	    !memcmp(old->hash_key, new->hash_key, sizeof(old->hash_key)))
		return 0;
	glb_diag(diag, "the seed or hash_key differs: every flow would be on another row");
	return -EPERM;
}

/* The first loss that no order of steps avoids. */
struct lasting {
	const struct glb_transition *change;
	bool found;
	struct glb_loss loss;
};

static void keep_lasting(void *arg, const struct glb_loss *loss)
{
	struct lasting *lasting = arg;
	const struct glb_backend *backend = &lasting->change->old->backends[loss->index];

	if (lasting->found)
		return;
	if (loss->kind == GLB_LOSS_SERVER_ID) {
		const struct glb_backend *wanted =
			glb_backend_find(lasting->change->new, &backend->addr);

		/* one that leaves, or gets another weight or zone, is drained before */
		if (plan_is_out(wanted) || !plan_same_options(backend, wanted))
			return;
	}
	lasting->found = true;
	lasting->loss = *loss;
}

int plan_check_lasting(const struct glb_table_spec *old, const struct glb_table_spec *new,
		       struct glb_diag *diag)
{
	const struct glb_transition change = {old, new, false};
	struct lasting lasting = {.change = &change};

	glb_losses(&change, keep_lasting, &lasting);
	if (!lasting.found)
		return 0;
	if (lasting.loss.kind == GLB_LOSS_BIND)
		glb_diag(diag, "binds[%u] goes, with all its flows", lasting.loss.index);
	else
		glb_diag(diag,
			 "server_id %u of backends[%u] goes, with the connections that name it",
			 old->backends[lasting.loss.index].server_id, lasting.loss.index);
	return -EPERM;
}
