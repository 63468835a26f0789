/*
 * word.h - the one door to words that processes share.
 *
 * Every load, store and compare-and-swap of a shared word goes through the functions below, each
 * call naming the step of the protocol that it is (docs/ARCHITECTURE.md tells them in order). A
 * build with WEIR_STEP_HOOK calls weir__step_hook before each, which can count, trace, yield or
 * kill there. No globals otherwise, so that tests can run seats as threads of one process.
 *
 * Memory order: a load acquires, a store releases, a compare-and-swap does both, and word_fence is
 * sequentially consistent. It is needed in two kinds of places only: between a waker's publication
 * and its look at a parked word, and between a waiter's bit in that word and its second look (see
 * wait.h). One more stands where the supervisor reads a ledger that its seat may be writing.
 */
#ifndef WEIR_WORD_H
#define WEIR_WORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Words that different seats write are this far apart: two cache lines, since processors fetch
 * lines in pairs. */
#define WORD_APART 128

struct word {
    _Atomic uint64_t value;
};

/* A word alone in its lines. */
struct lone_word {
    _Alignas(WORD_APART) struct word word;
};
_Static_assert(sizeof(struct lone_word) == WORD_APART, "a lone word fills its lines");

/* One list names every step. */
#define WEIR_STEPS(X)                                                                              \
    X(TAIL_LOAD)                                                                                   \
    X(TAIL_PUBLISH)                                                                                \
    X(NUMBER_LOAD)                                                                                 \
    X(NUMBER_STORE)                                                                                \
    X(CLAIM_LOAD)                                                                                  \
    X(CLAIM_TAKE)                                                                                  \
    X(CLAIM_RELEASE)                                                                               \
    X(NEXT_LOAD)                                                                                   \
    X(NEXT_ADVANCE)                                                                                \
    X(NEXT_HELP)                                                                                   \
    X(SEQUENCE_LOAD)                                                                               \
    X(SEQUENCE_COMMIT)                                                                             \
    X(CLOSED_LOAD)                                                                                 \
    X(CLOSED_STORE)                                                                                \
    X(DONE_LOAD)                                                                                   \
    X(DONE_STORE)                                                                                  \
    X(EVENT_LOAD)                                                                                  \
    X(EVENT_BUMP)                                                                                  \
    X(PARK_SET)                                                                                    \
    X(PARK_LOOK)                                                                                   \
    X(PARK_CLEAR)                                                                                  \
    X(PARK_FENCE)                                                                                  \
    X(WAKE_FENCE)                                                                                  \
    X(RUN_LOAD)                                                                                    \
    X(RUN_STORE)                                                                                   \
    X(FAILED_LOAD)                                                                                 \
    X(FAILED_STORE)                                                                                \
    X(RUNNING_STORE)                                                                               \
    X(RUNNING_LOAD)                                                                                \
    X(HANDED_LOAD)                                                                                 \
    X(HANDED_STORE)                                                                                \
    X(CHANNEL_LOAD)                                                                                \
    X(CHANNEL_STORE)                                                                               \
    X(CHANNEL_FENCE)

enum step {
#define WEIR_STEP(name) STEP_##name,
    WEIR_STEPS(WEIR_STEP)
#undef WEIR_STEP
        STEPS
};

#ifdef WEIR_STEP_HOOK
void weir__step_hook(enum step step);
#else
static inline void weir__step_hook(enum step step)
{
    (void)step;
}
#endif

static inline uint64_t word_load(const struct word *word, enum step step)
{
    weir__step_hook(step);
    return atomic_load_explicit(&((struct word *)(uintptr_t)word)->value, memory_order_acquire);
}

static inline void word_store(struct word *word, uint64_t value, enum step step)
{
    weir__step_hook(step);
    atomic_store_explicit(&word->value, value, memory_order_release);
}

/* On failure *expected is what stands there. */
static inline bool word_cas(struct word *word, uint64_t *expected, uint64_t value, enum step step)
{
    weir__step_hook(step);
    return atomic_compare_exchange_strong_explicit(&word->value, expected, value,
                                                   memory_order_acq_rel, memory_order_acquire);
}

static inline void word_fence(enum step step)
{
    weir__step_hook(step);
    atomic_thread_fence(memory_order_seq_cst);
}

#endif
