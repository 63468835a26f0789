/*
 * protocol.pml - rings, claims, next, ledger, recovery, parking and the ends of a stream, as coded.
 *
 * A run of up to four groups in a row: group 0 is the source, the last one is the sink. Each seat is a
 * process; where the code has a function, there is an inline of its name. A step is one access of a shared word: an
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
 *   fences     have no effect here: the model is sequentially consistent. They carry their names all the same
 *   parking    without it (PARKING 0) a seat waits by itself until a look is not in vain, so that larger worlds of
 *              rings can be searched
 *
 * A source of two seats does not exist; here one gives the even numbers and one the odd, in place of a layer of workers.
 *
 * A world is a set of -D: K (slots a ring), N (numbers), S0..S3 (seats a group), GROUPS, PARTS (of the source, a
 * number), SPLIT (a worker makes two parts of one input), DEATHS, PARKING, ENOUGH and LIMIT (the number
 * after which that group wants no more), FAILING (see there). A mutant is one more -D: M_...; see run.sh.
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

#define ALL (S0 + S1 + S2 + S3)
#define MOST 3 /* seats a group */
#define SINK (GROUPS - 1)
#define SEATS(g) ((g) == 0 -> S0 : ((g) == 1 -> S1 : ((g) == 2 -> S2 : S3)))
#define FIRST(g) ((g) == 0 -> 0 : ((g) == 1 -> S0 : ((g) == 2 -> S0 + S1 : S0 + S1 + S2)))
/* Numbers on the edge that group g reads: the source's, and one from `finish` of each seat before. */
#define TOTAL(g) (N + FIRST(g))

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

/* Slot x of those that group g reads. BEGINS: what is published there is the first part of next. */
#define AT(g, x) (FIRST(g - 1) * K + (x))
#define BEGINS(g, x) \
    ((x) < SEATS(g - 1) * K && N_OF(number_word[AT(g, x)]) == next_word[g] && PART_OF(number_word[AT(g, x)]) == 0 && \
     LAP(claim_word[AT(g, x)]) * K + (x) % K < tail_word[FIRST(g - 1) + (x) / K])

mtype = { NONE, READY, TAKEN_BY, STALE, PILL, UNWANTED };
#define IDLE 0
#define LOADED 1
#define BUMPED 2

byte tail_word[ALL];          /* a ring a seat: seat s of all owns ring s */
byte number_word[ALL * K];
byte claim_word[ALL * K];
byte next_word[GROUPS];
byte event_word[ALL];
byte parked_in[GROUPS];
byte parked_out[GROUPS];
bit closed_word[ALL];
bit done_word[ALL];
bit failed_word[ALL];

typedef ledger {
    byte tail;
    byte number;
    byte part;
    bit input_done;
    bit expects_part;
    bit enough;
    bit last;
    bit done;
    byte input_ring;
    byte input_position;
    bit cursor; /* SPLIT: the first part of the output is committed */
    byte wrote; /* a sink: what its file holds, as the number and part that belong behind it */
};
ledger valid[ALL];

/* ---- what only the check knows ---- */

byte deaths = DEATHS;
byte started[GROUPS];           /* numbers whose first part was taken */
int finished[GROUPS];           /* a bit an input part whose transaction is committed */
int first_by[GROUPS];           /* two bits a number: who took the first part */

#define FINISHED_BIT(num) (1 << (N_OF(num) * 2 + PART_OF(num)))
#define FIRST_BY(num) ((first_by[g] >> (N_OF(num) * 2)) & 3)

/* ---- steps ---- */

/* Printed when a trail is replayed. */
#define SAY(name) printf("seat %d.%d ", g, me); printf(#name); printf("\n")
#if DEATHS > 0
#define DIES_THERE deaths > 0 -> SAY(dies); deaths--; goto died
#define STEP(name) if :: deaths > 0 -> SAY(dies); deaths--; goto died :: SAY(name) fi
#else
#define DIES_THERE false
#define STEP(name) SAY(name)
#endif

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
    :: atomic {
        index < SEATS(group) ->
        STEP(EVENT_BUMP);
        bump(FIRST(group) + index);
        index++
       }
    :: atomic { index >= SEATS(group) -> index = 0; break }
    od
}

inline wake_around()
{
#if PARKING
    /* STEP(WAKE_FENCE) stands before */
#ifndef M_WAKE_NOT_OWN
    wake_group(g);
#endif
    if
    :: g > 0 -> wake_group(g - 1)
    :: else
    fi;
    if
    :: g < SINK -> wake_group(g + 1)
    :: else
    fi
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
        t = tail_word[FIRST(g - 1) + r];
        if
        :: head[r] + K < t -> head[r] = t - K
        :: else
        fi;
        q = head[r];
        found = NONE
    };
    do
    :: atomic { q >= t -> q = 0; t = 0; break }
#ifdef M_CLAIM_FIRST
    :: atomic { q < t -> STEP(CLAIM_LOAD); c = claim_word[SLOT(FIRST(g - 1) + r, q)] };
       atomic {
        STEP(NUMBER_LOAD);
        num = number_word[SLOT(FIRST(g - 1) + r, q)];
#else
    :: atomic { q < t -> STEP(NUMBER_LOAD); num = number_word[SLOT(FIRST(g - 1) + r, q)] };
       atomic {
        STEP(CLAIM_LOAD);
        c = claim_word[SLOT(FIRST(g - 1) + r, q)];
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
              ring = FIRST(g - 1) + r;
              position = q
           fi;
           c = 0;
           q = 0;
           t = 0;
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
          assert(started[g] == N_OF(num));
          started[g] = N_OF(num) + 1;
          first_by[g] = first_by[g] | (me << (N_OF(num) * 2))
       :: else -> assert(FIRST_BY(num) == me)
       fi
    :: else
    fi
}

inline advance(from)
{
    if
    :: next_word[g] == from -> next_word[g] = from + 1
    :: else
    fi
}

inline take_ordered()
{
    atomic { STEP(NEXT_LOAD); n = next_word[g]; r = 0; found = NONE };
    do
    :: do
       :: r < SEATS(g - 1) && found == NONE ->
          look_for();
          r++
       :: else -> r = 0; break
       od;
       if
       :: found == READY ->
          atomic { ring_take() };
          if
          :: has_input ->
#ifndef M_RELEASE_FIRST
             atomic { STEP(NEXT_ADVANCE); advance(n); n = 0; found = NONE; event_is = READY; break }
#else
             atomic { n = 0; found = NONE; event_is = READY; break }
#endif
          :: else -> ring = 0; position = 0; num = 0
          fi
       :: found == TAKEN_BY ->
          atomic { STEP(NEXT_HELP); advance(n); ring = 0; position = 0; num = 0 }
       :: else
       fi;
       atomic {
        STEP(NEXT_LOAD);
        if
        :: found == NONE && next_word[g] == n -> n = 0; event_is = NONE; break
        :: else -> n = next_word[g]; found = NONE
        fi
       }
    od
}

/* weir__edge_take_part: the part behind the one whose place the ledger holds. */
inline take_part()
{
    atomic {
        STEP(TAIL_LOAD);
        event_is = (now.input_position + 1 < tail_word[now.input_ring] -> READY : NONE)
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
    atomic { STEP(NEXT_LOAD); n = next_word[g]; r = 0; found = NONE };
    do
    :: r < SEATS(g - 1) && found != READY ->
       look_for();
       r++
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
        r = 0;
        do
        :: r < SEATS(g - 1) * K ->
           c = claim_word[FIRST(g - 1) * K + r];
           if
           :: IS_TAKEN(c) && TAKER(c) == me ->
              STEP(NUMBER_LOAD);
              ring = FIRST(g - 1) + r / K;
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
    :: has_input && PART_OF(num) == 0 -> atomic { STEP(NEXT_HELP); advance(N_OF(num)) }
    :: else
    fi
#endif
}

/* ---- waiting: seat.c ---- */

/* The words of all seats of a group: `yes` if each is set. */
#define all_of(word, group, step, yes) \
    yes = 1; \
    do \
    :: atomic { \
        index < SEATS(group) && yes -> \
        STEP(step); \
        yes = word[FIRST(group) + index]; \
        index++ \
       } \
    :: atomic { !(index < SEATS(group) && yes) -> index = 0; break } \
    od

#ifdef ENOUGH
#define DONE_BEHIND (SEATS(g + 1) == 1 && done_word[FIRST(g + 1)] || \
                     SEATS(g + 1) == 2 && done_word[FIRST(g + 1)] && done_word[FIRST(g + 1) + 1])
#else
#define DONE_BEHIND false
#endif

inline look_whether_wanted()
{
#ifdef ENOUGH
    if
    :: g < SINK ->
       all_of(done_word, g + 1, DONE_LOAD, flag);
       if
       :: flag -> event_is = UNWANTED
       :: else
       fi;
       flag = 0
    :: else
    fi
#else
    skip
#endif
}

inline look_for_input()
{
    event_is = NONE;
#ifdef M_PART_WAITS_ON
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
       take_ordered();
       all_of(closed_word, g - 1, CLOSED_LOAD, flag);
#else
       all_of(closed_word, g - 1, CLOSED_LOAD, flag);
       take_ordered();
#endif
       if
       :: event_is == NONE && flag -> event_is = PILL
       :: else
       fi;
       flag = 0
    fi
}

#if PARKING
inline look_for_slot()
{
    atomic {
        STEP(CLAIM_LOAD);
        flag = (claim_word[SLOT(id, now.tail)] == EMPTY(now.tail / K))
    };
#ifdef ENOUGH
    if
    :: !flag -> all_of(done_word, g + 1, DONE_LOAD, flag)
    :: else
    fi;
#endif
    event_is = (flag -> READY : NONE);
    flag = 0
}
#else
/* To look in vain changes nothing: it looks when it is not in vain. */
inline look_for_slot()
{
    atomic {
        if
        :: claim_word[SLOT(id, now.tail)] == EMPTY(now.tail / K)
        :: DONE_BEHIND
        :: DIES_THERE
        fi;
        STEP(CLAIM_LOAD);
        event_is = READY
    }
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
#define WORTH_A_LOOK \
    ((now.expects_part -> now.input_position + 1 < tail_word[now.input_ring] : \
      BEGINS(g, 0) || BEGINS(g, 1) || BEGINS(g, 2) || BEGINS(g, 3) || \
      CLOSED(g - 1, 0) && CLOSED(g - 1, 1) && CLOSED(g - 1, 2)) || WANTED_NO_MORE)

#ifdef M_PART_WAITS_ON
#define WANTED_NO_MORE (g < SINK && !now.expects_part && DONE_BEHIND)
#else
#define WANTED_NO_MORE (g < SINK && DONE_BEHIND)
#endif

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
#define AWAIT_look_for_slot skip
#define AWAIT_look_for_pardon \
    atomic { \
        if \
        :: DONE_BEHIND \
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
       /* STEP(WAKE_FENCE) */
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
    if
    :: g < SINK && !secured ->
       wait_for(look_for_slot, parked_out, true);
       secured = 1;
       event_is = NONE
    :: else
    fi
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
    if
    :: g < SINK -> atomic { STEP(TAIL_PUBLISH); tail_word[id] = now.tail }
    :: else
    fi;
    if
    :: now.done -> atomic { STEP(DONE_STORE); done_word[id] = 1 }
    :: else
    fi;
    if
    :: now.input_done -> ring_release()
    :: else
    fi;
#ifndef M_CLOSED_FIRST
    close_seat()
#else
    skip
#endif
}

#define FIRST_HALF(to) \
    to.tail = now.tail; to.number = now.number; to.part = now.part; to.cursor = now.cursor; to.wrote = now.wrote
#define SECOND_HALF(to) \
    to.input_done = now.input_done; to.expects_part = now.expects_part; to.enough = now.enough; \
    to.last = now.last; to.done = now.done; to.input_ring = now.input_ring; to.input_position = now.input_position
#define CLEAN(x) \
    x.tail = 0; x.number = 0; x.part = 0; x.cursor = 0; x.wrote = 0; x.input_done = 0; x.expects_part = 0; \
    x.enough = 0; x.last = 0; x.done = 0; x.input_ring = 0; x.input_position = 0

#define READ_LEDGER \
    now.tail = valid[id].tail; now.number = valid[id].number; now.part = valid[id].part; \
    now.cursor = valid[id].cursor; now.wrote = valid[id].wrote; now.input_done = valid[id].input_done; \
    now.expects_part = valid[id].expects_part; now.enough = valid[id].enough; now.last = valid[id].last; \
    now.done = valid[id].done; now.input_ring = valid[id].input_ring; now.input_position = valid[id].input_position

/* weir__seat_commit(). What a publisher wakes follows the tail. */
/* `ends`: the number is complete with this. */
inline seat_commit()
{
    if
    :: secured ->
       atomic {
        STEP(NUMBER_STORE);
        /* the slot is ours: nobody reads it (a group that is done does not) */
        assert(!IS_TAKEN(claim_word[SLOT(id, now.tail)]) || done_word[FIRST(g + 1)]);
        number_word[SLOT(id, now.tail)] = NUMBER((g == 0 && !now.last -> now.number * S0 + me : now.number), now.part, ends);
        followed = now.part > 0;
        now.part++;
        now.tail++;
        secured = 0;
        published = 1
       }
    :: else
    fi;
    atomic {
        if
        :: ends -> now.part = 0; now.number = (g == 0 -> now.number + 1 : now.number)
        :: else
        fi;
        /* what nobody looks at any more */
        if
        :: !now.input_done && !now.expects_part -> now.input_ring = 0; now.input_position = 0
        :: else
        fi;
        if
        :: g > 0 && now.part == 0 -> now.number = 0
        :: else
        fi
    };
#ifdef M_ONE_COPY
    atomic { STEP(SEQUENCE_COMMIT); FIRST_HALF(valid[id]) };
#endif
    atomic {
        STEP(SEQUENCE_COMMIT);
        FIRST_HALF(valid[id]);
        SECOND_HALF(valid[id]);
        if
        :: now.input_done ->
           /* the bytes in hand were still the ones that were taken, and are committed once */
           assert(number_word[SLOT(ring, position)] == num);
           assert((finished[g] & FINISHED_BIT(num)) == 0);
           finished[g] = finished[g] | FINISHED_BIT(num)
        :: else
        fi
    };
    commit_tail();
#if PARKING
    if
    :: published ->
       /* STEP(WAKE_FENCE) */
#ifndef M_PART_WAKES_ONE
       if
       :: followed -> wake_group(g + 1)
       :: else -> wake_one(g + 1, parked_in, 7)
       fi
#else
       wake_one(g + 1, parked_in, 7)
#endif
    :: else
    fi;
    if
    :: now.input_done ->
       /* STEP(WAKE_FENCE) */
       wake_one(g - 1, parked_out, 1 << (now.input_ring - FIRST(g - 1)))
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
        :: !now.expects_part -> now.input_ring = 0; now.input_position = 0
        :: else
        fi;
        published = 0;
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
#ifdef SLOW
#define WAITS(g, x) ((x) < SEATS(g - 1) * K && !IS_TAKEN(claim_word[AT(g, x)]) && BEGINS(g, x))
#define SOMETHING_WAITS(g) (WAITS(g, 0) || WAITS(g, 1) || WAITS(g, 2) || WAITS(g, 3))
#define HOLDS(g, x, seat) ((x) < SEATS(g - 1) * K && claim_word[AT(g, x)] % 8 == 1 + (seat))
#define FREE(g, seat) \
    (!closed_word[FIRST(g) + seat] && !valid[FIRST(g) + seat].expects_part && !HOLDS(g, 0, seat) && \
     !HOLDS(g, 1, seat) && !HOLDS(g, 2, seat) && !HOLDS(g, 3, seat))
#define OTHER_SHOULD_BEGIN (SEATS(g) == 2 && SOMETHING_WAITS(g) && FREE(g, (1 - me)))
#define SINK_SHOULD_BEGIN (now.part > 0 && SOMETHING_WAITS((g + 1)) && (FREE((g + 1), 0) || FREE((g + 1), 1)))
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
    ends = (now.part + 1 == PARTS_OF(now.number));
    seat_commit()
}

inline process()
{
    now.number = N_OF(num);
    now.expects_part = 0;
    secure();
    WHILE(OTHER_SHOULD_BEGIN);
#ifdef SPLIT
    if
    :: g < SINK && !now.cursor ->
       now.cursor = 1;
       ends = 0;
       seat_commit();
       now.number = N_OF(num);
       secure()
    :: else
    fi;
#ifdef FAILING
    if
    :: g == 1 && N_OF(num) == FAILING -> goto failed
    :: else
    fi;
#endif
#endif
    atomic {
        if
        :: g == SINK && S1 + S2 + S3 == S1 + (GROUPS == 2 -> 0 : S2) + S3 && SEATS(SINK) == 1 ->
           /* everything, once, in order: what it wrote ends where this begins */
           assert(now.wrote == N_OF(num) * 8 + PART_OF(num));
           now.wrote = (LAST_OF(num) -> (N_OF(num) + 1) * 8 : now.wrote + 1)
        :: else
        fi;
        now.cursor = 0;
        now.input_done = 1;
        now.input_ring = ring;
        now.input_position = position;
        now.expects_part = !LAST_OF(num)
    };
    ends = LAST_OF(num);
#ifdef ENOUGH
    if
    :: g == LIMIT && N_OF(num) == ENOUGH ->
       now.enough = 1;
#ifndef M_ENOUGH_OPEN
       ends = 1; /* no part will follow, whatever the input had left */
       now.expects_part = 0;
#endif
       now.done = 1
    :: else
    fi;
#endif
    seat_commit();
#ifdef M_RELEASE_FIRST
    atomic { STEP(NEXT_ADVANCE); advance(next_word[g]) }
#endif
}

inline finish(early)
{
    if
    :: early && now.expects_part ->
       /* a number is begun whose last part will not be waited for: it ends here */
       secure();
       now.expects_part = 0;
       ends = 1;
       seat_commit()
    :: early && !now.expects_part
    :: !early -> secure()
    fi;
    now.last = 1;
    now.done = early;
    if
    :: g > 0 -> atomic { STEP(NEXT_LOAD); now.number = next_word[g] + me }
    :: else -> now.number = N + me
    fi;
    if
    :: early -> secured = 0
    :: else -> 
#ifndef ENOUGH
       assert(started[g] == TOTAL(g) || g == 0)
#else
       skip
#endif
    fi;
    ends = 1;
    seat_commit()
}

/*
 * FAILING: the first group behind the source fails in that number, when a part of it is committed (SPLIT). The world has
 * somebody behind who has enough by then: so the failure is withdrawn, and the number passes empty.
 */
inline look_for_pardon()
{
    event_is = NONE;
    look_whether_wanted()
}

inline withdraw()
{
    atomic { STEP(FAILED_STORE); failed_word[id] = 1 };
    wait_for(look_for_pardon, parked_in, false);
    atomic { STEP(FAILED_STORE); failed_word[id] = 0 };
    atomic {
        event_is = NONE;
        READ_LEDGER;
        now.number = N_OF(num)
    };
    secure();
    atomic {
        now.cursor = 0;
        now.input_done = 1;
        now.expects_part = 0;
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
    :: g > 0 -> find_taken()
    :: else
    fi;
#ifndef M_NO_RECOVERY_WAKE
#ifdef M_WAKE_BY_BITS
    if
    :: again && g > 0 -> wake_one(g - 1, parked_out, 7)
    :: else
    fi;
    if
    :: again && g < SINK -> wake_one(g + 1, parked_in, 7)
    :: else
    fi;
    if
    :: again -> wake_one(g, parked_in, 7)
    :: else
    fi
#else
    /* The first process of a seat wakes too, but nobody has been lost yet. */
    if
    :: again -> wake_around()
    :: else
    fi
#endif
#endif
}

proctype seat(byte g; byte me; byte id)
{
    ledger now;
    bit has_input, secured, published, followed, flag, again, ends;
    byte ring, position, num;                /* the input in hand */
    byte head[MOST];
    byte n, r, t, q, c, bits, index, k;      /* of the functions above */
    byte keep_ring, keep_position, keep_num;
    mtype found = NONE, event_is = NONE;

attach:
    if
    :: again -> seat_attach()
    :: else /* a fresh ledger: nothing to redo, nothing in hand */
    fi;
    if
    :: now.last -> goto ended
    :: else
    fi;
    if
    :: now.enough -> event_is = UNWANTED; goto ending
    :: else
    fi;
work:
    if
    :: g == 0 ->
#ifdef ENOUGH
       all_of(done_word, 1, DONE_LOAD, flag);
       if
       :: flag -> flag = 0; event_is = UNWANTED; goto ending
       :: else
       fi;
#endif
       if
       :: now.number * S0 + me >= N -> goto ending
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
        CLEAN(now);
        has_input = 0; secured = 0; published = 0; followed = 0; flag = 0; ends = 0;
        ring = 0; position = 0; num = 0;
        head[0] = 0; head[1] = 0; head[2] = 0;
        n = 0; r = 0; t = 0; q = 0; c = 0; bits = 0; index = 0; k = 0;
        keep_ring = 0; keep_position = 0; keep_num = 0;
        found = NONE; event_is = NONE
    };
    goto attach;
ended:
    skip
}

init {
    byte g, me;
    atomic {
        do
        :: g < GROUPS && me < SEATS(g) -> run seat(g, me, FIRST(g) + me); me++
        :: g < GROUPS && me >= SEATS(g) -> me = 0; g++
        :: g >= GROUPS -> break
        od
    }
}
