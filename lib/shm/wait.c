#include "shm/wait.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint64_t weir__word_set(struct word *word, uint64_t bits, enum step step)
{
    uint64_t old = word_load(word, step);
    while (!word_cas(word, &old, old | bits, step))
        ;
    return old;
}

uint64_t weir__word_clear(struct word *word, uint64_t bits, enum step step)
{
    uint64_t old = word_load(word, step);
    while (!word_cas(word, &old, old & ~bits, step))
        ;
    return old;
}

/* A futex is 32 bits wide: the low half, which comes first on the machines that we run on. */
static void *futex_address(struct word *event)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half comes first");
    return event;
}

void weir__event_sleep(struct word *event, uint64_t value, int timeout_ms)
{
    struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                               .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    syscall(SYS_futex, futex_address(event), FUTEX_WAIT, (uint32_t)value,
            timeout_ms < 0 ? NULL : &timeout, NULL, 0);
}

void weir__event_wake(struct word *event)
{
    uint64_t old = word_load(event, STEP_EVENT_LOAD);
    while (!word_cas(event, &old, old + 1, STEP_EVENT_BUMP))
        ;
    syscall(SYS_futex, futex_address(event), FUTEX_WAKE, 1, NULL, NULL, 0);
}
