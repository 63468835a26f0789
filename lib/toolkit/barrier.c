#include <weir/sync.h>

#include <unistd.h>

/* toolkit */
#include "toolkit/lock.h"

/* shm */
#include "shm/bell.h"

/* base */
#include "base/clock.h"

/*
 * A party holds one of the lives from entering to leaving. Who waits sleeps on the barrier's words and
 * on all lives at once. The kernel wakes one of them when a party dies, and that one breaks the
 * barrier, which wakes the others; should it die before it does, that is another death, and wakes the
 * next.
 */

/* The word. TIME is added with the door held only, BROKEN is never taken back. */
enum { BROKEN = 1, TIME = 2 };

_Static_assert(2 + WEIR_BARRIER_PARTIES <= BELLS_AT_ONCE,
               "a waiter can sleep on all lives at once");

int weir_barrier_init(struct weir_barrier *barrier, uint32_t parties)
{
    if (parties == 0 || parties > WEIR_BARRIER_PARTIES)
        return WEIR_EUSAGE;
    barrier->word = 0;
    barrier->entered = 0;
    barrier->parties = parties;
    barrier->arrived = 0;
    int code = weir_lock_init(&barrier->door);
    for (uint32_t i = 0; code == 0 && i < parties; i++)
        code = weir_lock_init(&barrier->lives[i]);
    return code;
}

void weir_barrier_abort(struct weir_barrier *barrier)
{
    weir__bell_set_and_wake(&barrier->word, BROKEN);
}

static int broken(struct weir_barrier *barrier)
{
    weir_barrier_abort(barrier);
    return WEIR_BROKEN;
}

static struct weir_lock *my_life(struct weir_barrier *barrier)
{
    pid_t me = gettid();
    for (uint32_t i = 0; i < barrier->parties; i++)
        if (weir__lock_holder(&barrier->lives[i]) == me)
            return &barrier->lives[i];
    return NULL;
}

int weir_barrier_enter(struct weir_barrier *barrier)
{
    if (my_life(barrier) != NULL)
        return WEIR_EUSAGE;
    for (uint32_t i = 0; i < barrier->parties; i++) {
        int got = weir__lock_acquire_until(&barrier->lives[i], 0);
        if (got == 0) {
            /* Who waits has not looked at this life yet. */
            weir__bell_add_and_wake(&barrier->entered, 1, BELL_ALL);
            return 0;
        }
        if (got == WEIR_OWNER_DIED) {
            weir_lock_release(&barrier->lives[i]);
            return broken(barrier); /* now nobody else can find it dead */
        }
    }
    return WEIR_EUSAGE;
}

int weir_barrier_leave(struct weir_barrier *barrier)
{
    struct weir_lock *life = my_life(barrier);
    return life == NULL ? WEIR_EUSAGE : weir_lock_release(life);
}

static int wait_for_others(struct weir_barrier *barrier, uint32_t before, uint64_t deadline_ns)
{
    struct bell_value bells[2 + WEIR_BARRIER_PARTIES] = {{&barrier->word, 0},
                                                         {&barrier->entered, 0}};
    for (bool in_time = true;;) {
        bool death = false;
        unsigned count = 2;
        bells[1].value = bell_load(&barrier->entered); /* before the look at the lives */
        for (uint32_t i = 0; i < barrier->parties; i++) {
            enum lock_holder holder = weir__lock_watch(&barrier->lives[i], &bells[count].value);
            death |= holder == LOCK_HOLDER_DEAD;
            if (holder == LOCK_HELD)
                bells[count++].bell = weir__lock_word(&barrier->lives[i]);
        }
        /* Behind the look at the lives: who has died since all had come is no matter. */
        uint32_t word = bell_load(&barrier->word);
        if (word / TIME != before / TIME)
            return 0;
        if (death || (word & BROKEN) != 0)
            return broken(barrier);
        if (!in_time) {
            weir_barrier_abort(barrier);
            return WEIR_TIMED_OUT;
        }
        bells[0].value = word;
        in_time = weir__bell_sleep_any(bells, count, deadline_ns);
    }
}

int weir_barrier_wait(struct weir_barrier *barrier, int64_t timeout_ms)
{
    uint64_t deadline_ns = weir__deadline_ns(timeout_ms);
    if (my_life(barrier) == NULL)
        return WEIR_EUSAGE;
    int code = weir__lock_acquire_until(&barrier->door, deadline_ns);
    if (code == WEIR_TIMED_OUT || code < 0)
        return code;
    uint32_t before = bell_load(&barrier->word);
    bool last = false;
    if (code == WEIR_OWNER_DIED || (before & BROKEN) != 0) {
        code = broken(barrier);
    } else if (++barrier->arrived == barrier->parties) {
        last = true;
        barrier->arrived = 0;
        weir__bell_add_and_wake(&barrier->word, TIME, BELL_ALL);
    }
    weir_lock_release(&barrier->door);
    return code != 0 || last ? code : wait_for_others(barrier, before, deadline_ns);
}
