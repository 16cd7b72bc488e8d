/* SPDX-License-Identifier: BSD-3-Clause */
/* Are workers, devices and hugepages on the same NUMA node? */
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define NODE_FOLDER "/sys/devices/system/node"

enum { NUMA_NODES_MAX = 64, NO_NODE = -1 };

struct numa_nodes {
	const struct doctor *doctor;
	struct cpu_set cpus[NUMA_NODES_MAX];
	unsigned int count; /* nodes that have processors */
};

static void note_node(void *arg, const char *name)
{
	struct numa_nodes *nodes = arg;
	char path[HOST_PATH_LEN];
	unsigned long node;
	char *end;

	if (strncmp(name, "node", 4) != 0)
		return;
	node = strtoul(name + 4, &end, 10);
	if (end == name + 4 || *end || node >= NUMA_NODES_MAX)
		return;
	host_path(path, NODE_FOLDER "/%s/cpulist", name);
	if (!host_cpus(&nodes->cpus[node], nodes->doctor->root, path))
		nodes->count += cpu_set_count(&nodes->cpus[node]) > 0;
}

/* The NUMA node of a device; NO_NODE: none, or unknown. */
static int64_t node_of(char where[HOST_PATH_LEN], const struct doctor *doctor,
		       const struct subject_port *port)
{
	int64_t node;

	if (host_is_name(port->name) &&
	    !host_number(&node, doctor->root,
			 host_path(where, "/sys/bus/pci/devices/%s/numa_node", port->name)))
		return node;
	if (host_is_name(port->interface) &&
	    !host_number(&node, doctor->root,
			 host_path(where, "/sys/class/net/%s/device/numa_node", port->interface)))
		return node;
	return NO_NODE;
}

static void check_port(struct doctor *doctor, const struct numa_nodes *nodes,
		       const struct subject_port *port)
{
	struct finding finding = {
		.check = "memory.port_node",
		.why = "each packet crosses from one NUMA node to the other, which costs a third "
		       "of the "
		       "rate or more",
	};
	int64_t node = node_of(finding.where, doctor, port);
	struct cpu_set far;
	char list[CPU_LIST_LEN];

	if (node < 0 || node >= NUMA_NODES_MAX)
		return;
	far = cpu_set_less(&doctor->subject.worker_cpus, &nodes->cpus[node]);
	if (cpu_set_count(&far)) {
		finding.level = LEVEL_ADVICE;
		finding_text(
			finding.seen,
			"port %.64s is at node %d, and processors of workers are elsewhere: %s",
			port->name, (int)node, cpu_set_text(list, &far));
		finding_text(finding.fix, "choose lcores among %s: EAL option -l",
			     cpu_set_text(list, &nodes->cpus[node]));
	} else {
		finding_text(finding.seen, "port %.64s and all workers are at node %d", port->name,
			     (int)node);
	}
	doctor_add(doctor, &finding);
}

/* Hugepages of all sizes on a node. */
struct pages {
	const struct doctor *doctor;
	const char *folder;
	int64_t count;
};

static void add_pages(void *arg, const char *name)
{
	struct pages *pages = arg;
	char path[HOST_PATH_LEN];
	int64_t count;

	host_path(path, "%s/%s/nr_hugepages", pages->folder, name);
	if (!host_number(&count, pages->doctor->root, path) && count > 0)
		pages->count = 1;
}

/* Reports a node with workers but without hugepages. */
static void check_pages(struct doctor *doctor, const struct numa_nodes *nodes, unsigned int node)
{
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = "memory.node_hugepages",
		.why = "buffers of packets would be at another node than the workers, or nowhere",
	};
	struct cpu_set here = cpu_set_both(&doctor->subject.worker_cpus, &nodes->cpus[node]);
	struct pages pages = {.doctor = doctor, .folder = finding.where};

	if (!cpu_set_count(&here))
		return;
	host_path(finding.where, NODE_FOLDER "/node%u/hugepages", node);
	if (host_entries(doctor->root, finding.where, add_pages, &pages) || pages.count)
		return;
	finding_text(finding.seen, "node %u has workers and no hugepages", node);
	finding_text(finding.fix,
		     "echo N >" NODE_FOLDER
		     "/node%u/hugepages/hugepages-2048kB/nr_hugepages, and see that the "
		     "boot does so",
		     node);
	doctor_add(doctor, &finding);
}

void doctor_numa(struct doctor *doctor)
{
	const struct subject *subject = &doctor->subject;
	struct numa_nodes nodes = {.doctor = doctor};

	if (!subject->worker_count)
		return;
	if (host_entries(doctor->root, NODE_FOLDER, note_node, &nodes)) {
		doctor_skip(doctor, "memory.node", NODE_FOLDER " cannot be read");
		return;
	}
	if (nodes.count < 2)
		return; /* no alternative */
	for (unsigned int i = 0; i < subject->port_count; i++)
		check_port(doctor, &nodes, &subject->ports[i]);
	if (subject->knows_hugepages && !subject->has_hugepages)
		return;
	for (unsigned int node = 0; node < NUMA_NODES_MAX; node++)
		check_pages(doctor, &nodes, node);
}
