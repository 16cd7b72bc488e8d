/* SPDX-License-Identifier: BSD-3-Clause */
#include "evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "redirect/host/addresses.h"
#include "redirect/host/netfilter.h"
#include "redirect/host/tracked_flows.h"
#include "redirect/host/vip_sockets.h"
#include "sys/writer.h"

/* What the kernel says, from which the evidence is put together. */
struct sources {
	struct redirect_vips vips;
	struct host_addresses host;
	struct vip_socket_list sockets;
};

/* Is it the address of a VIP, or one of the host's own? Own ones are on devices with ARP. */
static bool is_of_vip(const struct sources *from, const struct vip *address)
{
	const struct glb_addr wanted = redirect_vip_address(address);
	const struct host_address *own = host_addresses_find(&from->host, &wanted);

	for (uint32_t i = 0; i < from->vips.count; i++)
		if (!memcmp(&from->vips.list[i].vip, address, sizeof(*address)))
			return true;
	return !own || own->is_silent;
}

/* Lists what each source has, unordered; a VIP that several have is listed as often. */
static void list_evidence(struct evidence_list *out, const struct sources *from)
{
	for (uint32_t i = 0; i < from->vips.count; i++)
		out->list[out->count++] = (struct evidence){
			.vip = from->vips.list[i].vip,
			.needed_ago_ms = from->vips.list[i].needed_ago_ms,
			.unseen = from->vips.list[i].fates[GLB_REDIRECT_ACCEPTED_QUIC_SERVER_ID],
		};
	for (size_t i = 0; i < from->host.count; i++)
		if (from->host.list[i].is_silent)
			out->list[out->count++] = (struct evidence){
				.vip = redirect_vip_of(&from->host.list[i].address),
				.needed_ago_ms = REDIRECT_NEVER,
			};
	for (size_t i = 0; i < from->sockets.count; i++) {
		const struct vip_sockets *sockets = &from->sockets.list[i];

		if (is_of_vip(from, &sockets->vip))
			out->list[out->count++] = (struct evidence){
				.vip = sockets->vip,
				.needed_ago_ms = REDIRECT_NEVER,
				.tcp = sockets->tcp,
				.time_wait = sockets->time_wait,
				.udp = sockets->udp,
			};
	}
}

static int compare_evidence(const void *a, const void *b)
{
	return redirect_compare_vips(&((const struct evidence *)a)->vip,
				     &((const struct evidence *)b)->vip);
}

/* Sorts the list and leaves one entry for each VIP. */
static void merge_evidence(struct evidence_list *evidence)
{
	size_t kept = 0;

	qsort(evidence->list, evidence->count, sizeof(*evidence->list), compare_evidence);
	for (size_t i = 1; i < evidence->count; i++) {
		const struct evidence *one = &evidence->list[i];
		struct evidence *last = &evidence->list[kept];

		if (compare_evidence(last, one) != 0) {
			evidence->list[++kept] = *one;
			continue;
		}
		if (one->needed_ago_ms < last->needed_ago_ms)
			last->needed_ago_ms = one->needed_ago_ms;
		last->tcp += one->tcp;
		last->time_wait += one->time_wait;
		last->udp += one->udp;
		last->unseen += one->unseen;
	}
	evidence->count = evidence->count ? kept + 1 : 0;
}

/* --- Connection tracking --- */

/* The evidence of a VIP; NULL if the list, which is sorted, has none. */
static struct evidence *find_evidence(struct evidence_list *evidence, const struct vip *vip)
{
	const struct evidence wanted = {.vip = *vip};

	return bsearch(&wanted, evidence->list, evidence->count, sizeof(*evidence->list),
		       compare_evidence);
}

static void see_flow(void *found, const struct vip *to)
{
	struct evidence *one = find_evidence(found, to);

	if (one)
		one->tracked++;
}

/* May a connection be known by its entry alone? Listing entries takes long where there are many. */
static bool may_be_tracked(const struct redirect_vips *vips)
{
	struct netfilter_rules rules;

	for (uint32_t i = 0; i < vips->count; i++)
		if (vips->list[i].fates[GLB_REDIRECT_ACCEPTED_TRACKED])
			return true;
	netfilter_read_rules(&rules);
	return rules.translate;
}

/* Without the entries, packets that were known by them say that there have been such connections.
 */
static void hide_flows(struct evidence_list *evidence, const struct redirect_vips *vips)
{
	for (size_t i = 0; i < evidence->count; i++) {
		evidence->list[i].tracked = 0;
		evidence->list[i].hidden = true;
	}
	for (uint32_t i = 0; i < vips->count; i++) {
		struct evidence *one = find_evidence(evidence, &vips->list[i].vip);

		if (one)
			one->unseen += vips->list[i].fates[GLB_REDIRECT_ACCEPTED_TRACKED];
	}
}

static void add_flows(struct evidence_list *evidence, const struct sources *from)
{
	if (may_be_tracked(&from->vips) && !tracked_flows_read(&from->host, see_flow, evidence))
		hide_flows(evidence, &from->vips);
}

static int read_sources(struct sources *from, int ifindex)
{
	int error = redirect_read_vips(ifindex, &from->vips);

	if (!error)
		error = host_addresses_read(&from->host);
	return error ? error : vip_sockets_read(&from->sockets, &from->host);
}

int evidence_read(struct evidence_list *out, int ifindex)
{
	struct sources from = {0};
	struct evidence_list found = {0};
	int error = read_sources(&from, ifindex);

	if (!error) {
		size_t room = from.vips.count + from.host.count + from.sockets.count;

		found.watched_ms = from.vips.watched_ms;
		found.list = calloc(room + 1, sizeof(*found.list));
		error = found.list ? 0 : -ENOMEM;
	}
	if (!error) {
		list_evidence(&found, &from);
		merge_evidence(&found);
		add_flows(&found, &from);
		*out = found;
	}
	host_addresses_free(&from.host);
	vip_sockets_free(&from.sockets);
	return error;
}

void evidence_free(struct evidence_list *evidence)
{
	free(evidence->list);
	*evidence = (struct evidence_list){0};
}

bool evidence_is_drained(const struct evidence *one, uint64_t watched_ms, uint64_t quiet_ms)
{
	return !one->tcp && !one->udp && one->needed_ago_ms >= quiet_ms && watched_ms >= quiet_ms;
}

void evidence_write(struct writer *w, const struct evidence *one)
{
	char text[VIP_TEXT_LEN];

	write_string(w, "vip", redirect_vip_text(text, &one->vip));
	if (one->needed_ago_ms == REDIRECT_NEVER)
		write_string(w, "needed_seconds", NULL);
	else
		write_real(w, "needed_seconds", (double)one->needed_ago_ms / 1000);
	write_uint(w, "tcp", one->tcp);
	write_uint(w, "time_wait", one->time_wait);
	write_uint(w, "udp", one->udp);
	if (one->hidden)
		write_string(w, "tracked", NULL);
	else
		write_uint(w, "tracked", one->tracked);
	write_uint(w, "unseen", one->unseen);
}
