/*
 * protocol.pml - rings, claims, next, ledger, recovery, parking and the ends of a stream, as coded.
 *
 * A run of up to four groups in a row: group 0 is the source, the last one is the sink. With REJECTS group 1 has a
 * second port, read by a sink of its own; with MERGE groups 0 and 1 are sources, and group 2, of one seat, reads both. Each seat is
 * a process; where the code has a function, there is an inline of its name. A step is one access of a shared word: an
 * atomic block that begins with STEP(name), the name it has in lib/shm/word.h. At each step the seat may die (as in
 * weir__step_hook), while `deaths` are left: its private variables are gone, and its successor begins at `attach`, at
 * any later time. steps.sh holds the names here to those of word.h.
 *
 * What is smaller than in the code, and why nothing is lost by it:
 *   event      IDLE, LOADED or BUMPED instead of a count: a sleeper asks only whether it changed since it was loaded,
 *              and only its own seat loads it
 *   sequence   flips which copy is valid, and nobody reads the other: here a commit writes the valid one, in its step.
 *              To die while the other is written is to die before it
 *   set, clear, bump   loops around a compare-and-swap are one step: each is one change of the word
 *   fences     have no effect here: this model is sequentially consistent. fence.pml is the one that needs them
 *   parking    without it (PARKING 0) a seat waits by itself until a look is not in vain, so that larger worlds of
 *              rings can be searched
 *
 * A source of two seats does not exist; here one gives the even numbers and one the odd, in place of a layer of workers.
 * Without order there is only the edge with two feeds: who reads it takes what is there, and numbers anew.
 *
 * A world is a set of -D: K (slots a ring), N (numbers of a source), S0..S3 (seats a group), GROUPS, REJECTS, MERGE,
 * PARTS (of the source, a number), SPLIT (the workers of group 1 make two parts of one input), DEATHS, PARKING, ENOUGH
 * and LIMIT (the number after which that group wants no more), FAILING (see there), SLOW (see there). A mutant is one
 * more -D: M_...; see run.sh. LATE narrows a world down to what is to be seen in it.
 */
#ifndef K
#define K 1
#endif
#ifndef N
#define N 2
#endif
#ifndef GROUPS
#define GROUPS 3
#endif
#ifndef S0
#define S0 1
#endif
#ifndef S1
#define S1 2
#endif
#ifndef S2
#define S2 1
#endif
#ifndef S3
#define S3 0
#endif
#ifndef PARTS
#define PARTS 1
#endif
/* ONE_LONG: only the first number of each source has PARTS parts. */
#ifdef ONE_LONG
#define PARTS_OF(k) ((k) == 0 && me == 0 -> PARTS : 1)
#else
#define PARTS_OF(k) PARTS
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef LIMIT
#define LIMIT (GROUPS - 1) /* the group that has enough */
#endif
#ifndef PARKING
#define PARKING 0
#endif

#define CHAIN (S0 + S1 + S2 + S3) /* seats of the row */
#define SINK (GROUPS - 1)
#ifdef REJECTS
#define ASIDE 4 /* the group of one seat that reads the second port of group 1 */
#define ALL (CHAIN + 1)
#define RINGS (ALL + S1)
#define PORTS 2
#define PORTS_OF(g) ((g) == 1 -> 2 : ((g) < SINK -> 1 : 0))
#define CONSUMER(g, port) ((port) == 1 -> ASIDE : (g) + 1)
#define RING_OF(id, me, port) ((port) == 1 -> ALL + (me) : (id))
#else
#define ALL CHAIN
#define RINGS ALL
#define PORTS 1
#define PORTS_OF(g) ((g) < SINK -> 1 : 0)
#ifdef MERGE
#define CONSUMER(g, port) ((g) == 0 -> 2 : (g) + 1)
#else
#define CONSUMER(g, port) ((g) + 1)
#endif
#define RING_OF(id, me, port) (id)
#endif
#define MOST 3 /* seats a group */
#define SEATS(g) ((g) == 0 -> S0 : ((g) == 1 -> S1 : ((g) == 2 -> S2 : ((g) == 3 -> S3 : 1))))
#define FIRST(g) \
    ((g) == 0 -> 0 : ((g) == 1 -> S0 : ((g) == 2 -> S0 + S1 : ((g) == 3 -> S0 + S1 + S2 : CHAIN))))

/*
 * An edge has the number of the group that reads it; the second feed of group 2, with MERGE, is edge 0. MADE: numbers
 * that are published on it, which are the source's and one from `finish` of each seat before.
 */
#ifdef MERGE
#define IS_SOURCE(g) ((g) < 2)
#define IS_ORDERED(g) ((g) != 2)
#define PRODUCER(edge) ((edge) == 0 -> 0 : (edge) - 1)
#define MADE(edge) ((edge) == 3 -> 2 * N + S0 + S1 + S2 : N + SEATS(PRODUCER(edge)))
#else
#define IS_SOURCE(g) ((g) == 0)
#define IS_ORDERED(g) true
#ifdef REJECTS
#define PRODUCER(edge) ((edge) == ASIDE -> 1 : (edge) - 1)
#define MADE(edge) (N + ((edge) == ASIDE -> S0 + S1 : FIRST(edge)))
#else
#define PRODUCER(edge) ((edge) - 1)
#define MADE(edge) (N + FIRST(edge))
#endif
#endif
#ifdef REJECTS
#define FIRST_RING(edge) ((edge) == ASIDE -> ALL : FIRST(PRODUCER(edge)))
#define GROUPS_OF_RUN 5
#else
#define FIRST_RING(edge) FIRST(PRODUCER(edge))
#define GROUPS_OF_RUN GROUPS
#endif

/* ---- words ---- */

#define EMPTY(lap) ((lap)*8)
#define TAKEN(lap, seat) ((lap)*8 + 1 + (seat))
#define LAP(claim) ((claim) / 8)
#define IS_TAKEN(claim) ((claim) % 8 != 0)
#define TAKER(claim) ((claim) % 8 - 1)

#define NUMBER(n, part, last) ((n)*16 + (part)*2 + (last))
#define N_OF(number) ((number) / 16)
#define PART_OF(number) (((number) / 2) % 8)
#define LAST_OF(number) ((number) % 2)

#define SLOT(ring, position) ((ring)*K + (position) % K)

/* Slot x of those of an edge. BEGINS: what is published there is the first part of next. */
#define AT(edge, x) (FIRST_RING(edge) * K + (x))
#define BEGINS(edge, x) \
    ((x) < SEATS(PRODUCER(edge)) * K && N_OF(number_word[AT(edge, x)]) == next_word[edge] && \
     PART_OF(number_word[AT(edge, x)]) == 0 && \
     LAP(claim_word[AT(edge, x)]) * K + (x) % K < tail_word[FIRST_RING(edge) + (x) / K])

/*
 * ANY_LEFT: something is published that nobody has taken. Where the end may be early this is asked of the numbers that
 * came from before only: a seat that saw the end of its input numbers its last behind those of seats that ended early
 * and gave none, so that nobody comes to it.
 */
#ifdef ENOUGH
#define MUST_BE_TAKEN(edge, number) (N_OF(number) < (IS_SOURCE(PRODUCER(edge)) -> N : next_word[PRODUCER(edge)]))
#else
#define MUST_BE_TAKEN(edge, number) true
#endif
#define LEFT(edge, x) \
    ((x) < SEATS(PRODUCER(edge)) * K && !IS_TAKEN(claim_word[AT(edge, x)]) && \
     MUST_BE_TAKEN(edge, number_word[AT(edge, x)]) && LAP(claim_word[AT(edge, x)]) * K + (x) % K < tail_word[FIRST_RING(edge) + (x) / K])
#define ANY_LEFT(edge) (LEFT(edge, 0) || LEFT(edge, 1) || LEFT(edge, 2) || LEFT(edge, 3))

mtype = { NONE, READY, TAKEN_BY, STALE, PILL, UNWANTED };
#define IDLE 0
#define LOADED 1
#define BUMPED 2

byte tail_word[RINGS]; /* seat s of all owns ring s */
byte number_word[RINGS * K];
byte claim_word[RINGS * K];
byte next_word[GROUPS_OF_RUN];
byte event_word[ALL];
byte parked_in[GROUPS_OF_RUN];
byte parked_out[GROUPS_OF_RUN];
bit closed_word[ALL];
bit done_word[ALL];
bit failed_word[ALL];

typedef ledger {
    byte tail[PORTS];
    byte number;
    byte part[PORTS];
    bit input_done;
    bit expects_part;
    bit enough;
    bit last;
    bit done;
    byte input_ring;
    byte input_position;
    bit passed; /* SPLIT: the first part of the output is published */
    byte wrote; /* a sink: what its file holds, as the number and part that belong behind it */
};
ledger valid[ALL];

/* ---- what only the check knows ---- */

byte deaths = DEATHS;
byte started[GROUPS_OF_RUN]; /* numbers whose first part was taken */
int finished[GROUPS_OF_RUN]; /* a bit an input part whose transaction is committed */
int first_by[GROUPS_OF_RUN]; /* two bits a number: who took the first part */

#define FINISHED_BIT(num) (1 << (N_OF(num) * 4 + PART_OF(num)))
#define FIRST_BY(num) ((first_by[edge] >> (N_OF(num) * 2)) & 3)

/* ---- steps ---- */

/* Printed when a trail is replayed. */
#define SAY(name) printf("seat %d.%d ", g, me); printf(#name); printf("\n")
#if DEATHS == 0
#define DIES_THERE false
#define STEP(name) SAY(name)
#elif defined(M_LIVING)
/* Who is slow gets a successor, and goes on. */
#define DIES_THERE false
#define STEP(name) if :: deaths > 0 -> SAY(succeeded); deaths--; run seat(g, me, id, 1) :: true fi; SAY(name)
#else
#define DIES_THERE deaths > 0 -> SAY(dies); deaths--; goto died
#define STEP(name) if :: deaths > 0 -> SAY(dies); deaths--; goto died :: SAY(name) fi
#endif
#define FENCE(name)

#define bump(s) \
    if \
    :: event_word[s] == LOADED -> event_word[s] = BUMPED \
    :: else \
    fi

/* ---- waking others: seat.c, layout.c ---- */

#ifdef M_NO_BUMP
#define WAKE(s) skip
#else
#define WAKE(s) STEP(EVENT_BUMP); bump(s)
#endif

/* Who finds the bit gone looks again: somebody else wakes that one. */
#define wake_one(group, words, mask) \
    do \
    :: atomic { \
        STEP(PARK_LOOK); \
        bits = words[group] & (mask); \
        if \
        :: bits == 0 -> break \
        :: else -> index = (bits & 1 -> 0 : (bits & 2 -> 1 : 2)); bits = 0 \
        fi \
       }; \
       atomic { \
        STEP(PARK_CLEAR); \
        bits = words[group] & (1 << index); \
        words[group] = words[group] & (7 - (1 << index)) \
       }; \
       if \
       :: bits == 0 -> index = 0 \
       :: else -> \
          atomic { \
            WAKE(FIRST(group) + index); \
            bits = 0; \
            index = 0; \
            break \
          } \
       fi \
    od

inline wake_group(group)
{
    do
    :: index < SEATS(group) ->
       atomic {
        STEP(EVENT_BUMP);
        bump(FIRST(group) + index);
        index++
       }
    :: else -> index = 0; break
    od
}

inline wake_around()
{
#if PARKING
    FENCE(WAKE_FENCE)
#ifndef M_WAKE_NOT_OWN
    wake_group(g);
#endif
    if
    :: !IS_SOURCE(g) -> wake_group(PRODUCER(g))
    :: else
    fi;
#ifdef MERGE
    if
    :: g == 2 -> wake_group(0)
    :: else
    fi;
#endif
    do
    :: p < PORTS_OF(g) -> wake_group(CONSUMER(g, p)); p++
    :: else -> p = 0; break
    od
#else
    skip
#endif
}

/* ---- edge.c ---- */

/* Looks in ring r for the first part of number n. */
inline look_for()
{
    atomic {
        STEP(TAIL_LOAD);
        t = tail_word[FIRST_RING(edge) + r];
        if
        :: head[r] + K < t -> head[r] = t - K
        :: else
        fi;
        q = head[r];
        found = NONE
    };
    do
    :: q >= t -> atomic { q = 0; t = 0; r++; break }
#ifdef M_CLAIM_FIRST
    :: q < t -> atomic { STEP(CLAIM_LOAD); c = claim_word[SLOT(FIRST_RING(edge) + r, q)] };
       atomic {
        STEP(NUMBER_LOAD);
        num = number_word[SLOT(FIRST_RING(edge) + r, q)];
#else
    :: q < t -> atomic { STEP(NUMBER_LOAD); num = number_word[SLOT(FIRST_RING(edge) + r, q)] };
       atomic {
        STEP(CLAIM_LOAD);
        c = claim_word[SLOT(FIRST_RING(edge) + r, q)];
#endif
        if
#ifdef M_LAP_NOT_COMPARED
        :: N_OF(num) < n ->
#else
        :: LAP(c) != q / K || N_OF(num) < n ->
#endif
           head[r] = q + 1; /* released, or started before n */
           q++;
           num = 0;
           c = 0
        :: else ->
           if
           :: N_OF(num) > n -> found = NONE; num = 0
           :: N_OF(num) == n && PART_OF(num) != 0 -> found = STALE; num = 0
           :: else ->
              found = (IS_TAKEN(c) -> TAKEN_BY : READY);
              ring = FIRST_RING(edge) + r;
              position = q
           fi;
           c = 0;
           q = 0;
           t = 0;
           r++;
           break
        fi
       }
    od
}

/* ring.c: weir__ring_take. The ghosts see to it that numbers are started once, in order, all parts by one seat. */
inline ring_take()
{
    STEP(CLAIM_TAKE);
    if
#ifdef M_NO_CAS
    :: true ->
#else
#ifdef M_LAP_NOT_COMPARED
    :: !IS_TAKEN(claim_word[SLOT(ring, position)]) ->
#else
    :: claim_word[SLOT(ring, position)] == EMPTY(position / K) ->
#endif
#endif
       assert(number_word[SLOT(ring, position)] == num);
       claim_word[SLOT(ring, position)] = TAKEN(position / K, me);
       has_input = 1;
       if
       :: PART_OF(num) == 0 ->
          assert(started[edge] == N_OF(num));
          started[edge] = N_OF(num) + 1;
          first_by[edge] = first_by[edge] | (me << (N_OF(num) * 2))
       :: else -> assert(FIRST_BY(num) == me)
       fi
    :: else
    fi
}

inline advance(from)
{
    if
    :: next_word[edge] == from -> next_word[edge] = from + 1
    :: else
    fi
}

inline take_ordered()
{
    atomic { STEP(NEXT_LOAD); n = next_word[edge]; found = NONE };
    do
    :: do
       :: r < SEATS(PRODUCER(edge)) && found == NONE -> look_for()
       :: else -> r = 0; break
       od;
       if
       :: found == READY ->
          atomic { ring_take() };
          if
#ifndef M_RELEASE_FIRST
          :: has_input -> atomic { STEP(NEXT_ADVANCE); advance(n); n = 0; found = NONE; event_is = READY; break }
#else
          :: has_input -> atomic { n = 0; found = NONE; event_is = READY; break }
#endif
          :: else -> atomic { ring = 0; position = 0; num = 0 }
          fi
       :: found == TAKEN_BY -> atomic { STEP(NEXT_HELP); advance(n); ring = 0; position = 0; num = 0 }
       :: else
       fi;
       atomic {
        STEP(NEXT_LOAD);
        if
        :: found == NONE && next_word[edge] == n -> n = 0; event_is = NONE; break
        :: else -> n = next_word[edge]; found = NONE
        fi
       }
    od
}

#ifdef MERGE
/* The rings of both feeds: what is EMPTY will do. */
inline take_any()
{
    event_is = NONE;
    do
    :: r < S0 + S1 && event_is == NONE ->
       atomic {
        STEP(TAIL_LOAD);
        t = tail_word[r];
        if
        :: head[r] + K < t -> head[r] = t - K
        :: else
        fi;
        q = head[r]
       };
       do
       :: q < t && event_is == NONE ->
          atomic {
            STEP(NUMBER_LOAD);
            num = number_word[SLOT(r, q)];
            ring = r;
            position = q;
            edge = (r < S0 -> 0 : 2)
          };
          atomic {
            ring_take();
            if
            :: has_input -> event_is = READY
            :: else ->
               head[r] = (q == head[r] -> q + 1 : head[r]);
               q++;
               num = 0;
               ring = 0;
               position = 0;
               edge = 2
            fi
          }
       :: else -> q = 0; t = 0; break
       od;
       r++
    :: else -> r = 0; break
    od
}
#endif

/* weir__edge_take_part: the part behind the one whose place the ledger holds. */
inline take_part()
{
    atomic {
        STEP(TAIL_LOAD);
        event_is = (now.input_position + 1 < tail_word[now.input_ring] -> READY : NONE);
        /* what stands there is a part, or nothing ever will */
        assert(event_is == NONE || PART_OF(number_word[SLOT(now.input_ring, now.input_position + 1)]) > 0)
    };
    if
    :: event_is == READY ->
       atomic {
        ring = now.input_ring;
        position = now.input_position + 1;
        num = number_word[SLOT(ring, position)];
        ring_take();
        if
        :: has_input -> STEP(NUMBER_LOAD)
        :: else -> ring = 0; position = 0; num = 0; event_is = NONE
        fi
       }
    :: else
    fi
}

/* Whether there is something to take, for wake_sibling. What look_for finds is not kept. */
inline has_more()
{
    keep_ring = ring;
    keep_position = position;
    keep_num = num;
    atomic { STEP(NEXT_LOAD); n = next_word[edge]; found = NONE };
    do
    :: r < SEATS(PRODUCER(edge)) && found != READY -> look_for()
    :: else -> break
    od;
    atomic {
        ring = keep_ring;
        position = keep_position;
        num = keep_num;
        keep_ring = 0;
        keep_position = 0;
        keep_num = 0;
        n = 0;
        r = 0
    }
}

/* weir__edge_find_taken, for a successor. The look is one step: what is TAKEN by this seat no other changes. */
inline find_taken()
{
    atomic {
        STEP(CLAIM_LOAD);
        do
        :: r < SEATS(PRODUCER(edge)) * K ->
           c = claim_word[AT(edge, r)];
           if
           :: IS_TAKEN(c) && TAKER(c) == me ->
              STEP(NUMBER_LOAD);
              ring = FIRST_RING(edge) + r / K;
              position = LAP(c) * K + r % K;
              num = number_word[SLOT(ring, position)];
              has_input = 1;
              break
           :: else -> r++
           fi
        :: else -> break
        od;
        r = 0;
        c = 0
    };
#ifndef M_NO_HELP
    if
    :: has_input && PART_OF(num) == 0 && IS_ORDERED(g) -> atomic { STEP(NEXT_HELP); advance(N_OF(num)) }
    :: else
    fi
#endif
}

/* ---- waiting: seat.c ---- */

/* The words of all seats of a group: `yes` if each is set. */
#define all_of(word, group, step, yes) \
    yes = 1; \
    do \
    :: index < SEATS(group) && yes -> \
       atomic { \
        STEP(step); \
        yes = word[FIRST(group) + index]; \
        index++ \
       } \
    :: else -> index = 0; break \
    od

#ifdef ENOUGH
#define IS_DONE(g, s) ((s) >= SEATS(g) || done_word[FIRST(g) + (s)])
#define ALL_DONE(g) (IS_DONE(g, 0) && IS_DONE(g, 1) && IS_DONE(g, 2))
#else
#define ALL_DONE(g) false
#endif

/* unwanted(): the readers of rejects have no say. */
inline look_whether_wanted()
{
    event_is = NONE;
#ifdef ENOUGH
    if
    :: g < SINK ->
       all_of(done_word, CONSUMER(g, 0), DONE_LOAD, flag);
       if
       :: flag -> event_is = UNWANTED; flag = 0
       :: else
       fi
    :: else
    fi
#endif
}

inline edge_take()
{
#ifdef MERGE
    if
    :: g == 2 -> take_any()
    :: else -> take_ordered()
    fi
#else
    take_ordered()
#endif
}

inline look_whether_closed()
{
    all_of(closed_word, PRODUCER(g), CLOSED_LOAD, flag);
#ifdef MERGE
    if
    :: g == 2 && flag -> all_of(closed_word, 0, CLOSED_LOAD, flag)
    :: else
    fi
#endif
}

inline look_for_input()
{
#ifdef M_PART_WAITS_ON
    event_is = NONE;
    if
    :: !now.expects_part -> look_whether_wanted()
    :: else
    fi;
#else
    look_whether_wanted();
#endif
    if
    :: event_is == UNWANTED
    :: event_is == NONE && now.expects_part -> take_part()
    :: event_is == NONE && !now.expects_part ->
#ifdef M_RINGS_FIRST
       edge_take();
       look_whether_closed();
#else
       look_whether_closed();
       edge_take();
#endif
       if
       :: event_is == NONE && flag -> event_is = PILL
       :: else
       fi;
       flag = 0
    fi
}

#define SLOT_IS_FREE (claim_word[SLOT(RING_OF(id, me, p), now.tail[p])] == EMPTY(now.tail[p] / K))

/* Secures what is not secured yet, port after port. */
#if PARKING
inline look_for_slots()
{
    event_is = READY;
    do
    :: p >= PORTS_OF(g) -> p = 0; break
    :: p < PORTS_OF(g) && secured[p] -> p++
    :: p < PORTS_OF(g) && !secured[p] ->
       atomic { STEP(CLAIM_LOAD); flag = SLOT_IS_FREE };
#ifdef ENOUGH
       if
       :: !flag -> all_of(done_word, CONSUMER(g, p), DONE_LOAD, flag)
       :: else
       fi;
#endif
       atomic {
        if
        :: flag -> secured[p] = 1; flag = 0; p++
        :: else -> event_is = NONE; p = 0; break
        fi
       }
    od
}
#else
/* To look in vain changes nothing: it looks when it is not in vain. */
inline look_for_slots()
{
    do
    :: p >= PORTS_OF(g) -> p = 0; event_is = READY; break
    :: p < PORTS_OF(g) && secured[p] -> p++
    :: p < PORTS_OF(g) && !secured[p] ->
       atomic {
        if
        :: SLOT_IS_FREE || ALL_DONE(CONSUMER(g, p))
        :: DIES_THERE
        fi;
        STEP(CLAIM_LOAD);
        secured[p] = 1;
        p++
       }
    od
}
#endif

inline sleep()
{
    atomic {
        if
        :: event_word[id] == BUMPED -> event_word[id] = IDLE
        :: DIES_THERE
        fi
    }
}

#define park_set(words) atomic { STEP(PARK_SET); words[g] = words[g] | (1 << me) }

#ifdef M_NO_SECOND_LOOK
#define SECOND_LOOK(look)
#define LOOK_AWAKE(look) \
    look(); \
    if \
    :: event_is != NONE -> event_word[id] = IDLE; break \
    :: else \
    fi
#else
#define SECOND_LOOK(look) look();
#define LOOK_AWAKE(look) skip
#endif

#define LOAD_EVENT \
    atomic { STEP(EVENT_LOAD); event_word[id] = LOADED }
#define SET_BIT(words, sets) \
    if \
    :: sets -> park_set(words) \
    :: else \
    fi
#ifdef M_BIT_FIRST
#define ARM(words, sets) SET_BIT(words, sets); LOAD_EVENT
#else
#define ARM(words, sets) LOAD_EVENT; SET_BIT(words, sets)
#endif

/* wait_for(): one look, and from then on load, bit, fence, look, sleep. `sets`: whether there is a bit to set. */
#if PARKING
#define wait_for(look, words, sets) \
    look(); \
    if \
    :: event_is == NONE -> \
       do \
       :: true -> \
          ARM(words, sets); \
          FENCE(PARK_FENCE) \
          SECOND_LOOK(look) \
          if \
          :: event_is != NONE -> event_word[id] = IDLE; break \
          :: else -> sleep() \
          fi; \
          LOOK_AWAKE(look) \
       od; \
       if \
       :: sets -> atomic { STEP(PARK_CLEAR); words[g] = words[g] & (7 - (1 << me)) } \
       :: else \
       fi \
    :: else \
    fi
#else
/* Without parking: to look in vain changes nothing, so it looks when it is not in vain, or just no more. */
#define CLOSED(g, s) ((s) >= SEATS(g) || closed_word[FIRST(g) + (s)])
#define ALL_CLOSED(g) (CLOSED(g, 0) && CLOSED(g, 1) && CLOSED(g, 2))
#define BEGINS_ON(edge) (BEGINS(edge, 0) || BEGINS(edge, 1) || BEGINS(edge, 2) || BEGINS(edge, 3))
#ifdef MERGE
#define INPUT_BEGINS (g == 2 -> ANY_LEFT(0) || ANY_LEFT(2) : BEGINS_ON(g))
#define INPUT_CLOSED (ALL_CLOSED(PRODUCER(g)) && (g != 2 || ALL_CLOSED(0)))
#else
#define INPUT_BEGINS BEGINS_ON(g)
#define INPUT_CLOSED ALL_CLOSED(PRODUCER(g))
#endif
#ifdef M_PART_WAITS_ON
#define WANTED_NO_MORE (g < SINK && !now.expects_part && ALL_DONE(CONSUMER(g, 0)))
#else
#define WANTED_NO_MORE (g < SINK && ALL_DONE(CONSUMER(g, 0)))
#endif
#define WORTH_A_LOOK \
    ((now.expects_part -> now.input_position + 1 < tail_word[now.input_ring] : INPUT_BEGINS || INPUT_CLOSED) || \
     WANTED_NO_MORE)

#define wait_for(look, words, sets) \
    do \
    :: true -> \
       await(look); \
       look(); \
       if \
       :: event_is != NONE -> break \
       :: else \
       fi \
    od
#endif
#define await(look) AWAIT_##look
#define AWAIT_look_for_slots skip
#define AWAIT_look_for_pardon \
    atomic { \
        if \
        :: ALL_DONE(CONSUMER(g, 0)) \
        :: DIES_THERE \
        fi \
    }
#define AWAIT_look_for_input \
    atomic { \
        if \
        :: WORTH_A_LOOK \
        :: DIES_THERE \
        fi \
    }

#ifdef M_PART_BIT
#define TAKE_SETS 1
#else
#define TAKE_SETS (!now.expects_part)
#endif

inline seat_take()
{
    wait_for(look_for_input, parked_in, TAKE_SETS);
#if PARKING && !defined(M_NO_SIBLING)
    if
    :: event_is == READY && SEATS(g) > 1 ->
       FENCE(WAKE_FENCE)
       has_more();
       if
       :: found == READY -> found = NONE; wake_one(g, parked_in, 7)
       :: else -> found = NONE
       fi
    :: else
    fi
#endif
}

inline secure()
{
    wait_for(look_for_slots, parked_out, true);
    event_is = NONE
}

/* ---- committing: seat.c ---- */

/* One step: what is TAKEN by this seat no other changes. */
inline ring_release()
{
    atomic {
        STEP(CLAIM_LOAD);
        c = claim_word[SLOT(now.input_ring, now.input_position)];
        if
#ifdef M_LAP_NOT_COMPARED
        :: IS_TAKEN(c) && TAKER(c) == me ->
#else
        :: c == TAKEN(now.input_position / K, me) ->
#endif
           STEP(CLAIM_RELEASE);
           claim_word[SLOT(now.input_ring, now.input_position)] = EMPTY(now.input_position / K + 1)
        :: else
        fi;
        c = 0
    }
}

inline close_seat()
{
    if
    :: now.last -> atomic { STEP(CLOSED_STORE); closed_word[id] = 1 }
    :: else
    fi
}

/* Only repeats what the committed copy says. */
inline commit_tail()
{
#ifdef M_CLOSED_FIRST
    close_seat();
#endif
    do
    :: p < PORTS_OF(g) -> atomic { STEP(TAIL_PUBLISH); tail_word[RING_OF(id, me, p)] = now.tail[p]; p++ }
    :: else -> p = 0; break
    od;
#ifdef M_RELEASE_BEFORE_DONE
    if
    :: now.input_done -> ring_release()
    :: else
    fi;
#endif
    if
    :: now.done -> atomic { STEP(DONE_STORE); done_word[id] = 1 }
    :: else
    fi;
#ifndef M_RELEASE_BEFORE_DONE
    if
    :: now.input_done -> ring_release()
    :: else
    fi;
#endif
#ifndef M_CLOSED_FIRST
    close_seat()
#else
    skip
#endif
}

#if PORTS == 2
#define OUTPUTS(to, from) \
    to.tail[0] = from.tail[0]; to.tail[1] = from.tail[1]; to.part[0] = from.part[0]; to.part[1] = from.part[1]
#else
#define OUTPUTS(to, from) to.tail[0] = from.tail[0]; to.part[0] = from.part[0]
#endif
#define FIRST_HALF(to, from) \
    OUTPUTS(to, from); to.number = from.number; to.passed = from.passed; to.wrote = from.wrote
#define SECOND_HALF(to, from) \
    to.input_done = from.input_done; to.expects_part = from.expects_part; to.enough = from.enough; \
    to.last = from.last; to.done = from.done; to.input_ring = from.input_ring; to.input_position = from.input_position
#define READ_LEDGER FIRST_HALF(now, valid[id]); SECOND_HALF(now, valid[id])

/* A source of two seats gives every second number. */
#ifdef MERGE
#define STRIDE(g) 1
#define OFFSET(g) 0
#define OWN_NUMBERS(g) ((g) <= 2)
#else
#define STRIDE(g) S0
#define OFFSET(g) me
#define OWN_NUMBERS(g) ((g) == 0)
#endif

/* label(): the header of a secured slot. It is ours, and nobody reads it: a group that is done does not. */
inline label()
{
    STEP(NUMBER_STORE);
    assert(!IS_TAKEN(claim_word[SLOT(RING_OF(id, me, p), now.tail[p])]) || done_word[FIRST(CONSUMER(g, p))]);
    number_word[SLOT(RING_OF(id, me, p), now.tail[p])] =
        NUMBER((IS_SOURCE(g) && !now.last -> now.number * STRIDE(g) + OFFSET(g) : now.number), now.part[p], ends);
    followed = followed || now.part[p] > 0;
    now.part[p]++;
    now.tail[p]++;
    secured[p] = 0;
    published[p] = 1
}

/* weir__seat_commit(). `ends`: the number is complete with this; `wrote_aside`: there is something for port 1. */
inline seat_commit()
{
    do
    :: p < PORTS_OF(g) && secured[p] && (p == 0 || ends || wrote_aside) -> atomic { label(); p++ }
    :: p < PORTS_OF(g) && !(secured[p] && (p == 0 || ends || wrote_aside)) -> p++
    :: p >= PORTS_OF(g) ->
       atomic {
        p = 0;
        wrote_aside = 0;
        if
        :: ends ->
           now.part[0] = 0;
           now.part[PORTS - 1] = 0;
           now.number = (OWN_NUMBERS(g) -> now.number + 1 : 0)
        :: else
        fi;
        /* what nobody looks at any more */
        if
        :: !now.input_done && !now.expects_part -> now.input_ring = 0; now.input_position = 0
        :: else
        fi;
        break
       }
    od;
#ifdef M_ONE_COPY
    atomic { STEP(SEQUENCE_COMMIT); FIRST_HALF(valid[id], now) };
#endif
    atomic {
        STEP(SEQUENCE_COMMIT);
        FIRST_HALF(valid[id], now);
        SECOND_HALF(valid[id], now);
        if
        :: now.input_done ->
           /* the bytes in hand were still the ones that were taken, and are committed once */
           assert(number_word[SLOT(ring, position)] == num);
           assert((finished[edge] & FINISHED_BIT(num)) == 0);
           finished[edge] = finished[edge] | FINISHED_BIT(num)
        :: else
        fi
    };
    commit_tail();
#if PARKING
    do
    :: p < PORTS_OF(g) && published[p] ->
       FENCE(WAKE_FENCE)
#ifndef M_PART_WAKES_ONE
       if
       :: followed -> wake_group(CONSUMER(g, p))
       :: else -> wake_one(CONSUMER(g, p), parked_in, 7)
       fi;
#else
       wake_one(CONSUMER(g, p), parked_in, 7);
#endif
       p++
    :: p < PORTS_OF(g) && !published[p] -> p++
    :: p >= PORTS_OF(g) -> p = 0; break
    od;
    if
    :: now.input_done ->
       FENCE(WAKE_FENCE)
       wake_one(PRODUCER(edge), parked_out, 1 << (now.input_ring - FIRST_RING(edge)))
    :: else
    fi;
#endif
    atomic {
        if
        :: now.input_done ->
           now.input_done = 0;
           has_input = 0;
           ring = 0;
           position = 0;
           num = 0
        :: else
        fi;
        if
        :: !now.expects_part -> now.input_ring = 0; now.input_position = 0; edge = g
        :: else
        fi;
        published[0] = 0;
        published[PORTS - 1] = 0;
        followed = 0;
        ends = 0
    };
#ifndef M_NO_END_WAKE
    if
    :: now.last || now.done -> wake_around()
    :: else
    fi
#endif
}

/* ---- crew.c, worker.c ---- */

/*
 * SLOW: a seat works for as long as another is free and could begin the next number: a worker of two for the other one,
 * a source between two parts for either sink behind it. If nobody wakes that one, this is for ever, and the search ends
 * in it. So: "never is there something to take, everybody parked, and no wake pending".
 */
#ifdef LATE
#define NOT_YET (tail_word[1] == 0)
#else
#define NOT_YET false
#endif
#ifdef SLOW
#define WAITS(edge, x) \
    ((x) < SEATS(PRODUCER(edge)) * K && !IS_TAKEN(claim_word[AT(edge, x)]) && BEGINS(edge, x))
#define SOMETHING_WAITS(edge) (WAITS(edge, 0) || WAITS(edge, 1) || WAITS(edge, 2) || WAITS(edge, 3))
#define HOLDS(edge, x, seat) \
    ((x) < SEATS(PRODUCER(edge)) * K && claim_word[AT(edge, x)] % 8 == 1 + (seat))
#define FREE(g, seat) \
    (!closed_word[FIRST(g) + seat] && !valid[FIRST(g) + seat].expects_part && !HOLDS(g, 0, seat) && \
     !HOLDS(g, 1, seat) && !HOLDS(g, 2, seat) && !HOLDS(g, 3, seat))
#define OTHER_SHOULD_BEGIN (SEATS(g) == 2 && SOMETHING_WAITS(g) && FREE(g, (1 - me)))
#define SINK_SHOULD_BEGIN \
    (now.part[0] > 0 && (NOT_YET || SOMETHING_WAITS((g + 1)) && (FREE((g + 1), 0) || FREE((g + 1), 1))))
#define WHILE(condition) \
    atomic { \
        if \
        :: !(condition) \
        :: DIES_THERE \
        fi \
    }
#else
#define WHILE(condition) skip
#endif

/* The source's numbers, each in PARTS parts; `now.part` says how far it is. */
inline produce()
{
    secure();
    WHILE(SINK_SHOULD_BEGIN);
    ends = (now.part[0] + 1 == PARTS_OF(now.number));
    seat_commit()
}

/* A batch in hand, to its release. Group 1 with SPLIT commits in the middle. Even numbers give something for port 1. */
inline process()
{
    atomic { now.number = (OWN_NUMBERS(g) -> now.number : N_OF(num)); now.expects_part = 0 };
    secure();
    WHILE(OTHER_SHOULD_BEGIN);
#ifdef SPLIT
    if
    :: g == 1 && !now.passed ->
       now.passed = 1;
       wrote_aside = (N_OF(num) % 2 == 0);
       seat_commit();
       secure()
    :: else
    fi;
#endif
#ifdef FAILING
    if
    :: g == 1 && N_OF(num) == FAILING && PART_OF(num) == FAILING_PART -> goto failed
    :: else
    fi;
#endif
    atomic {
        if
        :: g >= SINK && SEATS(g) == 1 && IS_ORDERED(g) ->
           /* everything, once, in order: what it wrote ends where this begins */
           assert(now.wrote == N_OF(num) * 8 + PART_OF(num));
           now.wrote = (LAST_OF(num) -> (N_OF(num) + 1) * 8 : now.wrote + 1)
        :: else
        fi;
        now.passed = 0;
        now.input_done = 1;
        now.input_ring = ring;
        now.input_position = position;
        now.expects_part = !LAST_OF(num);
        ends = LAST_OF(num);
        wrote_aside = (N_OF(num) % 2 == 0);
#ifdef ENOUGH
        assert(g != LIMIT || !now.enough);
        assert(g != LIMIT || N_OF(num) <= ENOUGH);
        if
        :: g == LIMIT && N_OF(num) == ENOUGH ->
#ifndef M_ENOUGH_FORGOTTEN
           now.enough = 1;
#endif
           now.done = 1;
           ends = 1; /* no part will follow, whatever the input had left */
           now.expects_part = 0
        :: else
        fi
#endif
    };
    seat_commit();
#ifdef M_RELEASE_FIRST
    atomic { STEP(NEXT_ADVANCE); advance(next_word[edge]) }
#endif
}

/* The number that is begun and will get no further part: it ends here, for the readers of the rejects. */
inline end_number()
{
    secure();
    now.expects_part = 0;
    ends = 1;
    seat_commit()
}

inline finish(early)
{
    if
#ifndef M_NUMBER_OPEN
    :: early && now.expects_part -> end_number()
    :: early && !now.expects_part
#else
    :: early
#endif
    :: !early -> secure()
    fi;
    now.last = 1;
    now.done = early;
    if
    :: !OWN_NUMBERS(g) -> atomic { STEP(NEXT_LOAD); now.number = next_word[g] + me }
    :: OWN_NUMBERS(g) && IS_SOURCE(g) -> now.number = N + OFFSET(g)
    :: else
    fi;
    atomic {
        if
        :: early -> secured[0] = 0; secured[PORTS - 1] = 0
        :: else ->
           /* the end of the stream is never early */
           assert(IS_SOURCE(g) || !ANY_LEFT(g));
#ifdef MERGE
           assert(g != 2 || !ANY_LEFT(0) && started[0] == MADE(0));
#endif
#ifndef ENOUGH
           assert(IS_SOURCE(g) || started[g] == MADE(g));
#endif
           ends = 1
        fi
    };
    seat_commit()
}

/*
 * FAILING: group 1 fails in part FAILING_PART of that number, behind what SPLIT has committed of it. Somebody behind has
 * enough by then: so the failure is withdrawn, and the number passes empty.
 */
inline look_for_pardon()
{
    look_whether_wanted()
}

inline withdraw()
{
    atomic { STEP(FAILED_STORE); failed_word[id] = 1 };
    wait_for(look_for_pardon, parked_in, false);
    atomic {
        STEP(FAILED_STORE);
        failed_word[id] = 0;
        event_is = NONE;
        READ_LEDGER; /* weir__seat_roll_back */
        now.number = N_OF(num)
    };
    secure();
    atomic {
        now.passed = 0;
        now.input_done = 1;
#ifndef M_ABANDON_EXPECTS
        now.expects_part = 0;
#endif
        now.input_ring = ring;
        now.input_position = position;
        ends = 1
    };
    seat_commit()
}

inline seat_attach()
{
    atomic { STEP(SEQUENCE_LOAD); READ_LEDGER };
#ifndef M_NO_REDO
    commit_tail();
#endif
    atomic {
        now.input_done = 0;
        if
        :: !now.expects_part -> now.input_ring = 0; now.input_position = 0
        :: else
        fi
    };
#if PARKING && !defined(M_STALE_BITS)
    /* a bit that the dead has left would draw a wake that others need */
    atomic { STEP(PARK_CLEAR); parked_in[g] = parked_in[g] & (7 - (1 << me)) };
    atomic { STEP(PARK_CLEAR); parked_out[g] = parked_out[g] & (7 - (1 << me)) };
#endif
    if
    :: !IS_SOURCE(g) -> find_taken()
    :: else
    fi;
#ifdef MERGE
    if
    :: g == 2 && !has_input ->
       edge = 0;
       find_taken();
       edge = (has_input || now.expects_part && now.input_ring < S0 -> 0 : 2)
    :: else
    fi;
#endif
    /* The first process of a seat wakes too, but nobody has been lost yet. */
#ifdef M_WAKE_BY_BITS
    if
    :: !IS_SOURCE(g) -> wake_one(PRODUCER(g), parked_out, 7)
    :: else
    fi;
    if
    :: g < SINK -> wake_one(CONSUMER(g, 0), parked_in, 7)
    :: else
    fi;
    wake_one(g, parked_in, 7)
#elif !defined(M_NO_RECOVERY_WAKE)
    wake_around()
#endif
}

proctype seat(byte g; byte me; byte id; bit again)
{
    ledger now;
    bit has_input, followed, flag, ends, wrote_aside;
    bit secured[PORTS], published[PORTS];
    byte ring, position, num;             /* the input in hand */
    byte edge;                            /* on which it came */
    byte head[MOST];
    byte n, r, t, q, c, p, bits, index;   /* of the functions above */
    byte keep_ring, keep_position, keep_num;
    mtype found = NONE, event_is = NONE;

attach:
    edge = g;
#ifdef LATE
    /* The second seat of the source begins when both behind it are asleep, and the first waits for it between parts.
     * The second seat behind begins when the first has taken something. */
    if
    :: g == 0 && me == 1 -> event_word[S0] == LOADED && event_word[S0 + 1] == LOADED
    :: g == 1 && me == 1 -> claim_word[0] != EMPTY(0)
    :: else
    fi;
#endif
    if
    :: again -> seat_attach()
    :: else /* a fresh ledger: nothing to redo, nothing in hand */
    fi;
    if
    :: now.last -> goto ended
    :: !now.last && now.enough -> event_is = UNWANTED; goto ending
    :: else
    fi;
work:
    if
    :: IS_SOURCE(g) ->
       look_whether_wanted();
       if
       :: event_is == UNWANTED || now.number * STRIDE(g) + OFFSET(g) >= N -> goto ending
       :: else -> produce(); goto work
       fi
    :: else ->
       if
       :: has_input -> event_is = READY
       :: else -> seat_take()
       fi;
       if
       :: event_is != READY -> goto ending
       :: else ->
          event_is = NONE;
          process();
          if
          :: now.enough -> event_is = UNWANTED; goto ending
          :: else -> goto work
          fi
       fi
    fi;
ending:
    if
    :: event_is == UNWANTED -> event_is = NONE; finish(1)
    :: else -> event_is = NONE; finish(0)
    fi;
    goto ended;
#ifdef FAILING
failed:
    withdraw();
    event_is = UNWANTED;
    goto ending;
#endif
died:
    atomic {
        again = 1;
        event_word[id] = IDLE;
        now.tail[0] = 0; now.tail[PORTS - 1] = 0; now.part[0] = 0; now.part[PORTS - 1] = 0;
        now.number = 0; now.passed = 0; now.wrote = 0; now.input_done = 0; now.expects_part = 0;
        now.enough = 0; now.last = 0; now.done = 0; now.input_ring = 0; now.input_position = 0;
        has_input = 0; followed = 0; flag = 0; ends = 0; wrote_aside = 0;
        secured[0] = 0; secured[PORTS - 1] = 0; published[0] = 0; published[PORTS - 1] = 0;
        ring = 0; position = 0; num = 0; edge = 0;
        head[0] = 0; head[1] = 0; head[2] = 0;
        n = 0; r = 0; t = 0; q = 0; c = 0; p = 0; bits = 0; index = 0;
        keep_ring = 0; keep_position = 0; keep_num = 0;
        found = NONE; event_is = NONE;
        goto attach
    };
ended:
    skip
}

init {
    byte g, me;
    atomic {
        do
        :: g < GROUPS_OF_RUN && me < SEATS(g) -> run seat(g, me, FIRST(g) + me, 0); me++
        :: g < GROUPS_OF_RUN && me >= SEATS(g) -> me = 0; g++
        :: g >= GROUPS_OF_RUN -> g = 0; break
        od
    }
}
