/*
 * pool.h - what a pool's process and its workers share.
 *
 * A chunk of tasks stands in a slot. Slots are given to the workers by a ring of their numbers, and
 * each word says who may touch the slot:
 *
 *     READY(n)         it is number n of all that were ever given: whoever changes it to TAKEN has it
 *     TAKEN(n, worker) by compare-and-swap, so that a dead worker's is known
 *     DONE(n)          it is the parent's
 *
 * `progress` says how many of the chunk's tasks have their result in the slot. So what a dead worker
 * leaves is: results up to there, one task that died with it, and tasks that have not begun, which
 * the parent gives again. There is nothing else to recover: `next` is moved on by whoever finds its
 * slot taken, and who waits for a slot waits as at a queue, holding a robust lock for which the
 * others wait (bell.h).
 *
 * The parent sleeps in poll: on an eventfd, and on the pidfds of the workers. A worker that dies
 * between DONE and its write to the eventfd wakes it by its death.
 */
#ifndef WEIR_TOOLKIT_POOL_H
#define WEIR_TOOLKIT_POOL_H

#include <weir/pool.h>

/* shm */
#include "shm/segment.h"

/* ---- the segment: pool_words, seats, slots, the ring, and each slot's two areas ---- */

/* So many slots for each worker; or as many more, if they are not large, as it takes for small tasks
 * to be given and their results taken in while nobody sleeps. */
enum { SLOTS_PER_WORKER = 16, SLOTS_TO_FLOW = 128, FLOW_BYTES = 4 << 20, WORKERS_MOST = 4096 };

/* Memory for the areas of slots is reserved for so many at a time. */
enum { SLOTS_AT_ONCE = 16 };

/* The bell: its WAITING bit is set by a worker that is about to sleep on it, and cleared by the next
 * change. */
enum { BELL_WAITING = 1, BELL_CLOSED = 2, BELL_ONE = 4 };

/* What a slot's state is besides its number. */
#define STATE_READY ((uint64_t)0)
#define STATE_DONE  ((uint64_t)0xffff)
#define STATE_MASK  ((uint64_t)0xffff)

static inline uint64_t slot_state(uint64_t number, uint64_t what)
{
    return number << 16 | what;
}

static inline uint64_t state_taken(size_t seat)
{
    return seat + 1;
}

/* A seat is a worker's place, which outlives it. */
enum { SEAT_STARTING, SEAT_READY, SEAT_FAILED };

struct seat_words {
    uint32_t state;
    struct weir_err err; /* FAILED: what the initializer said */
};

struct slot_words {
    _Alignas(128) uint64_t state;
    uint64_t function; /* how the pool refers to it */
    uint32_t count;    /* tasks in it */
    uint32_t progress; /* those that have run, or must not run any more */
};

struct pool_words {
    uint64_t seats, slots, ring; /* how many; the ring is a power of two */
    uint64_t max_argument, max_result, max_tasks;
    uint64_t argument_area, result_area; /* bytes of a slot's areas */
    uint64_t by_name;                    /* functions are referred to by their registered place */
    _Alignas(128) uint64_t next;         /* the first number that may not be taken yet */
    _Alignas(128) uint64_t given;        /* written by the parent only, and so is ... */
    uint32_t bell;                       /* ... all but the bit WAITING */
    _Alignas(128) struct weir_lock door; /* held by who sleeps on the bell */
    _Alignas(128) uint32_t parent_waits; /* 0: no; each time another number */
};

/* Before each argument and each result in its area. */
struct entry {
    uint32_t bytes;
    int32_t code; /* of a result; if negative, a struct weir_err follows */
};

/* What a worker is told when it is started; the initializer's argument follows. */
struct worker_call {
    uint64_t seat;
    uint64_t initializer; /* a reference; 0: none */
};

enum { GIVEN_SEGMENT, GIVEN_EVENT, GIVEN_FDS }; /* the descriptors of a worker, in this order */

/* Where things stand in the segment, in this process. */
struct pool_map {
    struct pool_words *words;
    struct seat_words *seats;
    struct slot_words *slots;
    uint32_t *ring;
    char *areas;
};

/* Bytes of a segment with these words, as far as the areas of so many slots go; each entry begins at
 * a multiple of ENTRY_ALIGN. */
#define ENTRY_ALIGN 16
size_t weir__pool_bytes(const struct pool_words *words, size_t slots);
void weir__pool_map(struct pool_map *map, void *base);

static inline size_t entry_bytes(size_t payload)
{
    return (ENTRY_ALIGN + payload + ENTRY_ALIGN - 1) / ENTRY_ALIGN * ENTRY_ALIGN;
}

static inline char *slot_arguments(const struct pool_map *map, size_t slot)
{
    return map->areas + slot * (map->words->argument_area + map->words->result_area);
}

static inline char *slot_results(const struct pool_map *map, size_t slot)
{
    return slot_arguments(map, slot) + map->words->argument_area;
}

/* The most that one result can take. */
static inline size_t result_most(const struct pool_words *words)
{
    return entry_bytes(words->max_result > sizeof(struct weir_err) ? words->max_result
                                                                   : sizeof(struct weir_err));
}

/* ---- functions ---- */

typedef int weir__task_main(struct weir_task *task, struct weir_err *err);

/* How to refer to a function in a worker that is a copy of this process, or (by_name) is not. 0: it
 * is not registered. */
uint64_t weir__task_reference(weir__task_main *main, bool by_name);

/* ---- in a worker ---- */

#define POOL_WORKER_NAME "weir-pool-worker"
int weir__pool_work(const struct weir_child *child);

/* ---- in the parent ---- */

/* Who gets the outcomes of tasks. err is NULL for a result; both stay the pool's. */
struct taker {
    void (*take)(struct taker *taker, uint64_t number, const struct weir_err *err,
                 const void *result, size_t bytes);
    void (*tell)(struct taker *taker);      /* see weir__pool_tell_later */
    void (*pool_gone)(struct taker *taker); /* the pool is released; no outcome is missing */
    struct taker *next, **link;             /* in the pool's list */
    struct taker *next_news;
};

void weir__pool_enlist(struct weir_pool *pool, struct taker *taker);
/* Whatever is under way for it gets lost. */
void weir__pool_strike_off(struct weir_pool *pool, struct taker *taker);

/* Once the pool's own affairs are in order, `tell` is called, which may use the pool. */
void weir__pool_tell_later(struct weir_pool *pool, struct taker *taker);

/* An error that only weir_pool_join can tell. */
void weir__pool_untold(struct weir_pool *pool, const struct weir_err *err);

/* 0, or what every use of the pool fails with from now on. */
int weir__pool_check(const struct weir_pool *pool, struct weir_err *err);
/* The same; and a closed pool is not to be given tasks. */
int weir__pool_check_open(const struct weir_pool *pool, struct weir_err *err);

/* Refers to main; WEIR_EUSAGE: it is not registered, and must be. */
int weir__pool_refer(const struct weir_pool *pool, weir__task_main *main, uint64_t *ret,
                     struct weir_err *err);

/* An input is open: a closed pool's workers stay until it is at its end. */
void weir__pool_open_input(struct weir_pool *pool);
void weir__pool_close_input(struct weir_pool *pool);

/* A free slot, or -1: there is none. It is the caller's until it is given. */
ssize_t weir__slot_begin(struct weir_pool *pool, uint64_t function);
/* Adds a task; false if there is no room. An argument of at most max_argument has room in an empty
 * slot. */
bool weir__slot_add(struct weir_pool *pool, ssize_t slot, const void *argument, size_t bytes);
uint32_t weir__slot_count(const struct weir_pool *pool, ssize_t slot);
/* The tasks in it are number `first` and those behind it. */
void weir__slot_give(struct weir_pool *pool, ssize_t slot, struct taker *taker, uint64_t first);
/* Gives back one that was begun and not given. */
void weir__slot_drop(struct weir_pool *pool, ssize_t slot);
/* Behind one or more of those: who waits for tasks is woken. */
void weir__pool_ring(struct weir_pool *pool);

size_t weir__pool_max_argument(const struct weir_pool *pool);
size_t weir__pool_slots(const struct weir_pool *pool);

/* Numbers the tasks that are given one by one. */
uint64_t weir__pool_count_task(struct weir_pool *pool);

/* Takes in what is done. Returns how many slots that were. */
size_t weir__pool_collect(struct weir_pool *pool);

/* Takes in what there is: outcomes, and ends of workers. If there is nothing it waits for something.
 * Returns 0, or WEIR_TIMED_OUT, with nothing taken in. */
int weir__pool_step(struct weir_pool *pool, uint64_t deadline_ns);

#endif
