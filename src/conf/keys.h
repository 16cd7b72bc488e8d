/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Are the keys of tables as secret, and as independent of each other, as they should be?
 *
 * Such tables can be served, and directors of a fleet must agree, so there are warnings only.
 */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include "conf/json.h"

/*
 * Reads a key of a table, and warns of zeros. Leaves *out alone if it is missing or not a key; an
 * error is then in the report, which never quotes any of it.
 */
void key_read(uint8_t out[GLB_SIPHASH_KEY_LEN], const struct conf_value *table, const char *name);

/*
 * Warns of a seed shared with another table, and of a hash_key that is also a seed: with the place
 * of the other one, once per key, in O(n log n) for n tables. Tables may share a hash_key.
 *
 * spec    keys that could not be read are zeros
 * tables  the array in the file that spec was read from
 *
 * Returns 0, even if there are warnings, or -ENOMEM.
 */
GLB_NODISCARD int keys_warn(const struct glb_spec *spec, const struct conf_value *tables);

#endif
