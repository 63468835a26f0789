/* clock.h - the monotonic clock. */
#ifndef WEIR_CLOCK_H
#define WEIR_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t weir__now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t weir__now_ms(void)
{
    return weir__now_ns() / 1000000;
}

#define CLOCK_NEVER UINT64_MAX

/* When so much time will have passed, on the clock of weir__now_ns. Negative: never. */
static inline uint64_t weir__deadline_ns(int64_t timeout_ms)
{
    return timeout_ms < 0 ? CLOCK_NEVER : weir__now_ns() + (uint64_t)timeout_ms * 1000000;
}

/* Until then, as poll(2) takes it: rounded up, so that nobody spins through the last part of it. */
static inline int weir__left_ms(uint64_t deadline_ns)
{
    if (deadline_ns == CLOCK_NEVER)
        return -1;
    uint64_t now = weir__now_ns();
    uint64_t left_ms = deadline_ns > now ? (deadline_ns - now + 999999) / 1000000 : 0;
    return left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

#endif
