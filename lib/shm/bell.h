/*
 * bell.h - a 32-bit word that is changed and rung in one step.
 *
 * With an event word (wait.h) a process can die between its change and its wake; the engine makes
 * that good in recovery. Where nobody recovers, as in the toolkit, the two must be one. So:
 *
 *     who waits   sets a bit of the word itself, and sleeps on the value that it left there
 *     who changes sees no such bit and changes by compare-and-swap: there was nobody to wake;
 *                 or sees it, and has the kernel add to the word and wake, in one system call
 *                 (FUTEX_WAKE_OP), which a signal cannot cut in two
 *
 * That one of those who wait dies with a wake in its hands is the other half. Either all are woken,
 * or only one at a time waits at a bell, holding a robust lock for which the others wait: the
 * kernel gives the place to the next when its holder dies.
 */
#ifndef WEIR_BELL_H
#define WEIR_BELL_H

#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>

enum { BELL_ALL = INT_MAX, BELL_ADD_MAX = 2047, BELLS_AT_ONCE = FUTEX_WAITV_MAX };

static inline uint32_t bell_load(const uint32_t *bell)
{
    return __atomic_load_n(bell, __ATOMIC_ACQUIRE);
}

/* On failure *expected is what stands there. */
static inline bool bell_cas(uint32_t *bell, uint32_t *expected, uint32_t value)
{
    return __atomic_compare_exchange_n(bell, expected, value, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static inline void bell_clear(uint32_t *bell, uint32_t bits)
{
    __atomic_fetch_and(bell, ~bits, __ATOMIC_ACQ_REL);
}

/* Adds (1 to BELL_ADD_MAX) to the word and wakes so many of those who sleep on it. */
void weir__bell_add_and_wake(uint32_t *bell, uint32_t add, int sleepers);

/* Sets one bit of the word and wakes all who sleep on it. */
void weir__bell_set_and_wake(uint32_t *bell, uint32_t bit);

/* Sleeps while the word has the value. May return early. False when the deadline has passed. */
bool weir__bell_sleep(uint32_t *bell, uint32_t value, uint64_t deadline_ns);

/* One of several words to sleep on, and the value that it has. */
struct bell_value {
    uint32_t *bell;
    uint32_t value;
};

/* Sleeps while all of them (at most BELLS_AT_ONCE) have their values. May return early; a kernel
 * before 5.16 can sleep on one word only, and there it returns every 100 ms. False when the deadline
 * has passed. */
bool weir__bell_sleep_any(const struct bell_value *bells, unsigned count, uint64_t deadline_ns);

#endif
