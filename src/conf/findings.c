/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/findings.h"
#include "conf/addr.h"

/* The chain of values that leads to what a finding is about. */
struct found_place {
	struct conf_value list;
	struct conf_value entry;
	struct conf_value value;
};

/* Also of a value that is missing: then the report names what lacks it. */
static const struct conf_value *place_of_finding(struct found_place *out,
						 const struct findings *findings,
						 const struct glb_finding *finding)
{
	const char *member = glb_finding_member(finding->kind);
	enum glb_finding_place place = glb_finding_place(finding->kind);

	if (place == GLB_PLACE_TABLES)
		return findings->tables;
	if (place == GLB_PLACE_TABLE) {
		(void)conf_find(&out->value, findings->table, member);
		return &out->value;
	}
	(void)conf_find(&out->list, findings->table,
			place == GLB_PLACE_BIND ? "binds" : "backends");
	out->entry = conf_element(&out->list, finding->index);
	if (!*member)
		return &out->entry;
	(void)conf_find(&out->value, &out->entry, member);
	return &out->value;
}

/* Does it come of a value that could not be read? */
static bool is_reported(const struct findings *findings, const struct glb_finding *finding,
			const struct conf_value *value)
{
	switch (finding->kind) {
	case GLB_FOUND_BIND_FAMILY:
	case GLB_FOUND_BIND_PROTO:
	case GLB_FOUND_FAMILY:
		return true;
	case GLB_FOUND_MAX_LOAD_HOPS:
	case GLB_FOUND_ZONE_HOPS:
		return !findings->spec->hops;
	case GLB_FOUND_ZONE_MISSING:
		return value->json;
	default:
		return false;
	}
}

static void report_finding(void *arg, const struct glb_finding *finding)
{
	const struct findings *findings = arg;
	char text[ADDR_TEXT_LEN];
	struct glb_diag reason;
	struct found_place place;
	const struct conf_value *value = place_of_finding(&place, findings, finding);

	if (is_reported(findings, finding, value))
		return;
	if (finding->kind == GLB_FOUND_SAME_ADDRESS)
		glb_diag(&reason, "duplicate backend %s, first listed as backends[%u]",
			 addr_text(text, &findings->spec->backends[finding->index].addr),
			 finding->value);
	else
		glb_finding_reason(&reason, finding);
	if (finding->kind == GLB_FOUND_MIXED && !value->file->report->serving)
		conf_warn(value, "%s", reason.text);
	else
		(void)conf_refuse(value, "%s", reason.text);
}

struct glb_check findings_check(struct findings *findings)
{
	return (struct glb_check){report_finding, findings, 0};
}
