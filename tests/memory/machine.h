/*
 * machine.h - the memory of C11, as a machine that the real code runs on.
 *
 * The build of test_orders includes this file in front of every file of the library. It puts the
 * machine in place of the atomics in lib/shm/word.h and of the futex in lib/shm/wait.c; nothing
 * else is changed, and every order is the one that word.h asks for.
 *
 * Seats are threads of the machine. A word is not a value but the history of all that was stored
 * there, and each thread has a view: how far into each history it has seen. A load may return
 * anything that is not older than its thread's view. What a release store carries is its thread's
 * view, and who acquires from it sees as far; two sequentially consistent fences see in one order.
 * This is the view machine of Kang et al., "A Promising Semantics for Relaxed-Memory Concurrency"
 * (POPL 2017), without promises: these let a store come before a load that precedes it, which
 * acquire and release forbid, and there is nothing weaker in word.h.
 *
 * Every store here is by a thread that has seen the newest: the machine holds that, so that a
 * history is a list that only grows at its end. A compare-and-swap that fails may have read
 * something old. A thread reads old values of a word at most STALE times in a row: stores arrive
 * some time.
 *
 * Bytes that are no words (payloads, ledgers) are told to the machine by who reads and writes them;
 * two accesses that no chain of words orders are an error, in whatever order they came.
 */
#ifndef TEST_MACHINE_H
#define TEST_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

/* ---- in place of C11's atomics and the futex ---- */

uint64_t machine_load(const _Atomic uint64_t *from, memory_order order);
void machine_store(_Atomic uint64_t *to, uint64_t value, memory_order order);
bool machine_cas(_Atomic uint64_t *at, uint64_t *expected, uint64_t value, memory_order order,
                 memory_order on_failure);
void machine_fence(memory_order order);
long machine_futex(long number, void *address, int operation, uint32_t value);

/* The function that the next step stands in. */
void machine_site(const char *function);

#ifdef MACHINE_ITSELF
#include "shm/word.h"
#else
#pragma push_macro("atomic_load_explicit")
#pragma push_macro("atomic_store_explicit")
#pragma push_macro("atomic_compare_exchange_strong_explicit")
#pragma push_macro("atomic_thread_fence")
#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_thread_fence
#define atomic_load_explicit(from, order)       machine_load(from, order)
#define atomic_store_explicit(to, value, order) machine_store(to, value, order)
#define atomic_compare_exchange_strong_explicit(at, expected, value, order, on_failure)            \
    machine_cas(at, expected, value, order, on_failure)
#define atomic_thread_fence(order) machine_fence(order)
#include "shm/word.h"
#pragma pop_macro("atomic_load_explicit")
#pragma pop_macro("atomic_store_explicit")
#pragma pop_macro("atomic_compare_exchange_strong_explicit")
#pragma pop_macro("atomic_thread_fence")

#define word_load(word, step)         (machine_site(__func__), word_load(word, step))
#define word_store(word, value, step) (machine_site(__func__), word_store(word, value, step))
#define word_cas(word, expected, value, step)                                                      \
    (machine_site(__func__), word_cas(word, expected, value, step))
#define word_fence(step) (machine_site(__func__), word_fence(step))
#define syscall(number, address, operation, value, limit, a, b)                                    \
    ((void)(limit), machine_futex(number, address, operation, value))
#endif

/* ---- running on it ---- */

enum { MACHINE_THREADS = 5 };

/* An order that is taken away: that of one step where it stands in one function (NULL: in all). A
 * fence is left out; any other step becomes relaxed. */
struct weakened {
    const char *function;
    enum step step;
};

/* What runs. Everything that threads share, words or not, lies in `memory`, and begins as it is
 * when `prepare` returns, which runs as no thread. */
struct machine_world {
    void *memory;
    size_t bytes;
    void (*prepare)(void);
    uint32_t threads;
    void (*thread)(uint32_t who); /* begins again, as a new process would, when it has died */
    bool (*ended)(void); /* as no thread, when all have come to their end: whether all is well */
    /* All that the thread will do, beside what it reads from now on, depends on what is hashed. */
    uint64_t (*past)(uint32_t who);
    uint32_t deaths, mortals;        /* in runs by lot so many of the first threads die, in all */
    const struct weakened *weakened; /* NULL: the code as it is */
};

struct machine_outcome {
    const char *error; /* NULL: none was found */
    uint64_t runs, states;
    bool whole; /* everything was searched, not only a part */
};

/* Every order of steps and every value that can be read; ends at an error, or after `limit` runs.
 */
struct machine_outcome machine_search(const struct machine_world *world, uint64_t limit);

/* So many runs in which all that is drawn by lot. */
struct machine_outcome machine_draw(const struct machine_world *world, uint64_t runs,
                                    uint64_t seed);

/* In a thread: bytes at this address are about to be read, or written. */
void machine_reads(const void *address);
void machine_writes(const void *address);

/* In a thread: it is about to wait, at a place where its past comes down to world->past(). So it
 * does when a sleep ends. */
void machine_waits(void);

/* In a thread: something is wrong. Does not return. `text` must last. */
_Noreturn void machine_complain(const char *text);

/* The steps of all runs so far and the functions they stand in. */
uint32_t machine_sites(const struct weakened **ret);

const char *machine_step_name(enum step step);

/* Prints the last run, step by step. */
void machine_tell(void);

#endif
