/*
 * splits.pml - a group that reads splits: claims without a producer, what each split hands on to the next, DRAIN.
 *
 * The seats of one group; who reads behind it is a set of numbers, of which none may be missing or come twice. Steps,
 * deaths and successors are as in protocol.pml, whose comments hold here too: IDLE, LOADED or BUMPED in place of an
 * event's count, a commit that is one step, a loop around a compare-and-swap that is one step.
 *
 * Behind the splits stand as many more, one for each seat: who takes one of these has come to the end, and its number
 * is that of the seat's LAST transaction. So is a split's that stays unread, on DRAIN. Split n has the number n handed
 * to it, and hands n + 1 on.
 *
 * A world: SEATS, K (claims), S (splits), DEATHS, DRAIN (it may come at any time), UNWANTED (so may the end of those
 * behind), SLOW (who works does so for as long as another could begin; so that nobody is forgotten asleep).
 */
#ifndef SEATS
#define SEATS 2
#endif
#ifndef K
#define K 1
#endif
#ifndef S
#define S 3
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifdef M_HANDED_ONCE
#define H K
#else
#define H (2 * K)
#endif
#ifdef M_NEXT_PLUS_SEAT
#define TAKEABLE S
#else
#define TAKEABLE (S + SEATS)
#endif

#define EMPTY(lap) ((lap)*8)
#define TAKEN(lap, seat) ((lap)*8 + 1 + (seat))
#define LAP(claim) ((claim) / 8)
#define IS_TAKEN(claim) ((claim) % 8 != 0)
#define TAKER(claim) ((claim) % 8 - 1)

#define HANDED(split, value) (((split) / H + 1) * 16 + (value))
#ifdef M_HANDED_NO_LAP
#define IS_HANDED(word, split) ((word) != 0)
#else
#define IS_HANDED(word, split) ((word) / 16 == (split) / H + 1)
#endif

mtype = { NONE, READY, TAKEN_BY, PILL, NOBODY };
#define IDLE 0
#define LOADED 1
#define BUMPED 2

byte next_word;
byte claim_word[K];
byte handed_word[H];
byte event_word[SEATS];
byte parked_in;
byte parked_handed;
bit closed_word[SEATS];
bit drain;
bit unwanted;

typedef ledger {
    bit input_done;
    bit last;
    byte input;
};
ledger valid[SEATS];

/* ---- what only the check knows ---- */

byte deaths = DEATHS;
byte started;    /* splits that were taken, ends among them */
int published;   /* a bit a number */
int processed;   /* a bit a split that was read */
byte ended;

#define SAY(name) printf("seat %d ", me); printf(#name); printf("\n")
#if DEATHS == 0
#define DIES_THERE false
#define STEP(name) SAY(name)
#else
#define DIES_THERE deaths > 0 -> SAY(dies); deaths--; goto died
#define STEP(name) if :: deaths > 0 -> SAY(dies); deaths--; goto died :: SAY(name) fi
#endif
#define FENCE(name)

/* ---- waking ---- */

#define bump(s) event_word[s] = (event_word[s] == LOADED -> BUMPED : event_word[s])

/* Who finds the bit gone looks again: somebody else wakes that one. */
#define wake_one(words, mask) \
    do \
    :: atomic { \
        STEP(PARK_LOOK); \
        bits = words & (mask); \
        if \
        :: bits == 0 -> break \
        :: else -> index = (bits & 1 -> 0 : (bits & 2 -> 1 : 2)); bits = 0 \
        fi \
       }; \
       atomic { \
        STEP(PARK_CLEAR); \
        bits = words & (1 << index); \
        words = words & (7 - (1 << index)) \
       }; \
       if \
       :: bits == 0 -> index = 0 \
       :: else -> atomic { STEP(EVENT_BUMP); bump(index); bits = 0; index = 0; break } \
       fi \
    od

inline wake_group()
{
    do
    :: index < SEATS -> atomic { STEP(EVENT_BUMP); bump(index); index++ }
    :: else -> index = 0; break
    od
}

/* ---- edge.c ---- */

inline look_for_split()
{
    if
    :: n >= TAKEABLE -> found = NONE
    :: else ->
       atomic {
        STEP(CLAIM_LOAD);
        c = claim_word[n % K];
#ifdef M_LAP_NOT_COMPARED
        found = (IS_TAKEN(c) -> TAKEN_BY : READY);
#else
        found = (LAP(c) != n / K -> NONE : (IS_TAKEN(c) -> TAKEN_BY : READY));
#endif
        c = 0
       }
    fi
}

inline advance(from)
{
    next_word = (next_word == from -> from + 1 : next_word)
}

inline edge_take()
{
    atomic { STEP(NEXT_LOAD); n = next_word };
    do
    :: look_for_split();
       if
       :: found == READY ->
          atomic {
            STEP(CLAIM_TAKE);
            if
            :: claim_word[n % K] == EMPTY(n / K) ->
               claim_word[n % K] = TAKEN(n / K, me);
               assert(started == n);
               started++;
               has_input = 1;
               input = n
            :: else
            fi
          };
          if
          :: has_input -> atomic { STEP(NEXT_ADVANCE); advance(n); n = 0; found = NONE; event_is = READY; break }
          :: else
          fi
       :: found == TAKEN_BY -> atomic { STEP(NEXT_HELP); advance(n) }
       :: else
       fi;
       atomic {
        STEP(NEXT_LOAD);
        if
        :: found == NONE && next_word == n -> n = 0; event_is = NONE; break
        :: else -> n = next_word; found = NONE
        fi
       }
    od
}

/* ---- waiting: seat.c ---- */

inline look_whether_wanted()
{
#ifdef UNWANTED
    atomic { STEP(DONE_LOAD); event_is = (unwanted -> NOBODY : NONE) }
#else
    event_is = NONE
#endif
}

inline look_for_input()
{
    look_whether_wanted();
#ifdef M_NEXT_PLUS_SEAT
    if
    :: event_is == NONE -> atomic { STEP(NEXT_LOAD); flag = (next_word >= S) }
    :: else
    fi;
#endif
    if
    :: event_is == NONE -> edge_take()
    :: else
    fi;
    if
    :: event_is == NONE && flag -> event_is = PILL
    :: else
    fi;
    flag = 0
}

inline has_handed_on(split)
{
    STEP(HANDED_LOAD);
    flag = IS_HANDED(handed_word[(split) % H], split)
}

inline look_for_handed()
{
#ifdef DRAIN
    atomic { STEP(RUN_LOAD); draining = drain };
#endif
    look_whether_wanted();
#ifdef DRAIN
    if
    :: event_is == NONE && draining ->
#ifdef M_UNREAD_THOUGH_HANDED
       event_is = PILL
#else
       atomic { has_handed_on(input); event_is = (flag -> NONE : PILL); flag = 0 }
#endif
    :: else
    fi;
    draining = 0;
#endif
    if
    :: event_is == NONE && input == 0 -> event_is = READY
    :: event_is == NONE && input > 0 ->
       atomic { has_handed_on(input - 1); event_is = (flag -> READY : NONE); flag = 0 }
    :: else
    fi
}

#ifdef M_NO_SECOND_LOOK
#define SECOND_LOOK(look)
#define LOOK_AWAKE(look) \
    look(); \
    if \
    :: event_is != NONE -> event_word[me] = IDLE; break \
    :: else \
    fi
#else
#define SECOND_LOOK(look) look();
#define LOOK_AWAKE(look) skip
#endif

#define wait_for(look, words) \
    look(); \
    if \
    :: event_is == NONE -> \
       do \
       :: true -> \
          atomic { STEP(EVENT_LOAD); event_word[me] = LOADED }; \
          atomic { STEP(PARK_SET); words = words | (1 << me) }; \
          FENCE(PARK_FENCE) \
          SECOND_LOOK(look) \
          if \
          :: event_is != NONE -> event_word[me] = IDLE; break \
          :: else -> \
             atomic { \
                if \
                :: event_word[me] == BUMPED -> event_word[me] = IDLE \
                :: DIES_THERE \
                fi \
             } \
          fi; \
          LOOK_AWAKE(look) \
       od; \
       atomic { STEP(PARK_CLEAR); words = words & (7 - (1 << me)) } \
    :: else \
    fi

inline wake_sibling()
{
    FENCE(WAKE_FENCE)
#ifdef M_NEXT_PLUS_SEAT
    if
    :: input + 1 == S -> wake_group()
    :: else ->
#endif
    atomic { STEP(NEXT_LOAD); n = next_word };
    look_for_split();
    n = 0;
    if
    :: found == READY -> found = NONE; wake_one(parked_in, 7)
    :: else -> found = NONE
    fi
#ifdef M_NEXT_PLUS_SEAT
    fi
#endif
}

inline seat_take()
{
    wait_for(look_for_input, parked_in);
#ifndef M_WAKES_NONE
    if
    :: event_is == READY -> wake_sibling()
    :: else
    fi
#endif
}

/* ---- from split to split ---- */

inline seat_receive()
{
    wait_for(look_for_handed, parked_handed);
    if
    :: event_is == READY && input > 0 ->
       atomic { STEP(HANDED_LOAD); assert(handed_word[(input - 1) % H] == HANDED(input - 1, input)) }
    :: else
    fi
}

inline look_for_holder()
{
    atomic {
        STEP(CLAIM_LOAD);
        c = claim_word[(input + 1) % K];
        holder = (IS_TAKEN(c) -> TAKER(c) : SEATS);
        c = 0
    }
}

inline seat_hand_on()
{
#ifdef M_LOOK_BEFORE_STORE
    look_for_holder();
    flag = (holder < SEATS && (parked_handed & (1 << holder)) != 0);
    atomic { STEP(HANDED_STORE); handed_word[input % H] = HANDED(input, input + 1) };
    holder = (flag -> holder : SEATS);
    flag = 0;
#else
    atomic { STEP(HANDED_STORE); handed_word[input % H] = HANDED(input, input + 1) };
    FENCE(WAKE_FENCE)
    look_for_holder();
#endif
#ifndef M_HANDS_SILENTLY
    if
    :: holder < SEATS -> wake_one(parked_handed, 1 << holder)
    :: else
    fi;
#endif
    holder = 0
}

/* ---- committing ---- */

/* Only repeats what the committed copy says. */
inline commit_tail()
{
    if
    :: now.input_done ->
       atomic {
        STEP(CLAIM_LOAD);
        if
        :: claim_word[now.input % K] == TAKEN(now.input / K, me) ->
           STEP(CLAIM_RELEASE);
           claim_word[now.input % K] = EMPTY(now.input / K + 1)
        :: else
        fi
       }
    :: else
    fi;
    if
    :: now.last -> atomic { STEP(CLOSED_STORE); closed_word[me] = 1 }
    :: else
    fi
}

#define BIT(number) (1 << (number))

inline seat_commit()
{
    atomic {
        STEP(SEQUENCE_COMMIT);
        valid[me].input_done = now.input_done;
        valid[me].last = now.last;
        valid[me].input = now.input;
        if
        :: numbered ->
           assert((published & BIT(number)) == 0);
           published = published | BIT(number)
        :: else
        fi;
        if
        :: reads ->
           assert((processed & BIT(input)) == 0 && input < S);
           processed = processed | BIT(input)
        :: else
        fi;
        numbered = 0;
        number = 0;
        reads = 0
    };
    commit_tail();
#ifndef M_WAKES_NONE
    if
    :: now.input_done -> FENCE(WAKE_FENCE) wake_one(parked_in, 7)
    :: else
    fi;
#endif
    atomic { now.input_done = 0; now.input = 0; has_input = 0; input = 0 };
    if
    :: now.last -> FENCE(WAKE_FENCE) wake_group()
    :: else
    fi
}

/* ---- crew.c, worker.c ---- */

#ifdef SLOW
#define HOLDS(x, seat) ((x) < K && claim_word[(x) % K] % 8 == 1 + (seat))
#define FREE(seat) (!closed_word[seat] && !HOLDS(0, seat) && !HOLDS(1, seat))
#define OTHER_SHOULD_BEGIN (next_word < TAKEABLE && claim_word[next_word % K] == EMPTY(next_word / K) && FREE((1 - me)))
#define work_on() \
    atomic { \
        if \
        :: !OTHER_SHOULD_BEGIN \
        :: DIES_THERE \
        fi \
    }
#else
#define work_on() skip
#endif

/* What is in hand is released, read or not: all of it goes with the number. */
inline pass(is_read)
{
    atomic { now.input_done = 1; now.input = input; numbered = 1; number = input; reads = is_read };
    seat_commit()
}

inline finish(early)
{
    now.last = 1;
    if
    :: early
    :: !early && has_input ->
       atomic { now.input_done = 1; now.input = input; numbered = 1; number = input }
    :: !early && !has_input -> atomic { STEP(NEXT_LOAD); number = next_word + me; numbered = 1 }
    fi;
#ifdef M_UNREAD_BY_SEAT
    number = (!early && input < S -> S + me : number);
#endif
    seat_commit()
}

inline seat_attach()
{
    atomic {
        STEP(SEQUENCE_LOAD);
        now.input_done = valid[me].input_done;
        now.last = valid[me].last;
        now.input = valid[me].input
    };
#ifndef M_NO_REDO
    commit_tail();
#endif
    atomic { now.input_done = 0; now.input = 0 };
    atomic { STEP(PARK_CLEAR); parked_in = parked_in & (7 - (1 << me)) };
    atomic { STEP(PARK_CLEAR); parked_handed = parked_handed & (7 - (1 << me)) };
    /* One step: what is TAKEN by this seat no other changes. */
    atomic {
        STEP(CLAIM_LOAD);
        do
        :: index < K && !(IS_TAKEN(claim_word[index]) && TAKER(claim_word[index]) == me) -> index++
        :: index < K && IS_TAKEN(claim_word[index]) && TAKER(claim_word[index]) == me ->
           has_input = 1;
           input = LAP(claim_word[index]) * K + index;
           break
        :: else -> break
        od;
        index = 0
    };
#ifndef M_NO_HELP
    if
    :: has_input -> atomic { STEP(NEXT_HELP); advance(input) }
    :: else
    fi;
#endif
#ifndef M_NO_RECOVERY_WAKE
    wake_group()
#endif
}

proctype seat(byte me)
{
    ledger now;
    bit has_input, flag, draining, again, numbered, reads;
    byte input, number, n, c, bits, index, holder;
    mtype found = NONE, event_is = NONE;

attach:
    if
    :: again -> seat_attach()
    :: else
    fi;
    if
    :: now.last -> goto done
    :: else
    fi;
work:
    if
    :: has_input -> event_is = READY
    :: else -> seat_take()
    fi;
    if
    :: event_is == NOBODY -> event_is = NONE; finish(1); goto done
    :: event_is == PILL || input >= S -> event_is = NONE; finish(0); goto done
    :: else -> event_is = NONE
    fi;
    seat_receive();
    if
    :: event_is == READY ->
       event_is = NONE;
       seat_hand_on();
       work_on();
       pass(1)
    :: event_is == NOBODY -> event_is = NONE; pass(0)
    :: event_is == PILL -> event_is = NONE; finish(0); goto done
    fi;
    goto work;
died:
    atomic {
        again = 1;
        event_word[me] = IDLE;
        now.input_done = 0; now.last = 0; now.input = 0;
        has_input = 0; flag = 0; draining = 0; numbered = 0; reads = 0;
        input = 0; number = 0; n = 0; c = 0; bits = 0; index = 0; holder = 0;
        found = NONE; event_is = NONE;
        goto attach
    };
done:
    atomic {
        ended++;
        if
        :: ended == SEATS && !unwanted ->
           /* no number is missing; what was read is the beginning, or all */
           assert((published & (published + 1)) == 0);
           assert((processed & (processed + 1)) == 0);
           assert(drain || processed == BIT(S) - 1)
        :: else
        fi
    }
}

#if defined(DRAIN) || defined(UNWANTED)
/* Those outside of the group, of whose own deaths nothing is told here. */
proctype outside()
{
    byte index, me = SEATS;
    if
#ifdef DRAIN
    :: atomic { SAY(drains); drain = 1 }
#endif
#ifdef UNWANTED
    :: atomic { SAY(is done); unwanted = 1 }
#endif
    fi;
    do
    :: index < SEATS -> atomic { bump(index); index++ }
    :: else -> break
    od
}
#endif

init {
    byte me;
    atomic {
        do
        :: me < SEATS -> run seat(me); me++
        :: else -> break
        od;
#if defined(DRAIN) || defined(UNWANTED)
        run outside()
#endif
    }
}
