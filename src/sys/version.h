/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which version of glb is this?
 */
#ifndef SYS_VERSION_H
#define SYS_VERSION_H

/* Such as "0.1.0": the release, or the next one if this is not a release. */
const char *version_number(void);

/*
 * The commit that the programs were built from: its first 12 digits, with "-dirty" behind them
 * where the tree differed from that; "" of a tree without its history.
 */
const char *version_commit(void);

#endif
