#include <weir/sync.h>

/* toolkit */
#include "toolkit/lock.h"

/* shm */
#include "shm/bell.h"

/* base */
#include "base/clock.h"

/* The word: units above, and whether somebody sleeps on it. That bit belongs to who holds the door;
 * who dies there leaves it behind, which costs releasers a system call until the next one comes. */
enum { WAITING = 1, UNIT = 2 };

static int init(struct weir_semaphore *semaphore, uint32_t units, uint32_t limit)
{
    if (units > WEIR_SEMAPHORE_MAX)
        return WEIR_EUSAGE;
    semaphore->word = units * UNIT;
    semaphore->limit = limit;
    int code = weir_lock_init(&semaphore->door);
    return code < 0 ? code : weir_lock_init(&semaphore->releasers);
}

int weir_semaphore_init(struct weir_semaphore *semaphore, uint32_t units)
{
    return init(semaphore, units, 0);
}

int weir_bounded_semaphore_init(struct weir_semaphore *semaphore, uint32_t units)
{
    return units == 0 ? WEIR_EUSAGE : init(semaphore, units, units);
}

/* Takes a unit and with it the bits given, if there is a unit. */
static bool take(struct weir_semaphore *semaphore, uint32_t bits)
{
    uint32_t word = bell_load(&semaphore->word);
    while (word >= UNIT)
        if (bell_cas(&semaphore->word, &word, (word - UNIT) & ~bits))
            return true;
    return false;
}

/* At the door: takes a unit, or sleeps until there is one. */
static int wait_for_unit(struct weir_semaphore *semaphore, uint64_t deadline_ns)
{
    while (!take(semaphore, WAITING)) {
        uint32_t none = bell_load(&semaphore->word);
        if (none >= UNIT)
            continue;
        if ((none & WAITING) == 0 && !bell_cas(&semaphore->word, &none, none | WAITING))
            continue;
        if (!weir__bell_sleep(&semaphore->word, WAITING, deadline_ns)) {
            bell_clear(&semaphore->word, WAITING);
            return WEIR_TIMED_OUT;
        }
    }
    return 0;
}

int weir_semaphore_acquire(struct weir_semaphore *semaphore, int64_t timeout_ms)
{
    if (take(semaphore, 0))
        return 0;
    if (timeout_ms == 0)
        return WEIR_TIMED_OUT;
    uint64_t deadline_ns = weir__deadline_ns(timeout_ms);
    int code = weir__door_acquire(&semaphore->door, deadline_ns);
    if (code != 0)
        return code;
    code = wait_for_unit(semaphore, deadline_ns);
    weir_lock_release(&semaphore->door);
    return code;
}

static int give(struct weir_semaphore *semaphore, uint32_t limit)
{
    uint32_t word = bell_load(&semaphore->word);
    for (;;) {
        if (word / UNIT >= limit)
            return WEIR_EUSAGE;
        if ((word & WAITING) != 0) {
            weir__bell_add_and_wake(&semaphore->word, UNIT, 1);
            return 0;
        }
        if (bell_cas(&semaphore->word, &word, word + UNIT))
            return 0;
    }
}

int weir_semaphore_release(struct weir_semaphore *semaphore)
{
    if (semaphore->limit == 0)
        return give(semaphore, WEIR_SEMAPHORE_MAX);
    /* Two releasers at once might each find room for one. */
    int code = weir__door_acquire(&semaphore->releasers, CLOCK_NEVER);
    if (code != 0)
        return code;
    code = give(semaphore, semaphore->limit);
    weir_lock_release(&semaphore->releasers);
    return code;
}
