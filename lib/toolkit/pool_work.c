/* What runs in a pool's worker. */
#include "toolkit/pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

/* toolkit */
#include "toolkit/lock.h"

/* shm */
#include "shm/bell.h"

/* base */
#include "base/clock.h"

/* ---- functions ---- */

static const struct weir_task_function *registered;

void weir_pool_register(const struct weir_task_function *functions)
{
    registered = functions;
}

uint64_t weir__task_reference(weir__task_main *main, bool by_name)
{
    if (!by_name)
        return (uintptr_t)main;
    for (size_t i = 0; registered != NULL && registered[i].name != NULL; i++)
        if (registered[i].main == main)
            return i + 1;
    return 0;
}

/* A worker that is no copy runs its parent's program all the same, and so has the same list. */
static weir__task_main *find_function(uint64_t reference, bool by_name)
{
    return by_name ? registered[reference - 1].main
                   : (weir__task_main *)(uintptr_t)reference; /* NOLINT */
}

/* ---- the segment ---- */

static size_t align_up(size_t bytes)
{
    return (bytes + 127) / 128 * 128;
}

static size_t slots_offset(const struct pool_words *words)
{
    return align_up(sizeof(*words) + words->seats * sizeof(struct seat_words));
}

static size_t areas_offset(const struct pool_words *words)
{
    return align_up(slots_offset(words) + words->slots * sizeof(struct slot_words) +
                    words->ring * sizeof(uint32_t));
}

size_t weir__pool_bytes(const struct pool_words *words, size_t slots)
{
    return areas_offset(words) + slots * (words->argument_area + words->result_area);
}

void weir__pool_map(struct pool_map *map, void *base)
{
    char *at = base;
    struct pool_words *words = base;
    map->words = words;
    map->seats = (struct seat_words *)(void *)(at + sizeof(*words));
    map->slots = (struct slot_words *)(void *)(at + slots_offset(words));
    map->ring = (uint32_t *)(void *)(map->slots + words->slots);
    map->areas = at + areas_offset(words);
}

/* ---- one task ---- */

struct running {
    struct weir_task task; /* first: weir_task_return is given it */
    char *into;            /* NULL: what it returns is dropped */
    size_t room, bytes;
    bool too_large;
};

struct worker {
    struct segment segment;
    struct pool_map map;
    size_t seat;
    int event;
    uint64_t left; /* tasks until it is to be replaced */
    const int *fds;
    size_t fd_count;
};

int weir_task_return(struct weir_task *task, const void *result, size_t bytes)
{
    struct running *running = (struct running *)task;
    running->too_large = bytes > running->room;
    running->bytes = bytes;
    if (running->too_large)
        return WEIR_EUSAGE;
    if (running->into != NULL && bytes > 0)
        memcpy(running->into, result, bytes);
    return 0;
}

/* Returns 0, or a negative code with err filled, whatever the function does. */
static int call(weir__task_main *main, struct running *running, struct weir_err *err)
{
    err->code = 0;
    int code = main(&running->task, err);
    if (code == 0 && running->too_large)
        return weir_err_set(err, WEIR_EUSAGE, "its result has %zu bytes; the pool takes %zu",
                            running->bytes, running->room);
    if (code == 0)
        return 0;
    if (code > 0)
        return weir_err_set(err, WEIR_EINTERNAL,
                            "its function returned %d, which is neither 0 nor an error", code);
    if (err->code != code)
        return weir_err_set(err, code, "it failed with code %d", code);
    return code;
}

/* Runs a task, and leaves its outcome. Returns the bytes that it takes. */
static size_t run_task(const struct worker *worker, weir__task_main *main,
                       const struct entry *argument, struct entry *result)
{
    struct weir_err err;
    struct running running = {.task = {.argument = (const char *)argument + ENTRY_ALIGN,
                                       .argument_bytes = argument->bytes,
                                       .fds = worker->fds,
                                       .fd_count = worker->fd_count},
                              .into = (char *)result + ENTRY_ALIGN,
                              .room = worker->map.words->max_result};
    *result = (struct entry){.code = call(main, &running, &err)};
    result->bytes = (uint32_t)running.bytes;
    if (result->code < 0) {
        result->bytes = sizeof(err);
        memcpy(running.into, &err, sizeof(err));
    }
    return entry_bytes(result->bytes);
}

/* ---- chunks ---- */

/* The parent looks for what is done after it has said that it waits. The first who wakes it takes
 * that back, but not before it has: a worker that is stopped in between keeps no news from it. */
static void tell_parent(const struct worker *worker)
{
    uint32_t *waits = &worker->map.words->parent_waits;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint32_t now = __atomic_load_n(waits, __ATOMIC_RELAXED);
    if (now == 0)
        return;
    eventfd_write(worker->event, 1);
    bell_cas(waits, &now, 0);
}

/* As many of a chunk's tasks as there is room for results; the parent gives the others again. */
static void run_chunk(struct worker *worker, size_t number)
{
    const struct pool_words *words = worker->map.words;
    struct slot_words *slot = &worker->map.slots[number];
    const char *argument = slot_arguments(&worker->map, number);
    char *result = slot_results(&worker->map, number);
    const char *end = result + words->result_area;
    weir__task_main *main = find_function(slot->function, words->by_name != 0);
    for (uint32_t i = 0; i < slot->count; i++) {
        const struct entry *entry = (const struct entry *)(const void *)argument;
        argument += entry_bytes(entry->bytes);
        if (i < slot->progress)
            continue;
        if (worker->left == 0 || (size_t)(end - result) < result_most(words))
            break;
        result += run_task(worker, main, entry, (struct entry *)(void *)result);
        worker->left--;
        __atomic_store_n(&slot->progress, i + 1, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&slot->state, slot->state | STATE_DONE, __ATOMIC_RELEASE);
    tell_parent(worker);
}

/* Takes the next slot that nobody has; false if there is none. */
static bool take_slot(const struct worker *worker, size_t *ret)
{
    struct pool_words *words = worker->map.words;
    for (;;) {
        uint64_t next = __atomic_load_n(&words->next, __ATOMIC_ACQUIRE);
        if (next == __atomic_load_n(&words->given, __ATOMIC_ACQUIRE))
            return false;
        *ret = __atomic_load_n(&worker->map.ring[next & (words->ring - 1)], __ATOMIC_RELAXED);
        uint64_t ready = slot_state(next, STATE_READY);
        bool mine = __atomic_compare_exchange_n(&worker->map.slots[*ret].state, &ready,
                                                slot_state(next, state_taken(worker->seat)), false,
                                                __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
        __atomic_compare_exchange_n(&words->next, &next, next + 1, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE);
        if (mine)
            return true;
    }
}

/* Sleeps until the bell is no longer as it was. One worker sleeps on it, the others at the door. */
static void sleep_on_bell(struct pool_words *words, uint32_t bell)
{
    weir__door_acquire(&words->door, CLOCK_NEVER);
    if ((bell & BELL_WAITING) != 0 || bell_cas(&words->bell, &bell, bell | BELL_WAITING))
        weir__bell_sleep(&words->bell, bell | BELL_WAITING, CLOCK_NEVER);
    weir_lock_release(&words->door);
}

/* False when the pool is closed and nothing is left. */
static bool await_slot(const struct worker *worker, size_t *ret)
{
    struct pool_words *words = worker->map.words;
    for (;;) {
        uint32_t bell = bell_load(&words->bell);
        if (take_slot(worker, ret))
            return true;
        if ((bell & BELL_CLOSED) != 0)
            return false;
        sleep_on_bell(words, bell);
    }
}

/* ---- its life ---- */

static int attach(struct worker *worker, const struct weir_child *child, struct weir_err *err)
{
    const struct worker_call *call = child->argument;
    *worker = (struct worker){.seat = call->seat,
                              .event = child->fds[GIVEN_EVENT],
                              .fds = child->fds + GIVEN_FDS,
                              .fd_count = child->fd_count - GIVEN_FDS};
    int code = weir__segment_attach(&worker->segment, child->fds[GIVEN_SEGMENT], err);
    if (code < 0)
        return code;
    weir__pool_map(&worker->map, worker->segment.base);
    uint64_t max_tasks = worker->map.words->max_tasks;
    worker->left = max_tasks > 0 ? max_tasks : UINT64_MAX;
    return 0;
}

static int initialize(const struct worker *worker, const struct weir_child *child,
                      struct weir_err *err)
{
    const struct worker_call *what = child->argument;
    if (worker->map.words->by_name != 0 && registered == NULL)
        return weir_err_set(err, WEIR_EUSAGE,
                            "weir_pool_register must be called before weir_process_begin");
    if (what->initializer == 0)
        return 0;
    struct running running = {.task = {.argument = what + 1,
                                       .argument_bytes = child->argument_bytes - sizeof(*what),
                                       .fds = worker->fds,
                                       .fd_count = worker->fd_count},
                              .room = SIZE_MAX};
    return call(find_function(what->initializer, worker->map.words->by_name != 0), &running, err);
}

int weir__pool_work(const struct weir_child *child)
{
    struct worker worker;
    struct weir_err err;
    size_t slot;
    if (attach(&worker, child, &err) < 0)
        return weir_err_exit_code(err.code);
    struct seat_words *seat = &worker.map.seats[worker.seat];
    int code = initialize(&worker, child, &err);
    if (code < 0)
        seat->err = err;
    __atomic_store_n(&seat->state, code < 0 ? SEAT_FAILED : SEAT_READY, __ATOMIC_RELEASE);
    eventfd_write(worker.event, 1); /* for who waits for this there is no second look */
    if (code == 0)
        while (worker.left > 0 && await_slot(&worker, &slot))
            run_chunk(&worker, slot);
    weir__segment_release(&worker.segment);
    return code < 0 ? weir_err_exit_code(code) : 0;
}
