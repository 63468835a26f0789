/*
 * unit.h - what the tests of single files share: running a suite, and numbers that look random and
 * are the same each time.
 */
#ifndef TEST_UNIT_H
#define TEST_UNIT_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline int unit_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

/* xorshift64. A state of 0 would stay 0. */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* From 0 to n - 1. */
static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
    return (random_next(state) >> 11) % n;
}

/* WEIR_SOAK makes it so many times longer. */
static inline uint64_t soaked(uint64_t runs)
{
    const char *times = getenv("WEIR_SOAK");
    return times == NULL ? runs : runs * strtoull(times, NULL, 10);
}

#endif
