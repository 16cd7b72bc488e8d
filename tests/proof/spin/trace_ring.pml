/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do recorded packets get out of a worker?
 *
 * A model of src/director/trace/ring.c: a worker records packets in bursts, while the control thread
 * reads records, releases them and permits further copying. A step is one access to memory that both
 * share; the function it stands for is named beside it, and tests/proof/test_models.py finds them.
 *
 * Promised, in every state:
 *   1. no record is written that is being read, nor an entry of `order`
 *   2. what is read was written before: both frames, of one packet
 *   3. records are read in the order of their packets, none twice, and none is left out
 *   4. no more packets are copied than there are records until the control thread looks again
 *
 * Any packet may match the program, and any of these may get a verdict that is selected, for ever. A
 * ring has twice as many records as a burst has packets: TRACE_RECORDS_MIN. Counters are modulo 8:
 * their differences are at most COUNT. A frame in a record is the number of the record that it is to
 * be read as, or a packet of the burst for which there is none yet.
 *
 * Memory is sequentially consistent. On x86-64 stores become visible in order; neither thread stores
 * and then decides by what it loads of the other, so store buffers add nothing.
 *
 * MUT_*: mutations, each of which must be refuted.
 */
#define BURST 2
#define COUNT 4			  /* trace_ring.count */
#define NONE 255
#define MOD(x) ((x) & 7)
#define AT(n) ((n) & (COUNT - 1)) /* trace_ring_place() */
#define PACKET(i) (8 + (i))	  /* a frame of packet i of the burst */

/* --- struct trace_ring --- */
byte received[COUNT] = NONE;	/* the two frames of a struct trace_record */
byte sent[COUNT] = NONE;
byte order[COUNT];
byte written;
byte read;
byte allowed = COUNT;		/* copies_max - copied */
/* private to the worker */
byte held;
byte at[BURST];

/* --- What is promised --- */
byte reading = NONE;		/* the entry of `order` that is used, and its record */
byte reading_record = NONE;
byte since;			/* copies since the control thread looked */

/* trace_ring_receive() of a packet that matches */
inline receive(i_)
{
	r = read; /* trace_ring_receive(): load of `read`, acquire */
	/* trace_ring_receive(): load of `copies_max` */
	d_step {
		to = NONE;
		if
#ifdef MUT_FULL
		:: MOD(written + held - r + 8) > COUNT -> r = 0
#else
		:: MOD(written + held - r + 8) >= COUNT -> r = 0
#endif
#ifndef MUT_ALLOW
		:: allowed == 0 -> r = 0
#endif
		:: else -> to = order[AT(written + held)]; r = 0
		fi
	}
	if
	:: to == NONE -> skip /* miss() */
	:: else ->
		d_step {
			assert(reading_record != to);
			received[to] = PACKET(i_) /* trace_ring_keep() */
		}
		/* trace_ring_receive(): store of `copied` */
		d_step {
			since++;
			allowed--;
			assert(since <= COUNT);
			held++;
			at[i_] = held
		}
	fi;
	to = 0
}

/* trace_settled() of a packet that was copied and whose verdict is selected: its record moves to the
 * front */
inline settle(i_)
{
	/* of `order` the control thread reads no entry that is changed: so this is a step */
	d_step {
		to = AT(written + wanted);
		from = AT(written + at[i_] - 1);
		wanted++;
		assert(reading != to && reading != from);
		other = order[to];
#ifndef MUT_SWAP
		order[to] = order[from];
		order[from] = other;
#endif
		other = order[to];
		from = 0;
		to = 0
	}
	d_step {
		assert(reading_record != other);
		assert(received[other] == PACKET(i_));
		received[other] = MOD(written + wanted - 1);
		sent[other] = received[other]; /* complete() */
		other = 0
	}
}

/* Records that are free hold nothing. */
inline forget()
{
	d_step {
		i = wanted;
		do
		:: i < held -> received[order[AT(written + i)]] = NONE; i++
		:: else -> break
		od
	}
}

proctype worker()
{
	byte n, i, r, to, from, other, wanted;

	do
	:: if
	   :: n = 1
	   :: n = BURST
	   fi;
		/* trace_before(), or trace_decided() if forwarded packets are not selected */
		i = 0;
		do
		:: i < n ->
			if
			:: receive(i)
			:: true
			fi;
			i++
		:: else -> break
		od;
#ifdef MUT_EARLY
		i = written;
		written = MOD(written + held);
		written = i;
#endif
		i = 0;
		do
		:: i < n ->
			if
			:: at[i] -> settle(i)
			:: true
			fi;
			i++
		:: else -> break
		od;
		forget();
		/* trace_settled(): store of `written`, release */
		written = MOD(written + wanted);
		d_step { held = 0; at[0] = 0; at[1] = 0; wanted = 0; n = 0; i = 0 }
	od
}

/* trace_follow() */
proctype control()
{
	byte c;

	do
	:: c = written; /* trace_ring_peek(): load of `written`, acquire */
		if
		:: c != read ->
			/* trace_ring_peek() */
			d_step { reading = AT(read); reading_record = order[AT(read)] };
#ifdef MUT_PASS
			c = read;
			read = MOD(read + 1);
#else
			c = read;
#endif
			/* trace_text_write() */
			assert(received[reading_record] == c);
			assert(sent[reading_record] == c);
			d_step {
				received[reading_record] = NONE;
				sent[reading_record] = NONE;
				reading = NONE;
				reading_record = NONE
			};
#ifndef MUT_PASS
			read = MOD(read + 1) /* trace_ring_pass(): store, release */
#endif
		:: else
		fi;
		c = 0
	:: since = 0; /* trace_ring_allow(): load of `copied` */
		allowed = COUNT - since /* trace_ring_allow(): store of `copies_max` */
	od
}

init {
	byte i;

	atomic {
		do
		:: i < COUNT -> order[i] = i; i++ /* trace_ring_make() */
		:: else -> break
		od;
		i = 0;
		run worker();
		run control()
	}
}
