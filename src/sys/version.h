/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which glb is this?
 */
#ifndef SYS_VERSION_H
#define SYS_VERSION_H

/* As in "0.1.0": of the release, or the one that this tree will become. */
const char *version_number(void);

/*
 * The commit that the programs were built from: its first 12 digits, with "-dirty" behind them
 * where the tree differed from that; "" of a tree without its history.
 */
const char *version_commit(void);

#endif
