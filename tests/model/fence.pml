/*
 * fence.pml - why parking needs its two fences (wait.h): one waiter, one waker, and stores that others see later.
 *
 * A store waits in its process's buffer until the memory takes it, at any later time; a fence waits for that. So a load
 * may come before an earlier store of the same process, which is all that the orders of word.h leave open between two
 * words. protocol.pml is sequentially consistent. The mutants are the two fences left out.
 */
#ifndef N
#define N 2 /* batches */
#endif

#define SAY(name) printf(#name); printf("\n")
#define STEP(name) SAY(name)
#define NOTHING 255

#define FENCE(name) atomic { waits == NOTHING; SAY(name) }
#ifdef M_NO_PARK_FENCE
#define WAITERS_FENCE
#else
#define WAITERS_FENCE FENCE(PARK_FENCE);
#endif
#ifdef M_NO_WAKE_FENCE
#define WAKERS_FENCE
#else
#define WAKERS_FENCE FENCE(WAKE_FENCE);
#endif

byte tail_word, parked_word, event_word;
byte tail_waits = NOTHING, parked_waits = NOTHING; /* the buffers: the waker's, the waiter's */

active proctype waiter()
{
    byte taken, value;
#define waits parked_waits
    do
    :: taken == N -> break
    :: taken < N ->
       atomic { STEP(EVENT_LOAD); value = event_word };
       atomic { waits == NOTHING; STEP(PARK_SET); waits = 1 };
       WAITERS_FENCE
       if
       :: atomic { tail_word > taken -> STEP(TAIL_LOAD); taken++ }
       :: atomic { tail_word <= taken -> STEP(TAIL_LOAD) };
          event_word != value /* sleeps */
       fi
    od
#undef waits
}

active proctype waker()
{
    byte made;
    bit bit_was;
#define waits tail_waits
    do
    :: made == N -> break
    :: made < N ->
       made++;
       atomic { waits == NOTHING; STEP(TAIL_PUBLISH); waits = made };
       WAKERS_FENCE
       atomic { STEP(PARK_LOOK); bit_was = parked_word };
       if
       :: bit_was ->
          atomic { STEP(PARK_CLEAR); bit_was = parked_word; parked_word = 0 };
          if
          :: bit_was -> atomic { STEP(EVENT_BUMP); event_word++ }
          :: else
          fi
       :: else
       fi
    od
#undef waits
}

active proctype memory()
{
end:
    do
    :: atomic { tail_waits != NOTHING -> tail_word = tail_waits; tail_waits = NOTHING }
    :: atomic { parked_waits != NOTHING -> parked_word = parked_waits; parked_waits = NOTHING }
    od
}
