/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "director/trace/filter.h"

/* Opcodes that libpcap's bpf_filter() implements. Its validator accepts others, on which
 * bpf_filter() calls abort(). */
static const uint16_t known_codes[] = {
	BPF_RET | BPF_K,
	BPF_RET | BPF_A,
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_H | BPF_ABS,
	BPF_LD | BPF_B | BPF_ABS,
	BPF_LD | BPF_W | BPF_IND,
	BPF_LD | BPF_H | BPF_IND,
	BPF_LD | BPF_B | BPF_IND,
	BPF_LD | BPF_W | BPF_LEN,
	BPF_LD | BPF_IMM,
	BPF_LD | BPF_MEM,
	BPF_LDX | BPF_MSH | BPF_B,
	BPF_LDX | BPF_W | BPF_LEN,
	BPF_LDX | BPF_IMM,
	BPF_LDX | BPF_MEM,
	BPF_ST,
	BPF_STX,
	BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ | BPF_K,
	BPF_JMP | BPF_JEQ | BPF_X,
	BPF_JMP | BPF_JGT | BPF_K,
	BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE | BPF_K,
	BPF_JMP | BPF_JGE | BPF_X,
	BPF_JMP | BPF_JSET | BPF_K,
	BPF_JMP | BPF_JSET | BPF_X,
	BPF_ALU | BPF_ADD | BPF_K,
	BPF_ALU | BPF_ADD | BPF_X,
	BPF_ALU | BPF_SUB | BPF_K,
	BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL | BPF_K,
	BPF_ALU | BPF_MUL | BPF_X,
	BPF_ALU | BPF_DIV | BPF_K,
	BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_MOD | BPF_K,
	BPF_ALU | BPF_MOD | BPF_X,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_OR | BPF_K,
	BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_K,
	BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH | BPF_K,
	BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_RSH | BPF_X,
	BPF_ALU | BPF_NEG,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA,
};

static bool trace_filter_is_known(const struct bpf_insn *one)
{
	size_t i = 0;

	while (i < sizeof(known_codes) / sizeof(*known_codes) && known_codes[i] != one->code)
		i++;
	return i < sizeof(known_codes) / sizeof(*known_codes);
}

/* Shifts by 32 bits or more are undefined behaviour in C. */
static bool shifts_too_far(const struct bpf_insn *one)
{
	return (one->code == (BPF_ALU | BPF_LSH | BPF_K) ||
		one->code == (BPF_ALU | BPF_RSH | BPF_K)) &&
	       one->k > 31;
}

/*
 * libpcap implements backward jumps, for "ip6 protochain", and its validator accepts them: the
 * offset of BPF_JA has 32 bits and wraps around. Such a program might never end.
 */
static bool jumps_back(const struct bpf_insn *one, uint32_t len)
{
	return one->code == (BPF_JMP | BPF_JA) && one->k >= len;
}

int trace_filter_check(const struct trace_filter *filter, struct glb_diag *diag)
{
	if (filter->len > TRACE_PROGRAM_MAX) {
		glb_diag(diag, "has %u instructions; %d is the most", filter->len,
			 TRACE_PROGRAM_MAX);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < filter->len; i++) {
		const struct bpf_insn *one = &filter->program[i];
		const char *why = !trace_filter_is_known(one) ? "is none of the BSD Packet Filter"
				  : shifts_too_far(one)	      ? "shifts by more than 31 bits"
				  : jumps_back(one, filter->len)
					  ? "jumps backwards, so that it might not end"
					  : NULL;

		if (!why)
			continue;
		glb_diag(diag, "instruction %u %s", i, why);
		return -EINVAL;
	}
	if (filter->len && !bpf_validate(filter->program, (int)filter->len)) {
		glb_diag(diag, "is not a program that can run");
		return -EINVAL;
	}
	return 0;
}

bool trace_filter_want(struct trace_filter *filter, const char *word)
{
	static const char *const kinds[] = {"answer", "punt", "drop"};
	const size_t len = strlen(word);
	uint64_t found = 0;
	bool is_kind = false;

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		is_kind |= !strcmp(word, kinds[i]);
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++) {
		const char *label = glb_verdict_label(v);

		if (!strcmp(label, word) ||
		    (is_kind && !strncmp(label, word, len) && label[len] == '_'))
			found |= (uint64_t)1 << v;
	}
	filter->verdicts |= found;
	return found;
}
