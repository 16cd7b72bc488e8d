/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a reload read?
 */
#ifndef DIRECTOR_RELOAD_SCOPE_H
#define DIRECTOR_RELOAD_SCOPE_H

#include <stdbool.h>

/* Which files a build reads; what the others said stays in force. */
enum reload_scope {
	RELOAD_ALL,    /* director.json, the deny file that it names, and the tables */
	RELOAD_TABLES, /* the tables */
	RELOAD_DENY,   /* the deny file that the configuration in force names */
};

/* Does a build of `scope` read what was `asked` for? */
static inline bool reload_covers(enum reload_scope scope, enum reload_scope asked)
{
	return scope == RELOAD_ALL || scope == asked;
}

#endif
