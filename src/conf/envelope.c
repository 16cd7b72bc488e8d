/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/envelope.h"
#include "sys/words.h"

static int read_version(const struct conf_value *root)
{
	struct conf_value value;
	uint32_t version;
	int err = conf_member(&value, root, "glb");

	if (err)
		return err;
	err = conf_uint(&version, 1, UINT32_MAX, &value);
	if (!err && version != PROTOCOL_VERSION)
		err = conf_refuse(&value, "version %u of the protocol is not known, only %d",
				  version, PROTOCOL_VERSION);
	return err;
}

static int read_verb(unsigned int *out, const struct conf_value *root,
		     const struct envelope_verbs *verbs)
{
	struct nearest nearest;
	struct conf_value value;
	const char *word;
	int err = conf_member(&value, root, "verb");

	if (!err)
		err = conf_string(&word, &value);
	if (err)
		return err;
	nearest = nearest_start(word);
	for (unsigned int verb = 0; verb < verbs->count; verb++) {
		if (!strcmp(word, verbs->list[verb].word)) {
			*out = verb;
			return 0;
		}
		nearest_try(&nearest, verbs->list[verb].word, verbs->list[verb].word);
	}
	if (nearest.found)
		return conf_refuse(&value, "unknown verb \"%s\"; did you mean \"%s\"?", word,
				   nearest.found);
	return conf_refuse(&value, "unknown verb \"%s\"", word);
}

static int check_keys(const struct conf_value *root, const struct envelope_verb *verb)
{
	const char *known[ENVELOPE_KEYS_MAX + 3] = {"glb", "verb"};

	for (unsigned int i = 0; i < ENVELOPE_KEYS_MAX && verb->keys[i]; i++)
		known[i + 2] = verb->keys[i];
	return conf_refuse_unknown(root, known);
}

int envelope_read(unsigned int *verb, const struct conf_value *root,
		  const struct envelope_verbs *verbs)
{
	unsigned int found = 0;
	int err = conf_object(root);

	if (!err)
		err = read_version(root);
	if (!err)
		err = read_verb(&found, root, verbs);
	if (!err)
		err = check_keys(root, &verbs->list[found]);
	if (!err)
		*verb = found;
	return err;
}
