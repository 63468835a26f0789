/* The pool's process: slots, outcomes, workers and their ends. */
#include "toolkit/pool.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* toolkit */
#include "toolkit/spawn.h"

/* shm */
#include "shm/bell.h"

/* base */
#include "base/clock.h"
#include "base/processors.h"

/* Workers that end before they are ready, for each seat and with nothing done in between, until the
 * pool gives up. */
#define STARTS_IN_VAIN 3

/* While there are always outcomes nobody sleeps in poll, so ends of workers are looked for as often
 * as this. */
#define LOOK_NS 10000000

/* What the parent alone knows of a slot. */
struct book {
    struct taker *taker; /* NULL: nobody wants it any more */
    uint64_t first;      /* number of the first task in it */
    uint32_t settled;    /* tasks whose outcome is known */
    bool given;
    size_t argument_bytes;
};

struct weir_pool {
    struct segment segment;
    struct pool_map map;
    struct weir_pool_options options; /* of fds and argument only the numbers */
    int event;
    int *fds;                 /* a worker's, GIVEN_SEGMENT and so on */
    struct worker_call *call; /* a worker's, with the initializer's argument */
    struct weir_process **workers;
    struct pollfd *ends; /* the workers', and behind them the event */
    struct book *books;
    uint32_t *free_slots; /* the last is used next, and is reserved if any is */
    size_t free_count;
    size_t reserved; /* slots whose areas are there */
    struct taker *takers;
    struct taker *news; /* those that have something to tell */
    size_t inputs;      /* open ones */
    uint64_t tasks;     /* given one by one */
    uint32_t waits;     /* how often it has waited */
    uint32_t rung;      /* how many slots the bell tells of */
    uint32_t starts_in_vain;
    uint64_t looked_ns;
    bool closed, over;
    struct weir_err why;    /* over: what all that comes fails with */
    struct weir_err untold; /* code 0: none */
};

/* ---- who takes outcomes ---- */

void weir__pool_enlist(struct weir_pool *pool, struct taker *taker)
{
    taker->next = pool->takers;
    taker->link = &pool->takers;
    if (taker->next != NULL)
        taker->next->link = &taker->next;
    pool->takers = taker;
}

void weir__pool_strike_off(struct weir_pool *pool, struct taker *taker)
{
    for (size_t i = 0; i < pool->map.words->slots; i++)
        if (pool->books[i].taker == taker)
            pool->books[i].taker = NULL;
    for (struct taker **at = &pool->news; *at != NULL; at = &(*at)->next_news)
        if (*at == taker) {
            *at = taker->next_news;
            break;
        }
    *taker->link = taker->next;
    if (taker->next != NULL)
        taker->next->link = taker->link;
}

void weir__pool_tell_later(struct weir_pool *pool, struct taker *taker)
{
    struct taker **last = &pool->news;
    while (*last != NULL)
        last = &(*last)->next_news;
    taker->next_news = NULL;
    *last = taker;
}

void weir__pool_untold(struct weir_pool *pool, const struct weir_err *err)
{
    if (pool->untold.code == 0)
        pool->untold = *err;
}

/* Callbacks may use the pool, and so come here again. */
static void tell_news(struct weir_pool *pool)
{
    while (pool->news != NULL) {
        struct taker *taker = pool->news;
        pool->news = taker->next_news;
        taker->tell(taker);
    }
}

/* ---- slots ---- */

/* False if there is no memory now, and those that are there have to do. */
static bool reserve_slots(struct weir_pool *pool)
{
    size_t from = weir__pool_bytes(pool->map.words, pool->reserved);
    size_t end = weir__pool_bytes(pool->map.words, pool->reserved + SLOTS_AT_ONCE);
    if (!weir__segment_reserve(&pool->segment, from, end - from))
        return false;
    pool->reserved += SLOTS_AT_ONCE;
    return true;
}

ssize_t weir__slot_begin(struct weir_pool *pool, uint64_t function)
{
    if (pool->free_count == 0)
        return -1;
    size_t slot = pool->free_slots[pool->free_count - 1];
    if (slot >= pool->reserved && !reserve_slots(pool))
        return -1;
    pool->free_count--;
    pool->map.slots[slot].function = function;
    pool->map.slots[slot].count = 0;
    pool->books[slot] = (struct book){0};
    return (ssize_t)slot;
}

bool weir__slot_add(struct weir_pool *pool, ssize_t slot, const void *argument, size_t bytes)
{
    struct book *book = &pool->books[slot];
    if (book->argument_bytes + entry_bytes(bytes) > pool->map.words->argument_area)
        return false;
    char *at = slot_arguments(&pool->map, (size_t)slot) + book->argument_bytes;
    *(struct entry *)(void *)at = (struct entry){.bytes = (uint32_t)bytes};
    if (bytes > 0)
        memcpy(at + ENTRY_ALIGN, argument, bytes);
    book->argument_bytes += entry_bytes(bytes);
    pool->map.slots[slot].count++;
    return true;
}

uint32_t weir__slot_count(const struct weir_pool *pool, ssize_t slot)
{
    return pool->map.slots[slot].count;
}

/* Gives it with those of its tasks that are not settled. */
static void give(struct weir_pool *pool, size_t slot)
{
    struct pool_words *words = pool->map.words;
    uint64_t number = words->given;
    pool->map.slots[slot].progress = pool->books[slot].settled;
    __atomic_store_n(&pool->map.slots[slot].state, slot_state(number, STATE_READY),
                     __ATOMIC_RELEASE);
    __atomic_store_n(&pool->map.ring[number & (words->ring - 1)], (uint32_t)slot, __ATOMIC_RELAXED);
    __atomic_store_n(&words->given, number + 1, __ATOMIC_RELEASE);
}

static void free_slot(struct weir_pool *pool, size_t slot)
{
    pool->books[slot].given = false;
    pool->free_slots[pool->free_count++] = (uint32_t)slot;
}

void weir__slot_drop(struct weir_pool *pool, ssize_t slot)
{
    free_slot(pool, (size_t)slot);
}

void weir__pool_ring(struct weir_pool *pool)
{
    struct pool_words *words = pool->map.words;
    uint32_t bell = bell_load(&words->bell);
    if (pool->rung == (uint32_t)words->given)
        return;
    pool->rung = (uint32_t)words->given;
    while ((bell & BELL_WAITING) == 0)
        if (bell_cas(&words->bell, &bell, bell + BELL_ONE))
            return;
    weir__bell_add_and_wake(&words->bell, BELL_ONE - BELL_WAITING, 1);
}

uint64_t weir__pool_count_task(struct weir_pool *pool)
{
    return pool->tasks++;
}

size_t weir__pool_max_argument(const struct weir_pool *pool)
{
    return pool->map.words->max_argument;
}

size_t weir__pool_slots(const struct weir_pool *pool)
{
    return pool->map.words->slots;
}

/* ---- outcomes ---- */

static void settle_one(struct book *book, const struct weir_err *err, const void *result,
                       size_t bytes)
{
    uint64_t number = book->first + book->settled++;
    if (book->taker == NULL)
        return;
    if (err == NULL) {
        book->taker->take(book->taker, number, NULL, result, bytes);
        return;
    }
    struct weir_err said = *err;
    weir_err_context(&said, "task %llu", (unsigned long long)number);
    book->taker->take(book->taker, number, &said, NULL, 0);
}

/* What a worker left in the slot. */
static void settle_results(struct weir_pool *pool, size_t slot)
{
    struct book *book = &pool->books[slot];
    const struct weir_err broken = {.code = WEIR_EINTERNAL,
                                    .text = "its worker wrote where it should not"};
    uint32_t progress = __atomic_load_n(&pool->map.slots[slot].progress, __ATOMIC_ACQUIRE);
    const char *at = slot_results(&pool->map, slot);
    size_t left = pool->map.words->result_area;
    while (book->settled < progress) {
        const struct entry *entry = (const struct entry *)(const void *)at;
        size_t bytes = entry->bytes;
        const void *payload = at + ENTRY_ALIGN;
        if (left < ENTRY_ALIGN || bytes > left - ENTRY_ALIGN) {
            settle_one(book, &broken, NULL, 0);
            continue;
        }
        settle_one(book, entry->code < 0 ? payload : NULL, payload, bytes);
        at += entry_bytes(bytes);
        left -= entry_bytes(bytes);
    }
}

/* Behind a worker, whether it lives or not. */
static void settle_rest(struct weir_pool *pool, size_t slot)
{
    struct book *book = &pool->books[slot];
    if (book->taker != NULL && book->settled < pool->map.slots[slot].count)
        give(pool, slot);
    else
        free_slot(pool, slot);
}

static uint64_t what_of(const struct weir_pool *pool, size_t slot)
{
    return __atomic_load_n(&pool->map.slots[slot].state, __ATOMIC_ACQUIRE) & STATE_MASK;
}

size_t weir__pool_collect(struct weir_pool *pool)
{
    size_t done = 0;
    for (size_t i = 0; i < pool->map.words->slots; i++)
        if (pool->books[i].given && what_of(pool, i) == STATE_DONE) {
            settle_results(pool, i);
            settle_rest(pool, i);
            done++;
        }
    if (done > 0)
        pool->starts_in_vain = 0;
    weir__pool_ring(pool);
    return done;
}

/* With no worker left: what is done counts, and all else fails. */
static void fail_all(struct weir_pool *pool)
{
    for (size_t i = 0; i < pool->map.words->slots; i++) {
        if (!pool->books[i].given)
            continue;
        settle_results(pool, i);
        while (pool->books[i].settled < pool->map.slots[i].count)
            settle_one(&pool->books[i], &pool->why, NULL, 0);
        free_slot(pool, i);
    }
}

void weir__slot_give(struct weir_pool *pool, ssize_t slot, struct taker *taker, uint64_t first)
{
    struct book *book = &pool->books[slot];
    book->taker = taker;
    book->first = first;
    book->given = true;
    give(pool, (size_t)slot);
    if (pool->over) /* an input may have terminated it */
        fail_all(pool);
}

/* ---- workers ---- */

static void end_all(struct weir_pool *pool, const struct weir_err *why)
{
    if (pool->over)
        return;
    pool->over = true;
    pool->why = *why;
    for (size_t i = 0; i < pool->options.workers; i++)
        if (pool->workers[i] != NULL)
            weir_process_kill(pool->workers[i]);
    for (size_t i = 0; i < pool->options.workers; i++) {
        weir_process_release(pool->workers[i]);
        pool->workers[i] = NULL;
        pool->ends[i].fd = -1;
    }
    fail_all(pool);
}

static void start_worker(struct weir_pool *pool, size_t seat)
{
    struct weir_err err;
    struct weir_process_options how = {.method = pool->options.method,
                                       .name = POOL_WORKER_NAME,
                                       .argument = pool->call,
                                       .argument_bytes =
                                           sizeof(*pool->call) + pool->options.argument_bytes,
                                       .fds = pool->fds,
                                       .fd_count = GIVEN_FDS + pool->options.fd_count,
                                       .force = pool->options.force};
    pool->call->seat = seat;
    __atomic_store_n(&pool->map.seats[seat].state, SEAT_STARTING, __ATOMIC_RELAXED);
    if (weir_process_start(&pool->workers[seat], weir__pool_work, &how, &err) < 0) {
        weir_err_context(&err, "a worker cannot be started");
        end_all(pool, &err);
        return;
    }
    pool->ends[seat].fd = weir_process_fd(pool->workers[seat]);
}

static bool has_ready_slot(const struct weir_pool *pool)
{
    for (size_t i = 0; i < pool->map.words->slots; i++)
        if (pool->books[i].given && what_of(pool, i) == STATE_READY)
            return true;
    return false;
}

static bool is_closed(const struct weir_pool *pool)
{
    return (bell_load(&pool->map.words->bell) & BELL_CLOSED) != 0;
}

/* A closed pool needs new workers only for what its own have not taken. */
static void fill_seats(struct weir_pool *pool)
{
    for (size_t i = 0; i < pool->options.workers && !pool->over; i++)
        if (pool->workers[i] == NULL && (!is_closed(pool) || has_ready_slot(pool)))
            start_worker(pool, i);
}

static void describe_end(int exit_code, struct weir_err *err)
{
    if (exit_code < 0)
        weir_err_set(err, WEIR_EUNAVAILABLE, "its worker was killed by signal %d (%s)", -exit_code,
                     strsignal(-exit_code));
    else
        weir_err_set(err, WEIR_EUNAVAILABLE, "its worker ended with code %d", exit_code);
}

/* The task at which a worker died: its results count, it has failed, and what it had not begun is
 * given again. */
static void settle_death(struct weir_pool *pool, size_t seat, int exit_code)
{
    struct weir_err err;
    for (size_t i = 0; i < pool->map.words->slots; i++) {
        if (!pool->books[i].given || what_of(pool, i) != state_taken(seat))
            continue;
        settle_results(pool, i);
        if (pool->books[i].settled < pool->map.slots[i].count) {
            describe_end(exit_code, &err);
            settle_one(&pool->books[i], &err, NULL, 0);
        }
        settle_rest(pool, i);
    }
}

/* A worker that ended before it was ready has nothing of a slot. */
static void count_start(struct weir_pool *pool, size_t seat, int exit_code)
{
    struct weir_err err;
    struct seat_words *words = &pool->map.seats[seat];
    uint32_t state = __atomic_load_n(&words->state, __ATOMIC_ACQUIRE);
    if (state == SEAT_FAILED) {
        err = words->err;
        weir_err_context(&err, "the initializer failed");
        end_all(pool, &err);
    } else if (state == SEAT_READY) {
        pool->starts_in_vain = 0;
    } else if (++pool->starts_in_vain == STARTS_IN_VAIN * pool->options.workers) {
        describe_end(exit_code, &err);
        weir_err_context(&err, "the initializer failed");
        end_all(pool, &err);
    }
}

static void take_end(struct weir_pool *pool, size_t seat)
{
    int exit_code = 0;
    weir_process_join(pool->workers[seat], WEIR_FOREVER, &exit_code);
    weir_process_release(pool->workers[seat]);
    pool->workers[seat] = NULL;
    pool->ends[seat].fd = -1;
    settle_death(pool, seat, exit_code);
    count_start(pool, seat, exit_code);
}

/* Sleeps until the event, an end, or the deadline. Returns how many workers ended. */
static size_t look_for_ends(struct weir_pool *pool, uint64_t deadline_ns)
{
    size_t count = pool->options.workers, ended = 0;
    eventfd_t ignored;
    if (poll(pool->ends, count + 1, weir__left_ms(deadline_ns)) <= 0)
        return 0;
    if (pool->ends[count].revents != 0)
        eventfd_read(pool->event, &ignored);
    for (size_t i = 0; i < count; i++)
        if (pool->ends[i].fd >= 0 && pool->ends[i].revents != 0) {
            take_end(pool, i);
            ended++;
        }
    return ended;
}

/* ---- what moves it ---- */

static bool is_time_to_look(struct weir_pool *pool)
{
    uint64_t now_ns = weir__now_ns();
    if (now_ns - pool->looked_ns < LOOK_NS)
        return false;
    pool->looked_ns = now_ns;
    return true;
}

int weir__pool_step(struct weir_pool *pool, uint64_t deadline_ns)
{
    uint32_t *waits = &pool->map.words->parent_waits;
    size_t news = weir__pool_collect(pool);
    if (news == 0 || is_time_to_look(pool)) {
        pool->waits += pool->waits == UINT32_MAX ? 2 : 1;
        __atomic_store_n(waits, pool->waits, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* see tell_parent */
        news += weir__pool_collect(pool);
        news += look_for_ends(pool, news > 0 ? 0 : deadline_ns);
        __atomic_store_n(waits, 0, __ATOMIC_RELAXED);
        news += weir__pool_collect(pool);
        fill_seats(pool);
        weir__pool_ring(pool);
    }
    tell_news(pool);
    return news == 0 && weir__left_ms(deadline_ns) == 0 ? WEIR_TIMED_OUT : 0;
}

int weir__pool_check(const struct weir_pool *pool, struct weir_err *err)
{
    if (pool->over && err != NULL)
        *err = pool->why;
    return pool->over ? pool->why.code : 0;
}

int weir__pool_check_open(const struct weir_pool *pool, struct weir_err *err)
{
    if (pool->closed && !pool->over)
        return weir_err_set(err, WEIR_EUSAGE, "the pool is closed");
    return weir__pool_check(pool, err);
}

int weir__pool_refer(const struct weir_pool *pool, weir__task_main *main, uint64_t *ret,
                     struct weir_err *err)
{
    uint64_t reference = weir__task_reference(main, pool->map.words->by_name != 0);
    if (reference == 0)
        return weir_err_set(err, WEIR_EUSAGE,
                            "the task's function was not registered by weir_pool_register");
    *ret = reference;
    return 0;
}

/* ---- its end ---- */

static void close_bell(struct weir_pool *pool)
{
    if (pool->closed && pool->inputs == 0 && !is_closed(pool))
        weir__bell_set_and_wake(&pool->map.words->bell, BELL_CLOSED);
}

void weir__pool_open_input(struct weir_pool *pool)
{
    pool->inputs++;
}

void weir__pool_close_input(struct weir_pool *pool)
{
    pool->inputs--;
    close_bell(pool);
}

void weir_pool_close(struct weir_pool *pool)
{
    pool->closed = true;
    close_bell(pool);
}

void weir_pool_terminate(struct weir_pool *pool)
{
    struct weir_err why;
    weir_err_set(&why, WEIR_EUNAVAILABLE, "the pool was terminated");
    end_all(pool, &why);
    tell_news(pool);
}

static bool is_at_work(const struct weir_pool *pool)
{
    for (size_t i = 0; i < pool->options.workers; i++)
        if (pool->workers[i] != NULL)
            return true;
    return pool->free_count < pool->map.words->slots;
}

int weir_pool_join(struct weir_pool *pool, int64_t timeout_ms, struct weir_err *err)
{
    uint64_t deadline_ns = weir__deadline_ns(timeout_ms);
    if (!pool->over && !is_closed(pool))
        return weir_err_set(err, WEIR_EUSAGE, "the pool cannot be joined: %s",
                            pool->closed ? "an imap was not read to its end"
                                         : "it is neither closed nor terminated");
    while (is_at_work(pool))
        if (weir__pool_step(pool, deadline_ns) != 0)
            return WEIR_TIMED_OUT;
    if (pool->untold.code < 0 && err != NULL)
        *err = pool->untold;
    return pool->untold.code;
}

static void free_pool(struct weir_pool *pool)
{
    weir__segment_release(&pool->segment);
    if (pool->event >= 0)
        close(pool->event);
    free(pool->fds);
    free(pool->call);
    free(pool->workers);
    free(pool->ends);
    free(pool->books);
    free(pool->free_slots);
    free(pool);
}

void weir_pool_release(struct weir_pool *pool)
{
    if (pool == NULL)
        return;
    weir_pool_terminate(pool);
    while (pool->takers != NULL) {
        struct taker *taker = pool->takers;
        weir__pool_strike_off(pool, taker);
        taker->pool_gone(taker);
    }
    free_pool(pool);
}

size_t weir_pool_workers(const struct weir_pool *pool)
{
    return pool->options.workers;
}

/* ---- creating ---- */

static uint64_t area(size_t bytes)
{
    return (bytes + 127) / 128 * 128;
}

static size_t count_slots(const struct pool_words *words)
{
    size_t slots = FLOW_BYTES / (words->argument_area + words->result_area);
    if (slots > SLOTS_TO_FLOW)
        slots = SLOTS_TO_FLOW;
    if (slots < words->seats * SLOTS_PER_WORKER)
        slots = words->seats * SLOTS_PER_WORKER;
    return (slots + SLOTS_AT_ONCE - 1) / SLOTS_AT_ONCE * SLOTS_AT_ONCE;
}

static int plan_words(struct pool_words *words, const struct weir_pool_options *options,
                      struct weir_err *err)
{
    const size_t most = (size_t)1 << 29;
    if (options->workers > WORKERS_MOST || options->max_argument > most ||
        options->max_result > most)
        return weir_err_set(err, WEIR_EUSAGE,
                            "a pool cannot have %zu workers for tasks of %zu and %zu bytes",
                            options->workers, options->max_argument, options->max_result);
    *words = (struct pool_words){.seats = options->workers,
                                 .ring = 1,
                                 .max_argument = options->max_argument,
                                 .max_result = options->max_result,
                                 .max_tasks = options->max_tasks,
                                 .argument_area = area(entry_bytes(options->max_argument)),
                                 .by_name = options->method != WEIR_FORK};
    /* A task begins if there is room for the largest result: some more, for small ones. */
    words->result_area = area(result_most(words) + 2048);
    words->slots = count_slots(words);
    /* Of one slot a second number may be in the ring: a worker that died between taking it and
     * moving `next` leaves it to be passed over. */
    while (words->ring <= words->slots)
        words->ring *= 2;
    return 0;
}

static int create_segment(struct weir_pool *pool, struct weir_err *err)
{
    struct pool_words words;
    int code = plan_words(&words, &pool->options, err);
    if (code == 0)
        code = weir__segment_create_sparse(&pool->segment, "weir-pool",
                                           weir__pool_bytes(&words, words.slots),
                                           weir__pool_bytes(&words, SLOTS_AT_ONCE), err);
    if (code < 0)
        return code;
    *(struct pool_words *)(void *)pool->segment.base = words;
    weir__pool_map(&pool->map, pool->segment.base);
    pool->reserved = SLOTS_AT_ONCE;
    weir_lock_init(&pool->map.words->door);
    pool->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return pool->event < 0 ? weir_err_errno(err, WEIR_EOS, "cannot make a pool") : 0;
}

static int allocate(struct weir_pool *pool, struct weir_err *err)
{
    const struct weir_pool_options *options = &pool->options;
    size_t workers = options->workers, slots = pool->map.words->slots;
    pool->fds = calloc(GIVEN_FDS + options->fd_count, sizeof(*pool->fds));
    pool->call = calloc(1, sizeof(*pool->call) + options->argument_bytes);
    pool->workers = calloc(workers, sizeof(*pool->workers));
    pool->ends = calloc(workers + 1, sizeof(*pool->ends));
    pool->books = calloc(slots, sizeof(*pool->books));
    pool->free_slots = calloc(slots, sizeof(*pool->free_slots));
    if (pool->fds == NULL || pool->call == NULL || pool->workers == NULL || pool->ends == NULL ||
        pool->books == NULL || pool->free_slots == NULL)
        return weir_err_set(err, WEIR_EOS, "cannot make a pool: out of memory");
    for (size_t i = 0; i < workers; i++)
        pool->ends[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    pool->ends[workers] = (struct pollfd){.fd = pool->event, .events = POLLIN};
    for (size_t i = 0; i < slots; i++)
        free_slot(pool, slots - 1 - i);
    return 0;
}

static int prepare_call(struct weir_pool *pool, struct weir_err *err)
{
    const struct weir_pool_options *options = &pool->options;
    pool->fds[GIVEN_SEGMENT] = pool->segment.fd;
    pool->fds[GIVEN_EVENT] = pool->event;
    if (options->fd_count > 0)
        memcpy(pool->fds + GIVEN_FDS, options->fds, options->fd_count * sizeof(*pool->fds));
    if (options->argument_bytes > 0)
        memcpy(pool->call + 1, options->argument, options->argument_bytes);
    return options->initializer == NULL
               ? 0
               : weir__pool_refer(pool, options->initializer, &pool->call->initializer, err);
}

static bool all_ready(const struct weir_pool *pool)
{
    for (size_t i = 0; i < pool->options.workers; i++)
        if (__atomic_load_n(&pool->map.seats[i].state, __ATOMIC_ACQUIRE) != SEAT_READY)
            return false;
    return true;
}

static void set_defaults(struct weir_pool_options *options)
{
    options->method = weir__start_method(options->method); /* that of later workers, too */
    if (options->workers == 0)
        options->workers = weir__processors();
    if (options->max_argument == 0)
        options->max_argument = 4096;
    if (options->max_result == 0)
        options->max_result = 4096;
}

int weir_pool_create(struct weir_pool **ret, const struct weir_pool_options *options,
                     struct weir_err *err)
{
    struct weir_pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL)
        return weir_err_set(err, WEIR_EOS, "cannot make a pool: out of memory");
    pool->segment.fd = pool->event = -1;
    if (options != NULL)
        pool->options = *options;
    set_defaults(&pool->options);
    int code = create_segment(pool, err);
    if (code == 0)
        code = allocate(pool, err);
    if (code == 0)
        code = prepare_call(pool, err);
    if (code < 0) {
        free_pool(pool);
        return code;
    }
    fill_seats(pool);
    while (!pool->over && !all_ready(pool))
        weir__pool_step(pool, CLOCK_NEVER);
    code = weir__pool_check(pool, err);
    if (code < 0)
        weir_pool_release(pool);
    else
        *ret = pool;
    return code;
}
