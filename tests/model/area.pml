/*
 * area.pml - the large area of a ring: one record larger than a slot at a time (weir__seat_oversize in seat.c).
 *
 * One producer and one consumer, in order and with waits that end by themselves: rings and parking are protocol.pml's
 * subject. Each batch may or may not use the area. A world: K, N, DEATHS. The mutants are how the code once was.
 */
#ifndef K
#define K 1
#endif
#ifndef N
#define N 4
#endif
#ifndef DEATHS
#define DEATHS 0
#endif

#define EMPTY(lap) ((lap)*2)
#define TAKEN(lap) ((lap)*2 + 1)
#define LAP(claim) ((claim) / 2)

byte tail_word;
byte claim_word[K];
bit oversize[K]; /* slot_facts: the payload is in the area. Plain memory, written before tail passes it */
byte held[K];    /* what the slot's payload is */
byte area;       /* what the area holds */
byte committed;  /* the producer's ledger: its tail, */
byte used_by;    /* and the position, plus one, that used the area last */
byte taken;      /* positions that the consumer has released */
byte deaths = DEATHS;

#define SAY(name) printf(#name); printf("\n")
#if DEATHS > 0
#define STEP(name) if :: deaths > 0 -> SAY(dies); deaths--; goto died :: SAY(name) fi
#define DIES_THERE deaths > 0 -> SAY(dies); deaths--; goto died
#else
#define STEP(name) SAY(name)
#define DIES_THERE false
#endif

/* May the slot of this position be written? The area asks whether its last user has been released: not the same once
 * the slot has been used again. */
#define WRITABLE(position) (claim_word[(position) % K] == EMPTY((position) / K))
#ifdef M_EXACT_LAP
#define RELEASED(position) WRITABLE((position) + K)
#else
#define RELEASED(position) (LAP(claim_word[(position) % K]) > (position) / K)
#endif

active proctype producer()
{
    byte tail, area_position;
    bit large;

attach:
    atomic {
        STEP(SEQUENCE_LOAD);
        tail = committed;
#ifndef M_AREA_FORGOTTEN
        area_position = used_by
#endif
    };
    atomic { STEP(TAIL_PUBLISH); tail_word = tail };
    do
    :: tail == N -> break
    :: tail < N ->
       atomic {
        if
        :: WRITABLE(tail) -> SAY(CLAIM_LOAD)
        :: DIES_THERE
        fi
       };
       if
       :: large = 0
       :: large = 1
       fi;
       if
       :: large && area_position > 0 && area_position <= tail ->
          atomic {
            if
            :: RELEASED(area_position - 1) -> SAY(CLAIM_LOAD)
            :: DIES_THERE
            fi
          }
       :: else
       fi;
       if
       :: large -> atomic { STEP(NUMBER_STORE); area = tail + 1; area_position = tail + 1 }
       :: else
       fi;
       atomic { STEP(NUMBER_STORE); held[tail % K] = tail + 1; oversize[tail % K] = large };
       large = 0;
       tail++;
       atomic { STEP(SEQUENCE_COMMIT); committed = tail; used_by = area_position };
       atomic { STEP(TAIL_PUBLISH); tail_word = tail }
    od;
    goto ended;
died:
    atomic { tail = 0; area_position = 0; large = 0 };
    goto attach;
ended:
    skip
}

active proctype consumer()
{
    do
    :: taken == N -> break
    :: taken < N ->
       atomic { tail_word > taken -> claim_word[taken % K] = TAKEN(taken / K); SAY(CLAIM_TAKE) };
       atomic {
        SAY(reads);
        assert(held[taken % K] == taken + 1);
        assert(!oversize[taken % K] || area == taken + 1)
       };
       atomic { taken++; claim_word[(taken - 1) % K] = EMPTY((taken - 1) / K + 1); SAY(CLAIM_RELEASE) }
    od
}
