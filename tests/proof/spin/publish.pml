/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a generation reach the workers, and when is what they read released?
 *
 * A model of src/director/{publish,reload,builds,deploy,backend_stats,last_good,trace}.c and of what
 * they call in src/core: the swap of generations over DPDK's rte_rcu_qsbr, the builder thread, the
 * thread that saves tables, replicas on two NUMA nodes, successors in ports, tables shared by a count
 * of references, places of rows that are used again, slots of counters that are evicted, and rings of
 * traces. A step is one access to memory that threads share; the function it stands for is named
 * beside it, and tests/proof/test_models.py finds them.
 *
 * Promised, in every state:
 *   1. what a worker reads was written before, and is not released or reused while it reads
 *   2. a worker never goes back to an older generation
 *   3. what a worker counts lands in a slot of the same owner
 *   4. what the builder thread reads is not released under it, nor what the thread reads that saves
 *   5. a ring of a trace is freed when no worker can write to it
 *   6. at the end nothing is left
 * With LIVE: the workers arrive at the last generation, and all others are released.
 *
 * How much happens: W workers, R reloads of which each may fail, P successors in ports at any time,
 * PAUSE: workers may leave once and join again, TRACES: so many rings are given to them and taken
 * away, one after the other; KEEP: tables are saved.
 *
 * Memory is sequentially consistent; with TSO each worker's stores wait in a store buffer, in order,
 * as on x86-64. Other threads need none: between two of their stores that a thread waits for there
 * is an atomic read-modify-write, which empties the buffer, or nothing that they read depends on it.
 *
 * MUT_*: mutations, each of which must be refuted.
 */
#ifndef W
#define W 2
#endif
#ifndef R
#define R 2
#endif
#ifndef P
#define P 0
#endif
#define NODES 2			/* worker w is on node w % NODES */
#define BUILT(r) (2 * (r) - 1)	/* struct served, as served_make() makes it on the builder thread */
#define SERVED(r) (2 * (r))	/* its successor with ports, which workers get */
#define G (2 * R + 1 + P)	/* struct served, by number */
#define TABLES (R + 2)		/* table r is new in reload r; the last never changes */
#define COMMON (R + 1)
#define PLACES (R + 1)
#define SLOTS 3			/* slot 0 is for what has none */
#define NONE 255

/* --- struct rte_rcu_qsbr --- */
byte token = 1;
byte cnt[W];			/* 0: offline */
bit reg[W];
byte reg_count;
byte acked;

/* --- struct publish, struct served --- */
byte current;
bit live[G];
byte group[G];			/* the reload whose arenas, tables and slots it has */
byte slot_of[G];		/* its struct backend_stats_map; NONE: it has none */
byte tok[G];			/* retired with this token; 0: not retired */
byte number[G];			/* glb_generation.number */

/* --- what generations share --- */
byte arena_refs[(R + 1) * NODES]; /* glb_generation.refs */
byte table_refs[TABLES];	/* glb_table.refs: lists that have it */
byte place_of[TABLES];
bit taken[PLACES];		/* glb_slab.taken */
byte rows[PLACES];		/* of which table; NONE: being written */

/* --- struct backend_stats; the owner of a slot is the table of a reload, by number from 1 --- */
byte refs[SLOTS];
byte owner[SLOTS];

/* --- struct reload --- */
byte reload;			/* number of the last build */
byte known;			/* build.known: tables of this group */
bit go, building, made, ended, failed;

/* --- workers --- */
bit stop;
byte gone;
byte using[W] = NONE;		/* what it may be reading */
byte seen[W];			/* worker_counters.generation */
bit over;

#ifdef TRACES
/* --- struct tracing; traces are numbered from 1 --- */
byte ring;			/* worker.trace; 0: none */
byte tracing[W];		/* which one it may write to */
byte traces;			/* tracing.last */
byte left_at[TRACES + 1];	/* trace.token: it has ended; 0: it has not, or is freed */
bit freed[TRACES + 1];
#endif

#ifdef KEEP
/* --- struct last_good, by group --- */
byte to_save = NONE;		/* last_good.next */
byte saving = NONE;		/* last_good.gen */
bit saver_runs, saved;		/* last_good_start(), last_good.ended */
#endif

#ifdef TSO
chan buffer[W] = [2] of { byte, byte };	/* slot + 1 and owner, or 0 and a value of cnt */
#define STORE_CNT(w, v) buffer[w] ! 0, v
#define FENCE(w) empty(buffer[w])
proctype drain(byte w)
{
	byte k, v;

	do
	:: atomic {
		buffer[w] ? k, v ->
		if
		:: k == 0 -> cnt[w] = v
		:: else -> assert(owner[k - 1] == v)
		fi;
		k = 0; v = 0
	   }
	:: over -> break
	od
}
#else
#define STORE_CNT(w, v) cnt[w] = v
#define FENCE(w) true
#endif

/* rte_rcu_qsbr_quiescent() in publish_quiescent() */
inline report()
{
	atomic {
		t = token;
#ifndef MUT_EARLY
		using[w] = NONE;
#ifdef TRACES
		tracing[w] = 0
#endif
#endif
	}
	if
	:: t != mine -> mine = t; STORE_CNT(w, t)
	:: else
	fi;
	t = 0
}

/* worker_run() */
proctype worker(byte w)
{
	byte s, t;
	byte mine;		/* what it stored last */

joins:	/* publish_join(): rte_rcu_qsbr_thread_register() */
	reg[w] = 1;
	reg_count++;
	/* publish_join(): rte_rcu_qsbr_thread_online() */
	mine = token;
	STORE_CNT(w, mine);
#ifndef MUT_NOFENCE
	FENCE(w);
#endif
	do
	:: stop -> break
	:: !stop ->
		/* publish_current(), worker_turn() */
		atomic {
			s = current;
			assert(live[s] && arena_refs[group[s] * NODES + w % NODES]);
			assert(rows[place_of[group[s]]] == group[s]);
			assert(number[s] >= seen[w]);
			seen[w] = number[s];
			using[w] = s
		}
#ifdef TRACES
		/* worker_decide(): load of worker.trace */
		atomic {
			tracing[w] = ring;
			assert(!freed[ring])
		}
#endif
#ifdef MUT_EARLY
		report();
#endif
		/* backend_stats_add() */
#ifdef TSO
		if
		:: slot_of[s] -> buffer[w] ! slot_of[s] + 1, group[s] + 1
		:: else
		fi;
#else
		assert(!slot_of[s] || owner[slot_of[s]] == group[s] + 1);
#endif
#ifdef MUT_EARLY
		using[w] = NONE;
#else
#ifdef MUT_SILENT
		if
		:: w > 0 -> using[w] = NONE
		:: else -> report()
		fi;
#else
		report();
#endif
#endif
		s = 0
	od;
	/* publish_leave(): rte_rcu_qsbr_thread_offline(), rte_rcu_qsbr_thread_unregister() */
	STORE_CNT(w, 0);
	FENCE(w);
	reg[w] = 0;
	reg_count--;
	mine = 0;
	gone++;
#ifdef PAUSE
	if
	:: !stop -> gone--; goto joins /* workers_start(): the lcore was launched */
	:: over
	fi
#endif
}

/* --- Memory: no worker may be reading it when it is released --- */

/* glb_place_free() by glb_tables_free(), with the last list that has the table */
inline table_drop(t_)
{
	assert(table_refs[t_] > 0);
	table_refs[t_]--;
	if
	:: table_refs[t_] == 0 ->
		k = 0;
		do
		:: k < W ->
			assert(using[k] == NONE || t_ == COMMON || group[using[k]] != t_);
			k++
		:: else -> break
		od;
		if
		:: t_ != COMMON -> taken[place_of[t_]] = 0
		:: else
		fi
	:: else
	fi
}

/* glb_generation_free() of a group on one node */
inline generation_drop(g_, n_)
{
	assert(arena_refs[g_ * NODES + n_] > 0);
	arena_refs[g_ * NODES + n_]--;
#ifdef MUT_REFS
	arena_refs[g_ * NODES + n_] = 0;
#endif
	if
	:: arena_refs[g_ * NODES + n_] == 0 ->
		k = 0;
		do
		:: k < W ->
			assert(using[k] == NONE || k % NODES != n_ || group[using[k]] != g_);
			k++
		:: else -> break
		od;
		table_drop(g_);
		table_drop(COMMON)
	:: else
	fi
}

/* served_free(): glb_generation_free(), backend_stats_map_free(), free_near() */
inline served_drop(s_)
{
	d_step {
		assert(live[s_]);
		k = 0;
		do
		:: k < W -> assert(using[k] != s_); k++
		:: else -> break
		od;
		live[s_] = 0;
		tok[s_] = 0;
		if
		:: slot_of[s_] != NONE -> refs[slot_of[s_]]--
		:: else
		fi;
		slot_of[s_] = NONE;
		generation_drop(group[s_], 0);
		generation_drop(group[s_], 1);
		k = 0
	}
}

/* --- The builder thread --- */

/* reload_run() */
proctype builder()
{
	byte p, k;

	do
	:: atomic { go -> go = 0 }
		/* reload_read_files(): what tables in force have in common with new ones is shared */
		assert(arena_refs[known * NODES] > 0 && table_refs[known] > 0);
		if
		:: true
		:: failed = 1; goto ends /* a file is invalid, or memory runs out */
		fi;
#ifdef MUT_MADE_EARLY
		place_of[reload] = (taken[0] -> (taken[1] -> 2 : 1) : 0);
		d_step { live[BUILT(reload)] = 1; group[BUILT(reload)] = reload; arena_refs[reload * NODES] = 1;
			 arena_refs[reload * NODES + 1] = 1; table_refs[reload] = 2; table_refs[COMMON] = table_refs[COMMON] + 2 }
		made = 1;
#endif
		/* places_take(): glb_place_beside() or glb_place_make() */
		d_step {
			p = 0;
			do
#ifdef MUT_PLACE
			:: p < PLACES && taken[p] && p == place_of[known] -> p++
#else
			:: p < PLACES && taken[p] -> p++
#endif
			:: else -> break
			od;
			taken[p] = 1;
			rows[p] = NONE;
			k = 0;
			do
			:: k < W ->
				assert(using[k] == NONE || place_of[group[using[k]]] != p);
				k++
			:: else -> break
			od;
			k = 0;
			place_of[reload] = p
		}
		/* glb_tables_build() writes the rows */
		rows[p] = reload;
		p = 0;
		/* glb_tables_share() of tables that have not changed */
		assert(arena_refs[known * NODES] > 0 && table_refs[COMMON] > 0);
#ifndef MUT_MADE_EARLY
		/* make_served(): glb_generation_make(), served_make(), glb_generation_replicate() */
		d_step {
			live[BUILT(reload)] = 1;
			group[BUILT(reload)] = reload;
			arena_refs[reload * NODES] = 1;
			arena_refs[reload * NODES + 1] = 1;
			table_refs[reload] = 2;
			table_refs[COMMON] = table_refs[COMMON] + 2
		}
		/* follow_up(): glb_tables_share() of those in force */
#ifndef MUT_BEFORE
		d_step {
			assert(arena_refs[known * NODES] > 0 && table_refs[known] > 0);
			table_refs[known]++;
			table_refs[COMMON]++
		}
#endif
		/* follow_up(): store of reload.made */
		made = 1;
		/* glb_digests_keep() */
		assert(live[BUILT(reload)] && table_refs[reload] > 0);
		/* effect_make() */
		assert(table_refs[known] > 0 && table_refs[reload] > 0);
		/* follow_up(): glb_tables_free() */
#ifndef MUT_BEFORE
		d_step { table_drop(known); table_drop(COMMON); k = 0 }
#endif
#endif
ends:		/* reload_run(): store of reload.ended */
		ended = 1
	:: over -> break
	od
}

#ifdef KEEP
/* --- The thread that saves tables --- */

/* last_good_run() */
proctype saver()
{
	byte s;

	do
	:: atomic { saver_runs -> saver_runs = 0; s = saving }
		/* last_good_store(): glb_image_len_in() */
		assert(arena_refs[s * NODES] > 0 && table_refs[s] > 0);
		/* last_good_store(): glb_image_write_in() */
		assert(table_refs[s] > 0 && rows[place_of[s]] == s);
		s = 0;
		/* last_good_run(): store of last_good.ended */
		saved = 1
	:: over -> break
	od
}
#endif

/* --- The control thread --- */

/* rte_rcu_qsbr_check(tok[s_]) without waiting, into `done` */
inline check(s_)
{
	done = 1;
	if
	:: tok[s_] <= acked
	:: else ->
		least = NONE;
		all = (reg_count == W);
		k = 0;
		do
		:: k < W && done ->
			if
			:: all || reg[k] ->
				c = cnt[k];
				if
				:: c != 0 && c < tok[s_] -> done = 0
				:: else ->
					if
					:: c != 0 && c < least -> least = c
					:: else
					fi
				fi
			:: else
			fi;
			c = 0;
			k++
		:: else -> break
		od;
		if
		:: done && least != NONE -> acked = least
		:: else
		fi
	fi;
	k = 0; least = 0; all = 0
}

/* publish_reclaim() */
inline reclaim()
{
	i = G;
	do
	:: i > 0 ->
		i--;
		if
		:: tok[i] ->
			check(i);
#ifdef MUT_NOCHECK
			done = 1;
#endif
			if
			:: done -> served_drop(i)
			:: else
			fi;
			done = 0
		:: else
		fi
	:: else -> break
	od
}

/* backend_stats_map_make(): hold(), claim(), free_slot(), evict() */
inline map_make(s_)
{
	d_step {
		slot_of[s_] = 0;
		k = 1;
		do
		:: k < SLOTS && owner[k] != group[s_] + 1 -> k++
		:: else -> break
		od;
		if
		:: k < SLOTS -> slot_of[s_] = k
		:: else ->
			k = 1;
			do
#ifdef MUT_EVICT
			:: k < SLOTS && owner[k] == group[current] + 1 -> k++
#else
			:: k < SLOTS && refs[k] -> k++
#endif
			:: else -> break
			od;
			if
			:: k < SLOTS -> slot_of[s_] = k; owner[k] = group[s_] + 1
			:: else
			fi
		fi;
		refs[slot_of[s_]]++;
		k = 0
	}
}

/* glb_generation_with_ports(), on every node: give_ports(), then make_replica() in make_after() */
inline with_ports(s_, of_)
{
	d_step {
		assert(live[of_]);
		live[s_] = 1;
		group[s_] = group[of_];
		arena_refs[group[of_] * NODES]++;
		arena_refs[group[of_] * NODES + 1]++;
		number[s_] = number[current] + 1
	}
}

/* deploy_next(), publish_replace(), unless memory runs out: then nothing has changed */
inline publish_(s_)
{
	map_make(s_);
	if
	:: true ->
		old = current;
#ifdef MUT_ORDER
		atomic { token++; tok[old] = token };
		current = s_;
#else
		current = s_;				/* publish_replace(): store, release */
		atomic { token++; tok[old] = token };	/* publish_replace(): rte_rcu_qsbr_start() */
#endif
		old = 0
#ifndef LIVE
	:: served_drop(s_)
#endif
	fi
}

#ifdef KEEP
inline let_go(g_)
{
#ifdef MUT_KEEP
	skip
#else
	generation_drop(g_, 0);
	k = 0
#endif
}

/* last_good_poll(): has_ended(), last_good_join(); last_good_start(), which may fail */
inline save()
{
	d_step {
		if
#ifdef MUT_JOIN
		:: saving != NONE -> let_go(saving); saving = NONE
#else
		:: saving != NONE && saved -> let_go(saving); saving = NONE
#endif
		:: else
		fi
	}
	if
	:: to_save != NONE && saving == NONE ->
		d_step { saving = to_save; to_save = NONE; saved = 0; saver_runs = 1 }
	:: true
	fi
}

/* last_good_keep(), unless memory runs out: glb_generation_with_ports() */
inline keep()
{
	d_step {
		if
		:: to_save != NONE -> let_go(to_save); to_save = NONE
		:: else
		fi
	}
	if
	:: true ->
		d_step {
			to_save = group[current];
#ifndef MUT_KEEP
			arena_refs[to_save * NODES]++
#endif
		}
		save()
	:: true
	fi
}
#endif

/* try_build(): serve_build(), keep_tables() */
inline serve()
{
	tried = 1;
	with_ports(SERVED(reload), BUILT(reload));
	publish_(SERVED(reload));
#ifdef KEEP
	if
	:: current == SERVED(reload) -> keep()
	:: else
	fi;
#endif
#ifdef MUT_BUILT
	served_drop(BUILT(reload))
#endif
}

/* builds_follow() and what else the control thread does, in any order */
proctype control()
{
	byte i, k, c, old, least, ports;
	bit done, all, tried, paused;

#ifdef KEEP
	keep(); /* builds_serve_first() */
#endif
	do
	:: !building && reload < R ->
		/* builds_basis(), reload_start() */
		d_step {
			reload++; known = group[current]; building = 1;
			made = 0; ended = 0; failed = 0; tried = 0
		}
		go = 1
	:: building && made && !tried -> serve() /* reload_made(), try_build() */
	:: building && ended -> /* reload_take(), end_build() */
		if
		:: made && !tried -> serve()
		:: else
		fi;
#ifndef MUT_BUILT
		if
		:: !failed -> served_drop(BUILT(reload))
		:: else
		fi;
#endif
		building = 0
	:: tok[0] || tok[2] || tok[G - 1] -> reclaim()
	:: ports < P -> /* update_ports() */
		with_ports(2 * R + 1 + ports, current);
		publish_(2 * R + 1 + ports);
		ports++
#ifdef PAUSE
	:: !paused && reload > 0 -> /* workers_pause(), workers_start() */
		stop = 1;
		gone == W;
		stop = 0;
		gone == 0;
		paused = 1
#endif
#ifdef TRACES
	:: !ring && traces < TRACES -> /* trace_start(): set_rings() */
		traces++;
		ring = traces
	:: ring -> /* end_trace(): set_rings(), publish_ask() */
		i = ring;
#ifdef MUT_ASK
		atomic { token++; left_at[i] = token };
		ring = 0;
#else
		ring = 0;
		atomic { token++; left_at[i] = token };
#endif
		i = 0
	:: left_at[1] || left_at[TRACES] -> /* is_left(): publish_has_answered() */
		i = (left_at[1] -> 1 : TRACES);
		k = 0;
		do
		:: k < W && (cnt[k] == 0 || cnt[k] >= left_at[i]) -> k++
		:: else -> break
		od;
		skip;
		d_step {
			if
#ifdef MUT_LEFT
			:: true ->
#else
			:: k == W ->
#endif
				/* free_trace() */
				k = 0;
				do
				:: k < W -> assert(tracing[k] != i); k++
				:: else -> break
				od;
				freed[i] = 1;
				left_at[i] = 0
			:: else
			fi;
			i = 0;
			k = 0
		}
#endif
#ifdef KEEP
	:: saving != NONE && saved || saving == NONE && to_save != NONE -> save()
#endif
#ifndef LIVE
	:: !building && reload == R && ports == P -> break
#endif
	od;
#ifndef LIVE
	stop = 1;
	gone == W; /* workers_stop() */
#ifdef KEEP
	/* last_good_close() */
	do
	:: saving != NONE && saved || saving == NONE && to_save != NONE -> save()
	:: saving == NONE && to_save == NONE -> break
	:: goto leave /* a thread that does not end: what it reads stays until the process ends */
	od;
#endif
	/* publish_stop() */
	reclaim();
	served_drop(current);
	i = 0;
	do
	:: i < G -> assert(!live[i] && !tok[i]); i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < TABLES -> assert(!table_refs[i]); i++
	:: else -> break
	od;
	assert(!refs[0] && !refs[1] && !refs[2]);
leave:	over = 1
#endif
}

init {
	byte w;

	atomic {
		/* publish_start(), publish_replicate() */
		live[0] = 1; arena_refs[0] = 1; arena_refs[1] = 1;
		table_refs[0] = 2; table_refs[COMMON] = 2;
		taken[0] = 1;
		slot_of[0] = 1; refs[1] = 1; owner[1] = 1;
		number[0] = 1;
		w = 1;
		do
		:: w < G -> slot_of[w] = NONE; w++
		:: else -> break
		od;
		w = 0;
		do
		:: w < W ->
#ifdef TSO
			run drain(w);
#endif
			run worker(w);
			w++
		:: else -> break
		od;
		w = 0;
		run builder();
#ifdef KEEP
		run saver();
#endif
		run control()
	}
}

#ifdef LIVE
#define ALL_SEEN (seen[0] == number[current] && seen[1 % W] == number[current])
#define NONE_RETIRED (tok[0] == 0 && tok[2 % G] == 0)
ltl promised { <>[] (reload == R && !building && ALL_SEEN && NONE_RETIRED) }
#endif
