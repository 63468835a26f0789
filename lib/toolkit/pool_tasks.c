/* What is given to a pool: one task, an array of them, a stream of them. */
#include "toolkit/pool.h"

#include <stdlib.h>
#include <string.h>

/* base */
#include "base/clock.h"

/* ---- outcomes that are kept ---- */

struct outcome {
    uint64_t number;
    int code;
    size_t bytes;
    void *data; /* the result, or a struct weir_err; NULL: there was no memory for it */
    bool known;
};

static void keep(struct outcome *outcome, uint64_t number, const struct weir_err *err,
                 const void *result, size_t bytes)
{
    const void *data = err != NULL ? err : result;
    *outcome = (struct outcome){.number = number,
                                .code = err != NULL ? err->code : 0,
                                .bytes = err != NULL ? sizeof(*err) : bytes,
                                .known = true};
    outcome->data = malloc(outcome->bytes + 1);
    if (outcome->data == NULL)
        outcome->code = WEIR_EOS;
    else if (outcome->bytes > 0)
        memcpy(outcome->data, data, outcome->bytes);
}

static int tell(const struct outcome *outcome, struct weir_err *err)
{
    if (outcome->data == NULL)
        return weir_err_set(err, WEIR_EOS, "task %llu: no memory for its result",
                            (unsigned long long)outcome->number);
    if (outcome->code < 0 && err != NULL)
        memcpy(err, outcome->data, sizeof(*err));
    return outcome->code;
}

/* ---- one task ---- */

struct weir_result {
    struct taker taker; /* first */
    struct weir_pool *pool;
    struct weir_callbacks callbacks;
    struct outcome outcome;
    bool owned; /* somebody has it, and will release it */
};

static void take_result(struct taker *taker, uint64_t number, const struct weir_err *err,
                        const void *data, size_t bytes)
{
    struct weir_result *result = (struct weir_result *)taker;
    keep(&result->outcome, number, err, data, bytes);
    weir__pool_tell_later(result->pool, taker);
}

static void tell_result(struct taker *taker)
{
    struct weir_result *result = (struct weir_result *)taker;
    const struct weir_callbacks *callbacks = &result->callbacks;
    struct weir_err err;
    int code = tell(&result->outcome, &err);
    if (code == 0 && callbacks->callback != NULL)
        callbacks->callback(callbacks->context, result->outcome.data, result->outcome.bytes);
    else if (code < 0 && callbacks->error_callback != NULL)
        callbacks->error_callback(callbacks->context, &err);
    else if (code < 0 && !result->owned)
        weir__pool_untold(result->pool, &err);
    if (!result->owned)
        weir_result_release(result);
}

static void lose_pool(struct taker *taker)
{
    ((struct weir_result *)taker)->pool = NULL;
}

/* Waits for a free slot. */
static int await_slot(struct weir_pool *pool, uint64_t function, ssize_t *ret, struct weir_err *err)
{
    while ((*ret = weir__slot_begin(pool, function)) < 0) {
        weir__pool_step(pool, CLOCK_NEVER);
        int code = weir__pool_check_open(pool, err);
        if (code < 0)
            return code;
    }
    return 0;
}

static int check_argument(const struct weir_pool *pool, size_t bytes, struct weir_err *err)
{
    size_t most = weir__pool_max_argument(pool);
    return bytes <= most
               ? 0
               : weir_err_set(err, WEIR_EUSAGE, "its argument has %zu bytes; the pool takes %zu",
                              bytes, most);
}

int weir_pool_apply_async(struct weir_pool *pool, weir__task_main *main, const void *argument,
                          size_t bytes, const struct weir_callbacks *callbacks,
                          struct weir_result **ret, struct weir_err *err)
{
    uint64_t function = 0;
    ssize_t slot = -1;
    int code = weir__pool_check_open(pool, err);
    if (code == 0)
        code = weir__pool_refer(pool, main, &function, err);
    if (code == 0)
        code = check_argument(pool, bytes, err);
    if (code == 0)
        code = await_slot(pool, function, &slot, err);
    if (code < 0)
        return code;
    struct weir_result *result = calloc(1, sizeof(*result));
    if (result == NULL) {
        weir__slot_drop(pool, slot);
        return weir_err_set(err, WEIR_EOS, "cannot give a task: out of memory");
    }
    *result = (struct weir_result){
        .taker = {.take = take_result, .tell = tell_result, .pool_gone = lose_pool},
        .pool = pool,
        .owned = ret != NULL};
    if (callbacks != NULL)
        result->callbacks = *callbacks;
    weir__pool_enlist(pool, &result->taker);
    weir__slot_add(pool, slot, argument, bytes);
    weir__slot_give(pool, slot, &result->taker, weir__pool_count_task(pool));
    weir__pool_ring(pool);
    if (ret != NULL)
        *ret = result;
    return 0;
}

int weir_result_wait(struct weir_result *result, int64_t timeout_ms)
{
    uint64_t deadline_ns = weir__deadline_ns(timeout_ms);
    while (!result->outcome.known)
        if (weir__pool_step(result->pool, deadline_ns) != 0)
            return WEIR_TIMED_OUT;
    return 0;
}

bool weir_result_ready(struct weir_result *result)
{
    return weir_result_wait(result, 0) == 0;
}

int weir_result_get(struct weir_result *result, const void **ret, size_t *ret_bytes,
                    int64_t timeout_ms, struct weir_err *err)
{
    int code = weir_result_wait(result, timeout_ms);
    if (code == 0)
        code = tell(&result->outcome, err);
    if (code == 0) {
        *ret = result->outcome.data;
        *ret_bytes = result->outcome.bytes;
    }
    return code;
}

void weir_result_release(struct weir_result *result)
{
    if (result == NULL)
        return;
    if (result->pool != NULL)
        weir__pool_strike_off(result->pool, &result->taker);
    free(result->outcome.data);
    free(result);
}

int weir_pool_apply(struct weir_pool *pool, weir__task_main *main, const void *argument,
                    size_t bytes, void *into, size_t room, size_t *ret_bytes, struct weir_err *err)
{
    struct weir_result *result;
    const void *data;
    size_t data_bytes;
    int code = weir_pool_apply_async(pool, main, argument, bytes, NULL, &result, err);
    if (code < 0)
        return code;
    code = weir_result_get(result, &data, &data_bytes, WEIR_FOREVER, err);
    if (code == 0 && data_bytes > room)
        code = weir_err_set(err, WEIR_EUSAGE, "the result has %zu bytes; there is room for %zu",
                            data_bytes, room);
    if (code == 0) {
        *ret_bytes = data_bytes;
        if (data_bytes > 0)
            memcpy(into, data, data_bytes);
    }
    weir_result_release(result);
    return code;
}

/* ---- an array ---- */

struct map {
    struct taker taker; /* first */
    char *results;
    size_t result_bytes, done;
    struct weir_err *err;
    int code;
};

static void take_element(struct taker *taker, uint64_t number, const struct weir_err *err,
                         const void *result, size_t bytes)
{
    struct map *map = (struct map *)taker;
    map->done++;
    if (map->code < 0)
        return;
    if (err != NULL) {
        map->code = err->code;
        if (map->err != NULL)
            *map->err = *err;
    } else if (bytes != map->result_bytes) {
        map->code = weir_err_set(map->err, WEIR_EUSAGE,
                                 "task %llu: its result has %zu bytes, and should have %zu",
                                 (unsigned long long)number, bytes, map->result_bytes);
    } else if (bytes > 0) {
        memcpy(map->results + number * bytes, result, bytes);
    }
}

/* Gives as much as there are slots for; returns how many elements those are. */
static size_t give_elements(struct weir_pool *pool, uint64_t function, struct map *map,
                            const char *elements, size_t bytes, size_t count, size_t first,
                            size_t chunk)
{
    size_t at = first;
    while (at < count) {
        ssize_t slot = weir__slot_begin(pool, function);
        if (slot < 0)
            break;
        size_t begin = at;
        while (at < count && at - begin < chunk &&
               weir__slot_add(pool, slot, elements + at * bytes, bytes))
            at++;
        weir__slot_give(pool, slot, &map->taker, begin);
    }
    weir__pool_ring(pool);
    return at - first;
}

int weir_pool_map(struct weir_pool *pool, weir__task_main *main, const void *elements,
                  size_t element_bytes, size_t count, void *results, size_t result_bytes,
                  size_t chunk, struct weir_err *err)
{
    uint64_t function;
    struct map map = {.taker = {.take = take_element},
                      .results = results,
                      .result_bytes = result_bytes,
                      .err = err};
    int code = weir__pool_check_open(pool, err);
    if (code == 0)
        code = weir__pool_refer(pool, main, &function, err);
    if (code == 0)
        code = check_argument(pool, element_bytes, err);
    if (code < 0)
        return code;
    if (chunk == 0)
        chunk = 1 + (count - (count > 0)) / (weir_pool_workers(pool) * 4);
    weir__pool_enlist(pool, &map.taker);
    for (size_t given = 0; map.done < count && map.code == 0;) {
        given += give_elements(pool, function, &map, elements, element_bytes, count, given, chunk);
        weir__pool_step(pool, CLOCK_NEVER);
        if (map.code == 0 && map.done < count)
            map.code = weir__pool_check(pool, err);
    }
    weir__pool_strike_off(pool, &map.taker);
    return map.code;
}

/* ---- a stream ---- */

struct weir_imap {
    struct taker taker; /* first */
    struct weir_pool *pool;
    uint64_t function;
    struct weir_imap_input input;
    size_t chunk;
    bool ordered, input_open;
    struct outcome *outcomes; /* a ring, of those that were not asked for yet */
    size_t ahead;             /* its size, and how far the input is read ahead */
    uint64_t read, arrived, asked;
    struct weir_err err; /* the input's, to be told behind all results; code 0: none */
    void *last;          /* the data that the last call returned */
    const void *held;    /* an argument that was read and not given yet */
    size_t held_bytes;
    bool holds;
};

static struct outcome *place_of(const struct weir_imap *imap, uint64_t position)
{
    return &imap->outcomes[position % imap->ahead];
}

static void take_item(struct taker *taker, uint64_t number, const struct weir_err *err,
                      const void *result, size_t bytes)
{
    struct weir_imap *imap = (struct weir_imap *)taker;
    uint64_t arrived = imap->arrived++;
    keep(place_of(imap, imap->ordered ? number : arrived), number, err, result, bytes);
}

static void end_input(struct weir_imap *imap)
{
    if (!imap->input_open)
        return;
    imap->input_open = false;
    if (imap->pool != NULL)
        weir__pool_close_input(imap->pool);
}

static void lose_imap_pool(struct taker *taker)
{
    struct weir_imap *imap = (struct weir_imap *)taker;
    weir__pool_check(imap->pool, &imap->err);
    end_input(imap);
    imap->pool = NULL;
}

/* False at the end of the input. */
static bool hold_argument(struct weir_imap *imap)
{
    struct weir_err err = {0};
    if (imap->holds)
        return true;
    int code = imap->input.next(imap->input.context, &imap->held, &imap->held_bytes, &err);
    if (code < 0)
        imap->err = err;
    if (code < 0 && err.code != code)
        weir_err_set(&imap->err, code, "the input failed with code %d", code);
    imap->holds = code == 0;
    return imap->holds;
}

static bool may_read(const struct weir_imap *imap)
{
    return imap->read - imap->asked < imap->ahead;
}

/* Reads arguments into the slot. False at the end of the input. */
static bool fill_slot(struct weir_imap *imap, ssize_t slot)
{
    while (weir__slot_count(imap->pool, slot) < imap->chunk && may_read(imap)) {
        if (!hold_argument(imap))
            return false;
        if (imap->held_bytes > weir__pool_max_argument(imap->pool) ||
            !weir__slot_add(imap->pool, slot, imap->held, imap->held_bytes))
            return true;
        imap->holds = false;
        imap->read++;
    }
    return true;
}

/* An argument that cannot be given has its outcome at once. */
static void refuse_argument(struct weir_imap *imap)
{
    struct weir_err err;
    if (!imap->holds || check_argument(imap->pool, imap->held_bytes, &err) == 0)
        return;
    weir_err_context(&err, "task %llu", (unsigned long long)imap->read);
    imap->holds = false;
    take_item(&imap->taker, imap->read++, &err, NULL, 0);
}

static void feed(struct weir_imap *imap)
{
    bool more = true;
    while (more && may_read(imap)) {
        ssize_t slot = weir__slot_begin(imap->pool, imap->function);
        if (slot < 0)
            break;
        uint64_t first = imap->read;
        more = fill_slot(imap, slot);
        if (weir__slot_count(imap->pool, slot) > 0)
            weir__slot_give(imap->pool, slot, &imap->taker, first);
        else
            weir__slot_drop(imap->pool, slot);
        refuse_argument(imap);
    }
    weir__pool_ring(imap->pool);
    if (!more)
        end_input(imap);
}

static int create_imap(struct weir_pool *pool, weir__task_main *main,
                       const struct weir_imap_input *input, size_t chunk, bool ordered,
                       struct weir_imap **ret, struct weir_err *err)
{
    uint64_t function;
    int code = weir__pool_check_open(pool, err);
    if (code == 0)
        code = weir__pool_refer(pool, main, &function, err);
    if (code < 0)
        return code;
    struct weir_imap *imap = calloc(1, sizeof(*imap));
    if (imap == NULL)
        return weir_err_set(err, WEIR_EOS, "cannot make an imap: out of memory");
    chunk = chunk == 0 ? 1 : chunk;
    *imap = (struct weir_imap){.taker = {.take = take_item, .pool_gone = lose_imap_pool},
                               .pool = pool,
                               .function = function,
                               .input = *input,
                               .chunk = chunk,
                               .ordered = ordered,
                               .input_open = true,
                               .ahead = 2 * weir__pool_slots(pool) * chunk};
    imap->outcomes = calloc(imap->ahead, sizeof(*imap->outcomes));
    if (imap->outcomes == NULL) {
        free(imap);
        return weir_err_set(err, WEIR_EOS, "cannot make an imap: out of memory");
    }
    weir__pool_enlist(pool, &imap->taker);
    weir__pool_open_input(pool);
    feed(imap);
    *ret = imap;
    return 0;
}

int weir_pool_imap(struct weir_pool *pool, weir__task_main *main,
                   const struct weir_imap_input *input, size_t chunk, struct weir_imap **ret,
                   struct weir_err *err)
{
    return create_imap(pool, main, input, chunk, true, ret, err);
}

int weir_pool_imap_unordered(struct weir_pool *pool, weir__task_main *main,
                             const struct weir_imap_input *input, size_t chunk,
                             struct weir_imap **ret, struct weir_err *err)
{
    return create_imap(pool, main, input, chunk, false, ret, err);
}

static int hand_out(struct weir_imap *imap, struct outcome *outcome, struct weir_imap_item *ret,
                    struct weir_err *err)
{
    int code = tell(outcome, err);
    *ret = (struct weir_imap_item){.index = outcome->number};
    if (code == 0) {
        ret->result = outcome->data;
        ret->bytes = outcome->bytes;
    }
    imap->last = outcome->data;
    *outcome = (struct outcome){0};
    imap->asked++;
    return code;
}

/* Behind all outcomes. */
static int tell_end(struct weir_imap *imap, struct weir_imap_item *ret, struct weir_err *err)
{
    int code = imap->err.code;
    if (code == 0)
        return WEIR_CLOSED;
    *ret = (struct weir_imap_item){.index = imap->read};
    if (err != NULL)
        *err = imap->err;
    imap->err.code = 0;
    return code;
}

int weir_imap_next(struct weir_imap *imap, struct weir_imap_item *ret, int64_t timeout_ms,
                   struct weir_err *err)
{
    uint64_t deadline_ns = weir__deadline_ns(timeout_ms);
    free(imap->last);
    imap->last = NULL;
    if (imap->pool != NULL)
        weir__pool_collect(imap->pool);
    for (;;) {
        struct outcome *outcome = place_of(imap, imap->asked);
        if (imap->input_open && weir__pool_check(imap->pool, &imap->err) < 0)
            end_input(imap);
        if (imap->input_open)
            feed(imap);
        if (outcome->known)
            return hand_out(imap, outcome, ret, err);
        if (!imap->input_open && imap->arrived == imap->read)
            return tell_end(imap, ret, err);
        if (weir__pool_step(imap->pool, deadline_ns) != 0)
            return WEIR_TIMED_OUT;
    }
}

void weir_imap_release(struct weir_imap *imap)
{
    if (imap == NULL)
        return;
    end_input(imap);
    if (imap->pool != NULL)
        weir__pool_strike_off(imap->pool, &imap->taker);
    for (size_t i = 0; i < imap->ahead; i++)
        free(imap->outcomes[i].data);
    free(imap->outcomes);
    free(imap->last);
    free(imap);
}
