#include <weir/sync.h>

/* toolkit */
#include "toolkit/lock.h"

/* shm */
#include "shm/bell.h"

/* base */
#include "base/clock.h"

/* The word: how often it was rung, above. It is changed with the lock held only. */
enum { WAITING = 1 };

void weir_condition_init(struct weir_condition *condition)
{
    condition->word = 0;
}

int weir_condition_wait(struct weir_condition *condition, struct weir_lock *lock,
                        int64_t timeout_ms)
{
    uint64_t deadline_ns = weir__deadline_ns(timeout_ms);
    uint32_t word = bell_load(&condition->word);
    while ((word & WAITING) == 0 && !bell_cas(&condition->word, &word, word | WAITING))
        ;
    int code = weir_lock_release(lock);
    if (code != 0)
        return code;
    bool in_time = weir__bell_sleep(&condition->word, word | WAITING, deadline_ns);
    code = weir__lock_acquire_until(lock, CLOCK_NEVER);
    return code != 0 || in_time ? code : WEIR_TIMED_OUT;
}

void weir_condition_notify_all(struct weir_condition *condition)
{
    if ((bell_load(&condition->word) & WAITING) != 0)
        weir__bell_add_and_wake(&condition->word, WAITING, BELL_ALL); /* carries: rung once more */
}
