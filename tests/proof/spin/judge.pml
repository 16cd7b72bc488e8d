/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do the limits of the health checker's judge hold in every state that it can reach?
 *
 * The steps are those of the code itself: judge_table(), judge_result() and judge_add() of
 * src/healthcheck are compiled into the search, so no copy of them has to be kept alike. Any check
 * may have any result and any time may pass, in any order. What is checked after every step is in
 * judge_world.h.
 */
c_decl {
\#include "judge_world.h"
}
c_track "&state" "sizeof(state)" "Matched"

#define HAPPENS(i)                           \
	:: c_code { result(i, 1); }          \
	:: c_code { result(i, 0); }

active proctype world()
{
	c_code { begin(); };
	do
	HAPPENS(0)
#if BACKENDS > 1
	HAPPENS(1)
#endif
#if BACKENDS > 2
	HAPPENS(2)
#endif
#if BACKENDS > 3
	HAPPENS(3)
#endif
#ifdef ASKS
	:: c_code { ask(0); }
	:: c_code { ask(1); }
#endif
#ifdef TURNS
	:: c_code { turn(0); }
	:: c_code { turn(1); }
#endif
	:: c_code { tick(); }
	od
}
