#include <weir/sync.h>

/* toolkit */
#include "toolkit/lock.h"

/* shm */
#include "shm/bell.h"

/* base */
#include "base/clock.h"

/* The word. WAITING is set by who waits and cleared by who sets the event, one at a time. */
enum { SET = 1, WAITING = 2, TIME = 4 };

int weir_event_init(struct weir_event *event)
{
    event->word = 0;
    return weir_lock_init(&event->setters);
}

static void set(uint32_t *bell)
{
    uint32_t word = bell_load(bell);
    while ((word & SET) == 0) {
        if ((word & WAITING) != 0) {
            weir__bell_add_and_wake(bell, TIME + SET - WAITING, BELL_ALL);
            return;
        }
        if (bell_cas(bell, &word, word + TIME + SET))
            return;
    }
}

int weir_event_set(struct weir_event *event)
{
    int code = weir__door_acquire(&event->setters, CLOCK_NEVER);
    if (code != 0)
        return code;
    set(&event->word);
    return weir_lock_release(&event->setters);
}

void weir_event_clear(struct weir_event *event)
{
    bell_clear(&event->word, SET);
}

bool weir_event_is_set(const struct weir_event *event)
{
    return (bell_load(&event->word) & SET) != 0;
}

int weir_event_wait(struct weir_event *event, int64_t timeout_ms)
{
    uint32_t word = bell_load(&event->word), time = word / TIME;
    uint64_t deadline_ns = weir__deadline_ns(timeout_ms);
    while ((word & SET) == 0 && word / TIME == time) {
        if (timeout_ms == 0)
            return WEIR_TIMED_OUT;
        if ((word & WAITING) == 0 && !bell_cas(&event->word, &word, word | WAITING))
            continue;
        if (!weir__bell_sleep(&event->word, word | WAITING, deadline_ns))
            return WEIR_TIMED_OUT;
        word = bell_load(&event->word);
    }
    return 0;
}
