/*
 * graph.pml - several readers of one port, and several inputs of one seat.
 *
 * Steps, deaths and successors are as in protocol.pml, whose comments hold here too. The worlds are other graphs:
 *
 *     BROADCAST   0 - {1, 2}        one port of the source, two readers: each slot has two claims
 *     FORK        0 = 1 - 2         two ports of the source meet again in a seat, which numbers anew; a sink
 *     MERGE       {0, 1} - 2        two sources, a sink of two inputs
 *     DIAMOND     0 - {1, 2} - 3    a port of two readers, and a sink of two inputs
 *
 * An edge has the number of its reader, or one more for the second input. A port's edges have claims of their own in
 * every slot. Where a group has two inputs, next of each edge is (number, part), and every part is taken for itself.
 * As in crew.c a transaction is: what comes next, secure, work, commit; here each of these stands once.
 *
 * A world is a set of -D beside its graph: K (slots a ring), N (numbers of a source), S1 (seats of group 1), PARTS (of
 * the source, a number), SPLIT (group 1 makes two parts of one input), DEATHS, ENOUGH and LIMIT (the number after which
 * that group wants no more), PARKING (for groups of one seat; without it a seat waits by itself until a look is not in
 * vain).
 */
#ifndef K
#define K 1
#endif
#ifndef N
#define N 1
#endif
#ifndef S1
#define S1 1
#endif
#ifndef PARTS
#define PARTS 1
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef LIMIT
#define LIMIT 1 /* the group that has enough */
#endif

/*
 * EDGES: one more than the last. FIRST_EDGE: of a group's first input. CLAIM_OF: which of a slot's claims. NEAR: one
 * reads the other, or both are one. MADE: numbers that come on an edge, the source's and one from `finish` of each seat
 * on the way.
 */
#if defined(BROADCAST)
#define GROUPS 3
#define EDGES 3
#define TWO_INPUTS 9 /* no such group */
#define RINGS 1
#define IS_SOURCE(g) ((g) == 0)
#define PORTS_OF(g) ((g) == 0 -> 1 : 0)
#define READERS 2
#define READERS_OF(g) 2
#define FIRST_EDGE(g) (g)
#define READER(edge) (edge)
#define PRODUCER(edge) 0
#define CLAIM_OF(edge) ((edge) - 1)
#define NEAR(g, h) ((g) == (h) || (g) == 0 || (h) == 0)
#define MADE(edge) (N + 1)
#elif defined(FORK)
#define GROUPS 3
#define EDGES 4
#define TWO_INPUTS 1
#define TWO_PORTS
#define RINGS 3
#define IS_SOURCE(g) ((g) == 0)
#define PORTS_OF(g) (2 - (g))
#define READERS 1
#define READERS_OF(g) 1
#define FIRST_EDGE(g) ((g) == 1 -> 1 : 3)
#define READER(edge) ((edge) == 3 -> 2 : 1)
#define PRODUCER(edge) ((edge) == 3 -> 1 : 0)
#define CLAIM_OF(edge) 0
#define NEAR(g, h) ((g) == (h) || (g) == 1 || (h) == 1)
/* Each part is a number of the seat's own. Of the second port odd numbers have PARTS parts, even ones one. */
#define MADE(edge) ((edge) == 3 -> N * PARTS + N / 2 * PARTS + (N + 1) / 2 + 3 : N + 1)
#elif defined(MERGE)
#define GROUPS 3
#define EDGES 3
#define TWO_INPUTS 2
#define RINGS 2
#define IS_SOURCE(g) ((g) < 2)
#define PORTS_OF(g) ((g) < 2 -> 1 : 0)
#define READERS 1
#define READERS_OF(g) 1
#define FIRST_EDGE(g) 1
#define READER(edge) 2
#define PRODUCER(edge) ((edge) - 1)
#define CLAIM_OF(edge) 0
#define NEAR(g, h) ((g) == (h) || (g) == 2 || (h) == 2)
#define MADE(edge) (N + 1)
#elif defined(DIAMOND)
#define GROUPS 4
#define EDGES 5
#define TWO_INPUTS 3
#define RINGS (2 + S1)
#define IS_SOURCE(g) ((g) == 0)
#define PORTS_OF(g) ((g) < 3 -> 1 : 0)
#define READERS 2
#define READERS_OF(g) ((g) == 0 -> 2 : 1)
#define FIRST_EDGE(g) (g)
#define READER(edge) ((edge) == 4 -> 3 : (edge))
#define PRODUCER(edge) ((edge) < 3 -> 0 : (edge) - 2)
#define CLAIM_OF(edge) ((edge) == 2 -> 1 : 0)
#define NEAR(g, h) ((g) + (h) != 3) /* not 0 and 3, nor 1 and 2 */
#define MADE(edge) (N + 1 + ((edge) == 3 -> S1 : ((edge) == 4 -> 1 : 0)))
#endif

#define SEATS(g) ((g) == 1 -> S1 : 1)
#define FIRST(g) ((g) < 2 -> (g) : (g) - 1 + S1)
#define ALL (GROUPS - 1 + S1)
#define INPUTS(g) ((g) == TWO_INPUTS -> 2 : 1)
#ifdef TWO_PORTS
#define PORTS 2
#define PORT_OF(edge) ((edge) == 2 -> 1 : 0)
#else
#define PORTS 1
#define PORT_OF(edge) 0
#endif
#define FROM_HERE(edge) (PRODUCER(edge) == g)
#define OWN_NUMBERS(g) (IS_SOURCE(g) || (g) == TWO_INPUTS)
#ifdef ENOUGH
/* With the sink of the diamond ends everything before it. */
#define ENDS_EARLY(edge) (READER(edge) == LIMIT || PRODUCER(edge) == LIMIT || LIMIT == 3)
#else
#define ENDS_EARLY(edge) false
#endif

/* ---- words ---- */

#define EMPTY(lap) ((lap)*4)
#define TAKEN(lap, seat) ((lap)*4 + 1 + (seat))
#define LAP(claim) ((claim) / 4)
#define IS_TAKEN(claim) ((claim) % 4 != 0)
#define TAKER(claim) ((claim) % 4 - 1)

#define NUMBER(n, part, last) ((n)*8 + (part)*2 + (last))
#define N_OF(number) ((number) / 8)
#define PART_OF(number) (((number) / 2) % 4)
#define LAST_OF(number) ((number) % 2)

/* What next is compared with, and what comes behind. */
#define PART_KEY(number) (N_OF(number) * 4 + PART_OF(number))
#define BEHIND_PART(number) (LAST_OF(number) -> N_OF(number) * 4 + 4 : PART_KEY(number) + 1)
#if defined(M_COUNTS_NUMBERS) || defined(M_WAITS_FOR_PARTS)
#define BY_PART false
#else
#define BY_PART (g == TWO_INPUTS)
#endif
#define KEY(number) (BY_PART -> PART_KEY(number) : N_OF(number))
#define BEHIND(number) (BY_PART -> (BEHIND_PART(number)) : N_OF(number) + 1)

/* A seat's ring has its number; that of a second port is the last. */
#define RING(id, p) ((p) == 0 -> (id) : RINGS - 1)
#define RING_AT(edge, r) (RING((FIRST(PRODUCER(edge)) + (r)), PORT_OF(edge)))
#define SLOT(ring, position) ((ring)*K + (position) % K)
#define CLAIM(ring, e, position) (((ring)*READERS + (e)) * K + (position) % K)

mtype = { NONE, READY, TAKEN_BY, STALE, PILL, UNWANTED };
mtype = { PRODUCE, PROCESS, DROP_PART, END_NUMBER, FINISH, LEAVE };
#define IDLE 0
#define LOADED 1
#define BUMPED 2

byte tail_word[RINGS];
byte number_word[RINGS * K];
byte claim_word[RINGS * READERS * K];
byte next_word[EDGES];
bit closed_word[ALL];
bit done_word[ALL];
#ifdef PARKING
byte event_word[ALL];
bit parked_in[GROUPS];
bit parked_out[GROUPS];
#endif

/* In the code input_ring tells the edge, too. */
typedef ledger {
    byte tail[PORTS];
    byte part[PORTS];
    byte number;
    bit input_done;
    bit expects_part;
    bit enough;
    bit last;
    bit done;
    byte input_edge;
    byte input_ring;
    byte input_position;
    bit passed; /* SPLIT: the first part of the output is published */
};
ledger valid[ALL];

/* ---- what only the check knows ---- */

byte deaths = DEATHS;
byte ended;
byte due[EDGES];               /* what is to be taken next: a number, or a number and part */
bit owed[RINGS * READERS * K]; /* taken, and its transaction not committed */

#define IS_DONE(h, s) ((s) >= SEATS(h) || done_word[FIRST(h) + (s)])
#define REALLY_DONE(h) (IS_DONE(h, 0) && IS_DONE(h, 1))
#define ALL_CAME(edge) (due[edge] == MADE(edge) * (READER(edge) == TWO_INPUTS -> 4 : 1))

/* ---- steps ---- */

#define SAY(name) printf("seat %d.%d ", g, me); printf(#name); printf("\n")
#if DEATHS == 0
#define DIES_THERE false
#define STEP(name) SAY(name)
#else
#define DIES_THERE deaths > 0 -> SAY(dies); deaths--; goto died
#define STEP(name) if :: deaths > 0 -> SAY(dies); deaths--; goto died :: SAY(name) fi
#endif
#define FENCE(name)

/* ---- waking: seat.c, layout.c ---- */

#ifdef PARKING
#define bump(s) event_word[s] = (event_word[s] == LOADED -> BUMPED : event_word[s])

/* Who finds the bit gone looks again. There is one bit: where a group has several seats, protocol.pml has them. */
#define wake_one(h, words) \
    do \
    :: atomic { STEP(PARK_LOOK); if :: !words[h] -> break :: else fi }; \
       atomic { STEP(PARK_CLEAR); flag = words[h]; words[h] = 0 }; \
       if \
       :: flag -> atomic { STEP(EVENT_BUMP); bump(FIRST(h)); flag = 0; break } \
       :: else \
       fi \
    od

#ifdef M_AROUND_FIRST_READER
#define WAKES(g, seat) (NEAR(g, seat) && !((g) == 0 && (seat) == 2))
#else
#define WAKES(g, seat) NEAR(g, seat) /* groups have one seat */
#endif

inline wake_around()
{
    FENCE(WAKE_FENCE)
    do
    :: r < ALL && WAKES(g, r) -> atomic { STEP(EVENT_BUMP); bump(r); r++ }
    :: r < ALL && !(WAKES(g, r)) -> r++
    :: else -> r = 0; break
    od
}
#else
#define wake_around() skip
#endif

/* ---- edge.c ---- */

/* Looks in ring r of the edge for what has the key. */
inline look_for()
{
    atomic {
        STEP(TAIL_LOAD);
        ring = RING_AT(edge, r);
        t = tail_word[ring];
        head[ring] = (head[ring] + K < t -> t - K : head[ring]);
        q = head[ring]
    };
    do
    :: q >= t -> break
    :: q < t ->
       atomic { STEP(NUMBER_LOAD); num = number_word[SLOT(ring, q)] };
       atomic {
        STEP(CLAIM_LOAD);
        c = claim_word[CLAIM(ring, CLAIM_OF(edge), q)];
        if
        :: LAP(c) != q / K || KEY(num) < key -> q++; head[ring] = q
        :: else ->
           if
           :: KEY(num) > key
           :: KEY(num) == key && !BY_PART && PART_OF(num) != 0 -> found = STALE
           :: else -> found = (IS_TAKEN(c) -> TAKEN_BY : READY); position = q
           fi;
           break
        fi
       }
    od;
    atomic {
        c = 0;
        q = 0;
        t = 0;
        r++;
        if
        :: found != READY && found != TAKEN_BY -> ring = 0; num = 0
        :: else
        fi
    }
}

/* weir__ring_take. What comes next on an edge is taken once, in order; and who expects a part gets one. */
inline ring_take()
{
    STEP(CLAIM_TAKE);
    if
    :: claim_word[CLAIM(ring, CLAIM_OF(edge), position)] == EMPTY(position / K) ->
       claim_word[CLAIM(ring, CLAIM_OF(edge), position)] = TAKEN(position / K, me);
       has_input = 1;
       assert(number_word[SLOT(ring, position)] == num);
       assert(!owed[CLAIM(ring, CLAIM_OF(edge), position)]);
       owed[CLAIM(ring, CLAIM_OF(edge), position)] = 1;
       if
       :: g == TWO_INPUTS -> assert(due[edge] == PART_KEY(num)); due[edge] = (BEHIND_PART(num))
       :: g != TWO_INPUTS && !now.expects_part -> assert(due[edge] == N_OF(num) && PART_OF(num) == 0); due[edge]++
       :: else -> assert(due[edge] > N_OF(num) && PART_OF(num) > 0)
       fi
    :: else
    fi
}

#define advance(number) \
    next_word[edge] = (next_word[edge] == KEY(number) -> (BEHIND(number)) : next_word[edge])

inline take_ordered()
{
    atomic { STEP(NEXT_LOAD); key = next_word[edge] };
    do
    :: found = NONE;
       do
       :: r < SEATS(PRODUCER(edge)) && found == NONE -> look_for()
       :: else -> r = 0; break
       od;
       if
       :: found == READY -> atomic { ring_take() }
       :: else
       fi;
       if
#ifdef M_RELEASE_FIRST
       :: has_input -> break
#else
       :: has_input -> atomic { STEP(NEXT_ADVANCE); advance(num); break }
#endif
       :: !has_input && found == TAKEN_BY -> atomic { STEP(NEXT_HELP); advance(num) }
       :: else
       fi;
       atomic {
        STEP(NEXT_LOAD);
        ring = 0;
        position = 0;
        num = 0;
        if
        :: (found == NONE || found == STALE) && next_word[edge] == key -> break
        :: else -> key = next_word[edge]
        fi
       }
    od;
    atomic { found = NONE; key = 0 }
}

/* From every edge in turn. */
inline take_from_edges()
{
    do
    :: i < INPUTS(g) && !has_input ->
       edge = FIRST_EDGE(g) + (turn + i) % INPUTS(g);
       take_ordered();
#ifdef M_STAYS_AT_EDGE
       i = INPUTS(g)
#else
       i++
#endif
    :: else -> break
    od;
    atomic {
        i = 0;
        if
        :: has_input -> event_is = READY; turn = (edge - FIRST_EDGE(g) + 1) % INPUTS(g)
        :: else -> edge = 0
        fi
    }
}

/* weir__edge_take_part: the part behind the one whose place the ledger holds. */
inline take_part()
{
    atomic { STEP(TAIL_LOAD); flag = (now.input_position + 1 < tail_word[now.input_ring]) };
    if
    :: flag ->
       atomic {
        flag = 0;
        edge = now.input_edge;
        ring = now.input_ring;
        position = now.input_position + 1;
        num = number_word[SLOT(ring, position)];
        ring_take();
        event_is = (has_input -> READY : NONE)
       }
    :: else
    fi
}

/* Of one edge. The look is one step: what is TAKEN by this seat no other changes. */
inline find_taken()
{
    atomic {
        STEP(CLAIM_LOAD);
        do
        :: r < SEATS(PRODUCER(edge)) * K ->
           ring = RING_AT(edge, r / K);
           c = claim_word[CLAIM(ring, CLAIM_OF(edge), r)];
           if
           :: IS_TAKEN(c) && TAKER(c) == me ->
              position = LAP(c) * K + r % K;
              num = number_word[SLOT(ring, position)];
              has_input = 1;
              break
           :: else -> r++; ring = 0
           fi
        :: else -> break
        od;
        r = 0;
        c = 0
    };
#ifndef M_NO_HELP
    if
    :: has_input && (BY_PART || PART_OF(num) == 0) -> atomic { STEP(NEXT_HELP); advance(num) }
    :: else
    fi
#endif
}

/* ---- waiting: seat.c ---- */

/* The words of all seats of a group: `flag` if each is set. */
#define all_of(word, h, step) \
    flag = 1; \
    do \
    :: s < SEATS(h) && flag -> atomic { STEP(step); flag = word[FIRST(h) + s]; s++ } \
    :: else -> s = 0; break \
    od

#if defined(ENOUGH) && !defined(M_DONE_COUNTS)
#ifdef M_ONE_SEAT_DONE
#define DONE(h) (IS_DONE(h, 0) || IS_DONE(h, 1))
#else
#define DONE(h) REALLY_DONE(h)
#endif
#else
#define DONE(h) false
#endif

/* weir__view_unwanted */
inline look_whether_wanted()
{
    event_is = NONE;
#ifdef ENOUGH
    if
    :: PORTS_OF(g) > 0 ->
       flag = 1;
       do
       :: x < EDGES && FROM_HERE(x) && flag ->
          all_of(done_word, READER(x), DONE_LOAD);
#ifdef M_FIRST_READER_DONE
          x = EDGES
#else
          x++
#endif
       :: x < EDGES && !FROM_HERE(x) && flag -> x++
       :: else -> break
       od;
       atomic { event_is = (flag -> UNWANTED : NONE); flag = 0; x = 1 }
    :: else
    fi
#endif
}

/* weir__view_input_closed */
inline look_whether_closed()
{
    all_of(closed_word, PRODUCER(FIRST_EDGE(g)), CLOSED_LOAD);
#ifndef M_FIRST_FEED_CLOSED
    if
    :: flag && g == TWO_INPUTS -> all_of(closed_word, PRODUCER((FIRST_EDGE(g) + 1)), CLOSED_LOAD)
    :: else
    fi
#endif
}

/* weir__seat_look of a source, look_for_input of others. */
inline look_for_input()
{
    if
    :: IS_SOURCE(g) && now.part[0] > 0 -> event_is = READY /* whose end is waited for */
    :: else -> look_whether_wanted()
    fi;
#ifdef ENOUGH
    if
    :: event_is == NONE && now.enough ->
       all_of(done_word, g, DONE_LOAD);
       event_is = (flag -> UNWANTED : NONE);
       flag = 0
    :: else
    fi;
#endif
    if
    :: event_is != NONE
    :: event_is == NONE && IS_SOURCE(g) -> event_is = (now.number < N -> READY : PILL)
    :: event_is == NONE && now.expects_part -> take_part()
    :: else ->
       look_whether_closed();
       atomic { closed = flag; flag = 0 };
       take_from_edges();
       event_is = (event_is == NONE && closed -> PILL : event_is);
       closed = 0
    fi
}

#define IS_FREE(x) \
    (claim_word[CLAIM(RING(id, PORT_OF(x)), CLAIM_OF(x), now.tail[PORT_OF(x)])] == EMPTY(now.tail[PORT_OF(x)] / K))
#ifdef M_FIRST_CLAIM
#define IS_LOOKED_AT(x) (FROM_HERE(x) && CLAIM_OF(x) == 0)
#define IS_LAST_CLAIM(x) true
#else
#define IS_LOOKED_AT(x) FROM_HERE(x)
#define IS_LAST_CLAIM(x) (CLAIM_OF(x) == READERS_OF(g) - 1)
#endif

/* A port is secured when every edge has given the slot back. */
#ifdef PARKING
inline look_for_slots()
{
    event_is = READY;
    do
    :: x < EDGES && event_is == READY && IS_LOOKED_AT(x) && !secured[PORT_OF(x)] ->
       atomic { STEP(CLAIM_LOAD); flag = IS_FREE(x) };
       if
       :: !flag -> all_of(done_word, READER(x), DONE_LOAD)
       :: else
       fi;
       atomic {
        event_is = (flag -> READY : NONE);
        secured[PORT_OF(x)] = (flag && IS_LAST_CLAIM(x));
        flag = 0;
        x++
       }
    :: x < EDGES && event_is == READY && !(IS_LOOKED_AT(x) && !secured[PORT_OF(x)]) -> x++
    :: else -> x = 1; break
    od
}

#define wait_for(look, words) \
    look(); \
    if \
    :: event_is == NONE -> \
       do \
       :: true -> \
          atomic { STEP(EVENT_LOAD); event_word[id] = LOADED }; \
          atomic { STEP(PARK_SET); words[g] = 1 }; \
          FENCE(PARK_FENCE) \
          look(); \
          if \
          :: event_is != NONE -> event_word[id] = IDLE; break \
          :: else -> \
             atomic { \
                if \
                :: event_word[id] == BUMPED -> event_word[id] = IDLE \
                :: DIES_THERE \
                fi \
             } \
          fi \
       od; \
       atomic { STEP(PARK_CLEAR); words[g] = 0 } \
    :: else \
    fi
#else
/* To look in vain changes nothing: it looks when it is not in vain. */
inline look_for_slots()
{
    do
    :: x < EDGES && IS_LOOKED_AT(x) && !secured[PORT_OF(x)] ->
       atomic {
        if
        :: IS_FREE(x) || DONE(READER(x))
        :: DIES_THERE
        fi;
        STEP(CLAIM_LOAD);
        secured[PORT_OF(x)] = IS_LAST_CLAIM(x);
        x++
       }
    :: x < EDGES && !(IS_LOOKED_AT(x) && !secured[PORT_OF(x)]) -> x++
    :: else -> x = 1; event_is = READY; break
    od
}

/* Slot y of those that an edge's producers have: whether what comes next stands there. */
#define CLAIM_AT(edge, y) claim_word[CLAIM(RING_AT(edge, (y) / K), CLAIM_OF(edge), y)]
#define NUMBER_AT(edge, y) number_word[RING_AT(edge, (y) / K) * K + (y) % K]
#define IS_NEXT(edge, y) \
    ((y) < SEATS(PRODUCER(edge)) * K && KEY(NUMBER_AT(edge, y)) == next_word[edge] && \
     (BY_PART || PART_OF(NUMBER_AT(edge, y)) == 0) && \
     LAP(CLAIM_AT(edge, y)) * K + (y) % K < tail_word[RING_AT(edge, (y) / K)])
#define HAS_NEXT(edge) (IS_NEXT(edge, 0) || IS_NEXT(edge, 1) || IS_NEXT(edge, 2) || IS_NEXT(edge, 3))
#ifdef M_STAYS_AT_EDGE
#define ANY_NEXT HAS_NEXT((FIRST_EDGE(g) + turn))
#else
#define ANY_NEXT (HAS_NEXT(FIRST_EDGE(g)) || g == TWO_INPUTS && HAS_NEXT((FIRST_EDGE(g) + 1)))
#endif
#define IS_CLOSED(h) (closed_word[FIRST(h)] && closed_word[FIRST(h) + SEATS(h) - 1])
#define FIRST_CLOSED IS_CLOSED(PRODUCER(FIRST_EDGE(g)))
#ifdef M_FIRST_FEED_CLOSED
#define INPUT_CLOSED FIRST_CLOSED
#else
#define INPUT_CLOSED (FIRST_CLOSED && (g != TWO_INPUTS || IS_CLOSED(PRODUCER((FIRST_EDGE(g) + 1)))))
#endif
#ifdef ENOUGH
/* Who reads and is read is so on one edge, g + 2. */
#define WANTED_NO_MORE (PORTS_OF(g) > 0 && REALLY_DONE(READER((g + 2))) || now.enough && REALLY_DONE(g))
#else
#define WANTED_NO_MORE false
#endif
#define WORTH_A_LOOK \
    (IS_SOURCE(g) || WANTED_NO_MORE || \
     (now.expects_part -> now.input_position + 1 < tail_word[now.input_ring] : ANY_NEXT || INPUT_CLOSED))

#define wait_for(look, words) \
    do \
    :: true -> \
       await(look); \
       look(); \
       if \
       :: event_is != NONE -> break \
       :: else \
       fi \
    od
#define await(look) AWAIT_##look
#define AWAIT_look_for_slots skip
#define AWAIT_look_for_input \
    atomic { \
        if \
        :: WORTH_A_LOOK \
        :: DIES_THERE \
        fi \
    }
#endif

/* ---- committing: seat.c ---- */

/* What nobody looks at any more. */
#define FORGET_INPUT(copy) \
    if \
    :: !copy.expects_part -> copy.input_edge = 0; copy.input_ring = 0; copy.input_position = 0 \
    :: else \
    fi

#define COPY(to, from) \
    to.tail[0] = from.tail[0]; to.tail[PORTS - 1] = from.tail[PORTS - 1]; to.part[0] = from.part[0]; \
    to.part[PORTS - 1] = from.part[PORTS - 1]; to.number = from.number; to.input_done = from.input_done; \
    to.expects_part = from.expects_part; to.enough = from.enough; to.last = from.last; to.done = from.done; \
    to.input_edge = from.input_edge; to.input_ring = from.input_ring; to.input_position = from.input_position; \
    to.passed = from.passed

/* One step: what is TAKEN by this seat no other changes. */
inline ring_release()
{
    atomic {
        STEP(CLAIM_LOAD);
        c = claim_word[CLAIM(now.input_ring, CLAIM_OF(now.input_edge), now.input_position)];
        if
#ifdef M_LAP_NOT_COMPARED
        :: IS_TAKEN(c) && TAKER(c) == me ->
#else
        :: c == TAKEN(now.input_position / K, me) ->
#endif
           STEP(CLAIM_RELEASE);
           claim_word[CLAIM(now.input_ring, CLAIM_OF(now.input_edge), now.input_position)] =
               EMPTY(now.input_position / K + 1)
        :: else
        fi;
        c = 0
    }
}

/* Only repeats what the committed copy says. */
inline commit_tail()
{
    do
    :: p < PORTS_OF(g) -> atomic { STEP(TAIL_PUBLISH); tail_word[RING(id, p)] = now.tail[p]; p++ }
    :: else -> p = 0; break
    od;
    if
    :: now.done -> atomic { STEP(DONE_STORE); done_word[id] = 1 }
    :: else
    fi;
    if
    :: now.input_done -> ring_release()
    :: else
    fi;
    if
    :: now.last -> atomic { STEP(CLOSED_STORE); closed_word[id] = 1 }
    :: else
    fi
}

/* label(): the header of a secured slot. No edge may have it that is still read. */
inline label()
{
    STEP(NUMBER_STORE);
    do
    :: x < EDGES -> assert(!FROM_HERE(x) || PORT_OF(x) != p || IS_FREE(x) || REALLY_DONE(READER(x))); x++
    :: else -> x = 1; break
    od;
    number_word[SLOT(RING(id, p), now.tail[p])] = NUMBER(now.number, now.part[p], ends);
    followed = followed || now.part[p] > 0;
    now.part[p]++;
    now.tail[p]++;
    secured[p] = 0;
    published[p] = 1
}

#define PUBLISHES(p) (secured[p] && (ends || output && ((p) == 0 || now.number % 2 == 1)))

/* weir__seat_commit. `ends`: the number is complete; `output`: there is something for port 0, sometimes for port 1. */
inline seat_commit()
{
    do
    :: p < PORTS_OF(g) && PUBLISHES(p) -> atomic { label(); p++ }
    :: p < PORTS_OF(g) && !(PUBLISHES(p)) -> p++
    :: p >= PORTS_OF(g) ->
       atomic {
        p = 0;
        if
        :: ends ->
           now.part[0] = 0;
           now.part[PORTS - 1] = 0;
           now.number = (OWN_NUMBERS(g) -> now.number + 1 : 0)
        :: else
        fi;
        break
       }
    od;
    atomic {
        STEP(SEQUENCE_COMMIT);
        COPY(valid[id], now);
        if
        :: now.input_done ->
           /* the bytes in hand were still the ones that were taken, and are committed once */
           assert(doing == DROP_PART || number_word[SLOT(ring, position)] == num);
           assert(owed[CLAIM(ring, CLAIM_OF(edge), position)]);
           owed[CLAIM(ring, CLAIM_OF(edge), position)] = 0
        :: else
        fi
    };
    commit_tail();
#ifdef PARKING
    do
    :: x < EDGES && FROM_HERE(x) && published[PORT_OF(x)] ->
       FENCE(WAKE_FENCE)
       if
       :: followed -> atomic { STEP(EVENT_BUMP); bump(FIRST(READER(x))) }
       :: else -> wake_one(READER(x), parked_in)
       fi;
#ifdef M_WAKES_FIRST_READER
       x = EDGES
#else
       x++
#endif
    :: x < EDGES && !(FROM_HERE(x) && published[PORT_OF(x)]) -> x++
    :: else -> x = 1; break
    od;
    if
    :: now.input_done -> FENCE(WAKE_FENCE) wake_one(PRODUCER(edge), parked_out)
    :: else
    fi;
#endif
#ifdef M_RELEASE_FIRST
    if
    :: now.input_done -> atomic { STEP(NEXT_ADVANCE); advance(num) }
    :: else
    fi;
#endif
    atomic {
        if
        :: now.input_done -> now.input_done = 0; has_input = 0; edge = 0; ring = 0; position = 0; num = 0
        :: else
        fi;
        FORGET_INPUT(now);
        published[0] = 0;
        published[PORTS - 1] = 0;
        followed = 0;
        ends = 0;
        output = 0
    };
    if
    :: now.last || now.done -> wake_around()
    :: else
    fi
}

/* ---- crew.c, worker.c ---- */

/* Looks or waits for what the next transaction is to be. */
inline choose()
{
    if
    :: has_input -> event_is = READY
    :: !has_input && now.enough && !now.expects_part -> event_is = UNWANTED
    :: else -> wait_for(look_for_input, parked_in)
    fi;
    atomic {
        if
        :: event_is == READY && IS_SOURCE(g) -> doing = PRODUCE
        :: event_is == READY && !IS_SOURCE(g) -> doing = (now.enough -> DROP_PART : PROCESS)
        :: event_is == PILL -> doing = FINISH
        :: event_is == UNWANTED -> doing = (now.expects_part && !now.enough -> END_NUMBER : LEAVE)
        fi;
        event_is = NONE
    }
}

#ifdef M_WAITS_FOR_PARTS
#define IS_APART false
#else
#define IS_APART (g == TWO_INPUTS)
#endif

inline release_input()
{
    now.passed = 0;
    now.input_done = 1;
    now.input_edge = edge;
    now.input_ring = ring;
    now.input_position = position
}

/* A batch in hand; with SPLIT only the first half of its output. */
inline process()
{
    output = 1;
    now.number = (OWN_NUMBERS(g) -> now.number : N_OF(num));
    now.expects_part = 0;
    if
#ifdef SPLIT
    :: g == 1 && N_OF(num) < N && !now.passed -> now.passed = 1
#endif
    :: else ->
       release_input();
       ends = LAST_OF(num) || IS_APART;
       now.expects_part = !ends;
#ifdef ENOUGH
       if
       :: g == LIMIT && N_OF(num) >= ENOUGH -> now.enough = 1; now.done = 1; ends = 1
       :: else
       fi
#endif
    fi
}

inline finish()
{
    if
    :: !OWN_NUMBERS(g) -> STEP(NEXT_LOAD); now.number = next_word[FIRST_EDGE(g)] + me
    :: else
    fi;
    now.last = 1;
    ends = 1;
    /* the end of the stream is never early: everything has come, on every edge */
    do
    :: !IS_SOURCE(g) && x < EDGES ->
       assert(READER(x) != g || ENDS_EARLY(x) || ALL_CAME(x));
       x++
    :: else -> x = 1; break
    od
}

/* What stands in the slots and the ledger, up to the commit. */
inline work()
{
    if
    :: doing == PRODUCE -> output = 1; ends = (now.part[0] + 1 == PARTS)
    :: doing == PROCESS -> process()
    :: doing == DROP_PART -> release_input(); now.expects_part = !LAST_OF(num)
    :: doing == END_NUMBER -> now.expects_part = 0; ends = 1
    :: doing == FINISH -> finish()
    :: doing == LEAVE -> now.last = 1; now.done = 1; secured[0] = 0; secured[PORTS - 1] = 0
    fi
}

inline seat_attach()
{
    atomic { STEP(SEQUENCE_LOAD); COPY(now, valid[id]) };
    commit_tail();
    atomic { now.input_done = 0; FORGET_INPUT(now) };
#ifdef PARKING
    atomic { STEP(PARK_CLEAR); parked_in[g] = 0 };
    atomic { STEP(PARK_CLEAR); parked_out[g] = 0 };
#endif
    do
#ifdef M_FORGETS_SECOND_EDGE
    :: !IS_SOURCE(g) && i < 1 && !has_input -> edge = FIRST_EDGE(g) + i; find_taken(); i++
#else
    :: !IS_SOURCE(g) && i < INPUTS(g) && !has_input -> edge = FIRST_EDGE(g) + i; find_taken(); i++
#endif
    :: else -> break
    od;
    atomic { i = 0; edge = (has_input -> edge : 0) };
    wake_around()
}

proctype seat(byte g; byte me; byte id; bit again)
{
    ledger now;
    bit has_input, followed, flag, closed, ends, output;
    bit secured[PORTS], published[PORTS];
    byte edge, ring, position, num;       /* the input in hand */
    byte turn, head[RINGS];
    byte key, i, r, s, t, q, c, p, x = 1; /* of the functions above */
    mtype found = NONE, event_is = NONE, doing = LEAVE;

attach:
    if
    :: again -> seat_attach(); again = 0
    :: else /* a fresh ledger: nothing to redo, nothing in hand */
    fi;
    do
    :: now.last -> break
    :: else ->
       choose();
       if
       :: doing != DROP_PART && doing != LEAVE -> wait_for(look_for_slots, parked_out); event_is = NONE
       :: else
       fi;
       atomic { work() };
       seat_commit();
       doing = LEAVE
    od;
    goto closing;
died:
    atomic {
        again = 1;
#ifdef PARKING
        event_word[id] = IDLE;
#endif
        now.tail[0] = 0; now.tail[PORTS - 1] = 0; now.part[0] = 0; now.part[PORTS - 1] = 0;
        now.number = 0; now.input_done = 0; now.expects_part = 0; now.enough = 0; now.last = 0; now.done = 0;
        now.input_edge = 0; now.input_ring = 0; now.input_position = 0; now.passed = 0;
        has_input = 0; followed = 0; flag = 0; closed = 0; ends = 0; output = 0;
        secured[0] = 0; secured[PORTS - 1] = 0; published[0] = 0; published[PORTS - 1] = 0;
        edge = 0; ring = 0; position = 0; num = 0; turn = 0;
        head[0] = 0; head[RINGS - 1] = 0; head[RINGS / 2] = 0;
        key = 0; i = 0; r = 0; s = 0; t = 0; q = 0; c = 0; p = 0; x = 1;
        found = NONE; event_is = NONE; doing = LEAVE;
        goto attach
    };
closing:
    /* In the end every edge has all that was published on it, and every transaction is committed. */
    atomic {
        ended++;
        if
        :: ended == ALL ->
           do
           :: x < EDGES ->
              assert(ENDS_EARLY(x) || ALL_CAME(x) && next_word[x] == due[x]);
              x++
           :: else -> break
           od
        :: else
        fi
    }
}

init {
    byte g, me;
    atomic {
        do
        :: g < GROUPS && me < SEATS(g) -> run seat(g, me, FIRST(g) + me, 0); me++
        :: g < GROUPS && me >= SEATS(g) -> me = 0; g++
        :: g >= GROUPS -> g = 0; break
        od
    }
}
