#include <weir/pool.h>
#include <weir/shared.h>

#include <fcntl.h>

#include "toolkit/victim.h"

static struct weir_err err;
static const enum weir_start_method methods[] = {WEIR_FORK, WEIR_SPAWN, WEIR_FORKSERVER};

/* ---- tasks ---- */

static int square(struct weir_task *task, struct weir_err *err_out)
{
    uint64_t number = *(const uint64_t *)task->argument;
    (void)err_out;
    number *= number;
    return weir_task_return(task, &number, sizeof(number));
}

static int echo(struct weir_task *task, struct weir_err *err_out)
{
    (void)err_out;
    return weir_task_return(task, task->argument, task->argument_bytes);
}

static int give_pid(struct weir_task *task, struct weir_err *err_out)
{
    pid_t pid = getpid();
    (void)err_out;
    return weir_task_return(task, &pid, sizeof(pid));
}

static int nothing(struct weir_task *task, struct weir_err *err_out)
{
    (void)task;
    (void)err_out;
    return 0;
}

static int return_code(struct weir_task *task, struct weir_err *err_out)
{
    (void)err_out;
    return *(const int *)task->argument;
}

/* Every tenth fails, every tenth kills its worker, and every tenth returns too much. */
static int go_wrong(struct weir_task *task, struct weir_err *err_out)
{
    static const char large[8192];
    uint64_t number = *(const uint64_t *)task->argument;
    if (number % 10 == 3)
        return weir_err_set(err_out, WEIR_EDATA, "%d is no number", (int)number);
    if (number % 10 == 5)
        raise(SIGKILL);
    if (number % 10 == 6)
        exit(9);
    if (number % 10 == 7) {
        weir_task_return(task, large, sizeof(large));
        return 0; /* it is told all the same */
    }
    return square(task, err_out);
}

static int sleep_on(struct weir_task *task, struct weir_err *err_out)
{
    (void)task;
    (void)err_out;
    while (pause() < 0)
        ;
    return 0;
}

/* Waits until somebody writes into the pipe that the pool was given. */
static int await_byte(struct weir_task *task, struct weir_err *err_out)
{
    char byte;
    (void)err_out;
    return read(task->fds[0], &byte, 1) == 1 ? weir_task_return(task, &byte, 1) : WEIR_EIO;
}

static uint64_t set_by_initializer;

static int initialize(struct weir_task *task, struct weir_err *err_out)
{
    (void)err_out;
    set_by_initializer = *(const uint64_t *)task->argument;
    return weir_task_return(task, &set_by_initializer, sizeof(set_by_initializer));
}

static int refuse(struct weir_task *task, struct weir_err *err_out)
{
    (void)task;
    return weir_err_set(err_out, WEIR_EDATA, "no table");
}

static int die(struct weir_task *task, struct weir_err *err_out)
{
    (void)task;
    (void)err_out;
    signal(SIGSEGV, SIG_DFL); /* a sanitizer has its own */
    return raise(SIGSEGV);
}

static int give_initialized(struct weir_task *task, struct weir_err *err_out)
{
    (void)err_out;
    return weir_task_return(task, &set_by_initializer, sizeof(set_by_initializer));
}

static const struct weir_task_function tasks[] = {
    {"square", square},
    {"echo", echo},
    {"give_pid", give_pid},
    {"nothing", nothing},
    {"return_code", return_code},
    {"go_wrong", go_wrong},
    {"sleep_on", sleep_on},
    {"await_byte", await_byte},
    {"initialize", initialize},
    {"refuse", refuse},
    {"die", die},
    {"give_initialized", give_initialized},
    {NULL, NULL},
};

/* ---- an input of numbers ---- */

struct numbers {
    uint64_t next, end, now;
};

static int next_number(void *context, const void **ret, size_t *ret_bytes, struct weir_err *err_out)
{
    struct numbers *numbers = context;
    (void)err_out;
    if (numbers->next == numbers->end)
        return WEIR_CLOSED;
    numbers->now = numbers->next++;
    *ret = &numbers->now;
    *ret_bytes = sizeof(numbers->now);
    return 0;
}

static struct weir_imap *stream(struct weir_pool *pool,
                                int (*main)(struct weir_task *, struct weir_err *),
                                struct numbers *numbers, size_t chunk, bool ordered)
{
    struct weir_imap *imap = NULL;
    struct weir_imap_input input = {next_number, numbers};
    int code = ordered ? weir_pool_imap(pool, main, &input, chunk, &imap, &err)
                       : weir_pool_imap_unordered(pool, main, &input, chunk, &imap, &err);
    ck_assert_msg(code == 0, "%s", err.text);
    return imap;
}

static int next_item(struct weir_imap *imap, struct weir_imap_item *item)
{
    int code = weir_imap_next(imap, item, SOON_MS, &err);
    ck_assert_msg(code != WEIR_TIMED_OUT, "it waits for ever");
    return code;
}

/* ---- pools ---- */

static struct weir_pool_options by(int method)
{
    return (struct weir_pool_options){.workers = 3, .method = methods[method]};
}

static struct weir_pool *begin(const struct weir_pool_options *options)
{
    struct weir_pool *pool = NULL;
    ck_assert_msg(weir_pool_create(&pool, options, &err) == 0, "%s", err.text);
    return pool;
}

static void end(struct weir_pool *pool)
{
    weir_pool_close(pool);
    ck_assert_int_eq(weir_pool_join(pool, SOON_MS, &err), 0);
    ck_assert_uint_eq(weir_process_children(NULL, 0), 0);
    weir_pool_release(pool);
}

static uint64_t apply_square(struct weir_pool *pool, uint64_t number)
{
    uint64_t into = 0;
    size_t bytes;
    ck_assert_msg(weir_pool_apply(pool, square, &number, sizeof(number), &into, sizeof(into),
                                  &bytes, &err) == 0,
                  "%s", err.text);
    ck_assert_uint_eq(bytes, sizeof(into));
    return into;
}

START_TEST(test_a_task_is_applied)
{
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    ck_assert_uint_eq(weir_pool_workers(pool), 3);
    ck_assert_uint_eq(weir_process_children(NULL, 0), 3);
    for (uint64_t i = 0; i < 100; i++)
        ck_assert_uint_eq(apply_square(pool, i), i * i);
    end(pool);
}
END_TEST

START_TEST(test_a_result_is_waited_for)
{
    int ends[2];
    const void *data;
    size_t bytes;
    struct weir_result *result;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    struct weir_pool_options options = by(_i);
    options.fds = ends;
    options.fd_count = 1;
    struct weir_pool *pool = begin(&options);
    ck_assert_int_eq(weir_pool_apply_async(pool, await_byte, NULL, 0, NULL, &result, &err), 0);
    ck_assert(!weir_result_ready(result));
    ck_assert_int_eq(weir_result_wait(result, 10), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_result_get(result, &data, &bytes, 0, &err), WEIR_TIMED_OUT);
    ck_assert_uint_eq(apply_square(pool, 5), 25);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(weir_result_get(result, &data, &bytes, SOON_MS, &err), 0);
        ck_assert_uint_eq(bytes, 1);
        ck_assert_int_eq(*(const char *)data, 'x');
    }
    ck_assert(weir_result_ready(result));
    end(pool);
    ck_assert(weir_result_ready(result));
    weir_result_release(result);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(test_map_keeps_the_order)
{
    enum { MANY = 5000 };
    static uint64_t numbers[MANY], squares[MANY];
    static const size_t chunks[] = {0, 1, 7, 1000, MANY * 2};
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    for (size_t c = 0; c < COUNT(chunks); c++) {
        for (uint64_t i = 0; i < MANY; i++) {
            numbers[i] = i;
            squares[i] = 0;
        }
        ck_assert_int_eq(weir_pool_map(pool, square, numbers, 8, MANY, squares, 8, chunks[c], &err),
                         0);
        for (uint64_t i = 0; i < MANY; i++)
            ck_assert_uint_eq(squares[i], i * i);
    }
    ck_assert_int_eq(weir_pool_map(pool, square, numbers, 8, 0, squares, 8, 0, &err), 0);
    end(pool);
}
END_TEST

START_TEST(test_map_fails_with_a_task_and_the_pool_goes_on)
{
    uint64_t numbers[100], results[100];
    char text[64];
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    for (uint64_t i = 0; i < 100; i++)
        numbers[i] = i == 42 ? 3 : 0;
    ck_assert_int_eq(weir_pool_map(pool, go_wrong, numbers, 8, 100, results, 8, 1, &err),
                     WEIR_EDATA);
    ck_assert_str_eq(err.text, "task 42: 3 is no number");
    ck_assert_int_eq(weir_pool_map(pool, square, numbers, 8, 1, text, 4, 1, &err), WEIR_EUSAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "task 0: its result has 8 bytes, and should have 4"));
    ck_assert_uint_eq(apply_square(pool, 5), 25);
    end(pool);
}
END_TEST

/* By number: what becomes of it. */
static void check_outcome(int code, uint64_t number, const struct weir_imap_item *item)
{
    static const char *const texts[10] = {
        [3] = "is no number",
        [5] = "its worker was killed by signal 9 (Killed)",
        [6] = "its worker ended with code 9",
        [7] = "its result has 8192 bytes; the pool takes 4096",
    };
    char prefix[32];
    const char *text = texts[number % 10];
    if (text == NULL) {
        ck_assert_msg(code == 0, "%s", err.text);
        ck_assert_uint_eq(*(const uint64_t *)item->result, number * number);
        return;
    }
    snprintf(prefix, sizeof(prefix), "task %d: ", (int)number);
    ck_assert_int_lt(code, 0);
    ck_assert_msg(strstr(err.text, prefix) == err.text, "%s", err.text);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

START_TEST(test_each_task_has_one_outcome)
{
    enum { MANY = 200 };
    static const size_t chunks[] = {0, 1, 4, 64};
    struct weir_pool_options options = by(_i / 2);
    struct weir_pool *pool = begin(&options);
    for (size_t c = 0; c < COUNT(chunks); c++) {
        bool seen[MANY] = {false};
        struct numbers numbers = {.end = MANY};
        struct weir_imap_item item;
        bool ordered = _i % 2 == 0;
        struct weir_imap *imap = stream(pool, go_wrong, &numbers, chunks[c], ordered);
        int code;
        uint64_t count = 0;
        while ((code = next_item(imap, &item)) != WEIR_CLOSED) {
            ck_assert_uint_lt(item.index, MANY);
            ck_assert(!seen[item.index]);
            ck_assert(!ordered || item.index == count);
            seen[item.index] = true;
            count++;
            check_outcome(code, item.index, &item);
        }
        ck_assert_uint_eq(count, MANY);
        ck_assert_int_eq(weir_imap_next(imap, &item, 0, &err), WEIR_CLOSED);
        weir_imap_release(imap);
    }
    end(pool);
}
END_TEST

START_TEST(test_imap_reads_a_bounded_number_ahead)
{
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    struct numbers numbers = {.end = UINT64_MAX};
    struct weir_imap_item item;
    struct weir_imap *imap = stream(pool, square, &numbers, 1, true);
    for (uint64_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(next_item(imap, &item), 0);
        ck_assert_uint_eq(*(const uint64_t *)item.result, i * i);
        ck_assert_uint_le(numbers.next, i + 300);
    }
    weir_imap_release(imap);
    end(pool);
}
END_TEST

START_TEST(test_a_pool_may_be_closed_while_an_imap_is_read)
{
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    struct numbers numbers = {.end = 1000};
    struct weir_imap_item item;
    struct weir_imap *imap = stream(pool, square, &numbers, 1, false);
    weir_pool_close(pool);
    ck_assert_int_eq(weir_pool_join(pool, WEIR_FOREVER, &err), WEIR_EUSAGE);
    size_t count = 0;
    for (; next_item(imap, &item) == 0; count++)
        ;
    ck_assert_uint_eq(count, 1000);
    ck_assert_int_eq(weir_pool_apply(pool, square, &count, 8, &count, 8, &count, &err),
                     WEIR_EUSAGE);
    ck_assert_int_eq(weir_pool_join(pool, SOON_MS, &err), 0);
    weir_imap_release(imap);
    weir_pool_release(pool);
}
END_TEST

static int fail_after_three(void *context, const void **ret, size_t *ret_bytes,
                            struct weir_err *err_out)
{
    struct numbers *numbers = context;
    if (numbers->next == 3)
        return weir_err_set(err_out, WEIR_EIO, "the disk is gone");
    return next_number(context, ret, ret_bytes, err_out);
}

START_TEST(test_an_input_that_fails_is_told_behind_the_results)
{
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    struct numbers numbers = {.end = 10};
    struct weir_imap_item item;
    struct weir_imap *imap;
    ck_assert_int_eq(weir_pool_imap(pool, square,
                                    &(struct weir_imap_input){fail_after_three, &numbers}, 1, &imap,
                                    &err),
                     0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(next_item(imap, &item), 0);
    ck_assert_int_eq(next_item(imap, &item), WEIR_EIO);
    ck_assert_str_eq(err.text, "the disk is gone");
    ck_assert_uint_eq(item.index, 3);
    ck_assert_int_eq(next_item(imap, &item), WEIR_CLOSED);
    weir_imap_release(imap);
    end(pool);
}
END_TEST

static int next_size(void *context, const void **ret, size_t *ret_bytes, struct weir_err *err_out)
{
    static const char bytes[8192] = "x";
    static const size_t sizes[] = {0, 1, 4096, 4097, 100, 8192, 3};
    size_t *at = context;
    (void)err_out;
    if (*at == COUNT(sizes))
        return WEIR_CLOSED;
    *ret = bytes;
    *ret_bytes = sizes[(*at)++];
    return 0;
}

START_TEST(test_sizes_up_to_the_pools)
{
    static const int64_t expected[] = {0, 1, 4096, -1, 100, -1, 3};
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    for (size_t chunk = 1; chunk < 5; chunk++) {
        size_t at = 0;
        struct weir_imap_item item;
        struct weir_imap *imap;
        ck_assert_int_eq(weir_pool_imap(pool, echo, &(struct weir_imap_input){next_size, &at},
                                        chunk, &imap, &err),
                         0);
        for (size_t i = 0; i < COUNT(expected); i++) {
            int code = next_item(imap, &item);
            ck_assert_uint_eq(item.index, i);
            ck_assert_int_eq(code == 0 ? (int64_t)item.bytes : -1, expected[i]);
            ck_assert(code == 0 || strstr(err.text, "the pool takes 4096") != NULL);
        }
        ck_assert_int_eq(next_item(imap, &item), WEIR_CLOSED);
        weir_imap_release(imap);
    }
    end(pool);
}
END_TEST

START_TEST(test_a_code_that_is_no_errors_is_one)
{
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    size_t bytes;
    int code = 3;
    ck_assert_int_eq(weir_pool_apply(pool, return_code, &code, sizeof(code), NULL, 0, &bytes, &err),
                     WEIR_EINTERNAL);
    code = WEIR_EIO;
    ck_assert_int_eq(weir_pool_apply(pool, return_code, &code, sizeof(code), NULL, 0, &bytes, &err),
                     WEIR_EIO);
    ck_assert_str_eq(err.text, "task 1: it failed with code -74");
    end(pool);
}
END_TEST

START_TEST(test_an_initializer_runs_in_each_worker)
{
    uint64_t argument = 4711, got = 0;
    size_t bytes;
    struct weir_pool_options options = by(_i);
    options.initializer = initialize;
    options.argument = &argument;
    options.argument_bytes = sizeof(argument);
    options.max_tasks = 1;
    struct weir_pool *pool = begin(&options);
    for (int i = 0; i < 10; i++, got = 0) {
        ck_assert_int_eq(
            weir_pool_apply(pool, give_initialized, NULL, 0, &got, sizeof(got), &bytes, &err), 0);
        ck_assert_uint_eq(got, 4711);
    }
    end(pool);
}
END_TEST

START_TEST(test_a_pool_whose_initializer_fails_is_not_made)
{
    struct weir_pool *pool;
    struct weir_pool_options options = by(_i);
    options.initializer = refuse;
    ck_assert_int_eq(weir_pool_create(&pool, &options, &err), WEIR_EDATA);
    ck_assert_str_eq(err.text, "the initializer failed: no table");
    options.initializer = die;
    ck_assert_int_eq(weir_pool_create(&pool, &options, &err), WEIR_EUNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.text, "signal 11"));
    ck_assert_uint_eq(weir_process_children(NULL, 0), 0);
}
END_TEST

START_TEST(test_a_worker_is_replaced_after_so_many_tasks)
{
    enum { MANY = 60, MOST = 4 };
    pid_t pids[MANY];
    uint64_t ignored[MANY] = {0};
    struct weir_pool_options options = by(_i);
    options.max_tasks = MOST;
    struct weir_pool *pool = begin(&options);
    for (size_t chunk = 1; chunk < 30; chunk += 9) {
        ck_assert_int_eq(
            weir_pool_map(pool, give_pid, ignored, 8, MANY, pids, sizeof(*pids), chunk, &err), 0);
        for (size_t i = 0; i < MANY; i++) {
            int same = 0;
            for (size_t j = 0; j < MANY; j++)
                same += pids[i] == pids[j];
            ck_assert_int_le(same, MOST);
        }
    }
    end(pool);
}
END_TEST

/* ---- callbacks ---- */

struct told {
    struct weir_pool *pool;
    int results, errors, more;
};

static void count_result(void *context, const void *result, size_t bytes)
{
    struct told *told = context;
    uint64_t number = *(const uint64_t *)result;
    ck_assert_uint_eq(bytes, sizeof(number));
    told->results++;
    struct weir_callbacks again = {.callback = count_result, .context = told};
    if (told->more-- > 0)
        ck_assert_int_eq(
            weir_pool_apply_async(told->pool, square, &number, sizeof(number), &again, NULL, &err),
            0);
}

static void count_error(void *context, const struct weir_err *why)
{
    struct told *told = context;
    ck_assert_ptr_nonnull(strstr(why->text, "is no number"));
    told->errors++;
}

START_TEST(test_callbacks_are_called_and_may_give_tasks)
{
    struct weir_pool_options options = by(_i);
    struct told told = {.pool = begin(&options), .more = 100};
    struct weir_callbacks callbacks = {count_result, count_error, &told};
    for (uint64_t i = 0; i < 200; i++) {
        uint64_t number = i % 5; /* 3 fails */
        ck_assert_int_eq(weir_pool_apply_async(told.pool, go_wrong, &number, sizeof(number),
                                               &callbacks, NULL, &err),
                         0);
    }
    while (told.results + told.errors < 300)
        apply_square(told.pool, 1);
    ck_assert_int_eq(told.results, 260);
    ck_assert_int_eq(told.errors, 40);
    end(told.pool);
}
END_TEST

START_TEST(test_an_error_that_nobody_was_told_of_is_joins)
{
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    for (uint64_t i = 0; i < 4; i++)
        ck_assert_int_eq(weir_pool_apply_async(pool, go_wrong, &i, sizeof(i), NULL, NULL, &err), 0);
    ck_assert_int_eq(weir_pool_join(pool, 0, &err), WEIR_EUSAGE);
    weir_pool_close(pool);
    ck_assert_int_eq(weir_pool_join(pool, SOON_MS, &err), WEIR_EDATA);
    ck_assert_str_eq(err.text, "task 3: 3 is no number");
    weir_pool_release(pool);
}
END_TEST

/* ---- ends ---- */

START_TEST(test_terminate_fails_what_is_under_way)
{
    const void *data;
    size_t bytes;
    struct weir_result *results[20];
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    for (size_t i = 0; i < COUNT(results); i++)
        ck_assert_int_eq(weir_pool_apply_async(pool, sleep_on, NULL, 0, NULL, &results[i], &err),
                         0);
    weir_result_release(results[0]);
    weir_pool_terminate(pool);
    ck_assert_int_eq(weir_pool_join(pool, 0, &err), 0);
    ck_assert_uint_eq(weir_process_children(NULL, 0), 0);
    ck_assert_int_eq(weir_pool_apply(pool, nothing, NULL, 0, NULL, 0, &bytes, &err),
                     WEIR_EUNAVAILABLE);
    ck_assert_str_eq(err.text, "the pool was terminated");
    weir_pool_release(pool);
    for (size_t i = 1; i < COUNT(results); i++) {
        ck_assert_int_eq(weir_result_get(results[i], &data, &bytes, 0, &err), WEIR_EUNAVAILABLE);
        ck_assert_ptr_nonnull(strstr(err.text, "terminated"));
        weir_result_release(results[i]);
    }
}
END_TEST

START_TEST(test_an_imap_outlives_its_pool)
{
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    struct numbers numbers = {.end = UINT64_MAX};
    struct weir_imap_item item;
    struct weir_imap *imap = stream(pool, sleep_on, &numbers, 1, false);
    ck_assert_int_eq(weir_imap_next(imap, &item, 10, &err), WEIR_TIMED_OUT);
    weir_pool_release(pool);
    uint64_t errors = 0;
    int code;
    while ((code = weir_imap_next(imap, &item, 0, &err)) != WEIR_CLOSED) {
        ck_assert_int_eq(code, WEIR_EUNAVAILABLE);
        errors++;
    }
    ck_assert_uint_eq(errors, numbers.next + 1); /* those, and that there are no more */
    weir_imap_release(imap);
}
END_TEST

static struct weir_pool *to_be_terminated;

static int terminate_after_three(void *context, const void **ret, size_t *ret_bytes,
                                 struct weir_err *err_out)
{
    struct numbers *numbers = context;
    if (numbers->next == 3)
        weir_pool_terminate(to_be_terminated);
    return next_number(context, ret, ret_bytes, err_out);
}

START_TEST(test_an_input_may_terminate_the_pool)
{
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = to_be_terminated = begin(&options);
    struct numbers numbers = {.end = UINT64_MAX};
    struct weir_imap_item item;
    struct weir_imap *imap;
    ck_assert_int_eq(weir_pool_imap(pool, sleep_on,
                                    &(struct weir_imap_input){terminate_after_three, &numbers}, 2,
                                    &imap, &err),
                     0);
    uint64_t errors = 0;
    while (next_item(imap, &item) != WEIR_CLOSED) {
        ck_assert_ptr_nonnull(strstr(err.text, "terminated"));
        errors++;
    }
    ck_assert_uint_eq(errors, numbers.next + 1);
    weir_imap_release(imap);
    weir_pool_release(pool);
}
END_TEST

/* A pool's process of its own, whose workers have the pipe's end. */
static int own_a_pool(const struct weir_child *child)
{
    struct weir_pool *pool;
    struct weir_pool_options options = by(*(const int *)child->argument);
    options.fds = child->fds;
    options.fd_count = 1;
    struct weir_result *result;
    if (weir_pool_create(&pool, &options, NULL) < 0 ||
        weir_pool_apply_async(pool, sleep_on, NULL, 0, NULL, &result, NULL) < 0 ||
        write(child->fds[0], "s", 1) != 1)
        return 1;
    return weir_result_wait(result, WEIR_FOREVER);
}

static const struct weir_process_function functions[] = {{"own_a_pool", own_a_pool}, {NULL, NULL}};

START_TEST(test_workers_do_not_outlive_the_pools_process)
{
    int ends[2], method = _i;
    char byte;
    struct weir_process *process;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    struct weir_process_options options = {.method = methods[_i],
                                           .argument = &method,
                                           .argument_bytes = sizeof(method),
                                           .fds = &ends[1],
                                           .fd_count = 1};
    ck_assert_int_eq(weir_process_start(&process, own_a_pool, &options, &err), 0);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    weir_process_release(process);
    struct pollfd end_of_all = {.fd = ends[0], .events = POLLIN};
    ck_assert_int_eq(poll(&end_of_all, 1, SOON_MS), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}
END_TEST

START_TEST(test_an_idle_worker_sleeps)
{
    struct weir_pool_options options = by(_i);
    struct weir_process *workers[3];
    struct weir_pool *pool = begin(&options);
    apply_square(pool, 2);
    ck_assert_uint_eq(weir_process_children(workers, 3), 3);
    for (size_t i = 0; i < 3; i++)
        ck_stays_asleep(weir_process_pid(workers[i]));
    end(pool);
}
END_TEST

START_TEST(test_what_cannot_be_is_refused)
{
    struct weir_pool *pool;
    size_t bytes;
    struct weir_pool_options options = {.workers = 1 << 20};
    ck_assert_int_eq(weir_pool_create(&pool, &options, &err), WEIR_EUSAGE);
    options = (struct weir_pool_options){.max_argument = SIZE_MAX};
    ck_assert_int_eq(weir_pool_create(&pool, &options, &err), WEIR_EUSAGE);
    options = by(1);
    pool = begin(&options);
    ck_assert_int_eq(weir_pool_apply(pool, NULL, NULL, 0, NULL, 0, &bytes, &err), WEIR_EUSAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "registered"));
    ck_assert_int_eq(weir_pool_apply(pool, echo, "four", 4, NULL, 3, &bytes, &err), WEIR_EUSAGE);
    end(pool);
}
END_TEST

/* ---- deaths ---- */

/* Workers are killed at random while thousands of tasks run. */
START_TEST(test_each_task_has_one_outcome_whoever_is_killed)
{
    enum { MANY = 6000, WORKERS = 3 };
    static bool seen[MANY];
    uint64_t random = 88172645463325252u + (uint64_t)_i, kills = 0;
    struct weir_pool_options options = by(_i);
    struct weir_pool *pool = begin(&options);
    struct numbers numbers = {.end = MANY};
    struct weir_imap_item item;
    struct weir_imap *imap = stream(pool, square, &numbers, 1 + random_below(&random, 5), false);
    int code;
    uint64_t count = 0, lost = 0;
    memset(seen, 0, sizeof(seen));
    while ((code = next_item(imap, &item)) != WEIR_CLOSED) {
        ck_assert(!seen[item.index]);
        seen[item.index] = true;
        count++;
        lost += code < 0;
        if (code < 0)
            ck_assert_msg(strstr(err.text, "signal 9") != NULL, "%s", err.text);
        else
            ck_assert_uint_eq(*(const uint64_t *)item.result, item.index * item.index);
        if (random_below(&random, 40) > 0)
            continue;
        struct weir_process *workers[WORKERS];
        size_t alive = weir_process_children(workers, WORKERS);
        if (alive > 0) {
            weir_process_kill(workers[random_below(&random, alive)]);
            kills++;
        }
    }
    ck_assert_uint_eq(count, MANY);
    ck_assert_uint_gt(kills, 0);
    ck_assert_uint_le(lost, kills);
    weir_imap_release(imap);
    end(pool);
}
END_TEST

static pid_t *victim_pid;

/* Its worker is traced by the test from here on. */
static int become_victim(struct weir_task *task, struct weir_err *err_out)
{
    (void)task;
    (void)err_out;
    *victim_pid = getpid();
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        return WEIR_EOS;
    raise(SIGSTOP);
    return 0;
}

/* The victim goes on by so many instructions from the middle of a first task, over its result and
 * the taking of others, and is killed. False when it had done all there was before. */
static bool kill_after(long instructions)
{
    enum { MORE = 2 };
    struct weir_result *first, *results[MORE];
    const void *data;
    size_t bytes;
    int status, dead = 0;
    struct weir_pool_options options = {.workers = 1};
    struct weir_pool *pool = begin(&options);
    ck_assert_int_eq(weir_pool_apply_async(pool, become_victim, NULL, 0, NULL, &first, &err), 0);
    for (uint64_t i = 0; i < MORE; i++)
        ck_assert_int_eq(
            weir_pool_apply_async(pool, square, &i, sizeof(i), NULL, &results[i], &err), 0);
    struct weir_process *worker;
    ck_assert_uint_eq(weir_process_children(&worker, 1), 1);
    ck_assert_int_eq(waitpid(weir_process_pid(worker), &status, 0), weir_process_pid(worker));
    ck_assert(WIFSTOPPED(status));
    bool done = step(weir_process_pid(worker), instructions) == ASLEEP;
    weir_process_kill(worker);
    int code = weir_result_get(first, &data, &bytes, SOON_MS, &err);
    dead += code == WEIR_EUNAVAILABLE;
    ck_assert(code == 0 || code == WEIR_EUNAVAILABLE);
    for (uint64_t i = 0; i < MORE; i++) {
        code = weir_result_get(results[i], &data, &bytes, SOON_MS, &err);
        dead += code == WEIR_EUNAVAILABLE;
        ck_assert(code == WEIR_EUNAVAILABLE || (code == 0 && *(const uint64_t *)data == i * i));
    }
    ck_assert_int_le(dead, 1);
    ck_assert(!done || dead == 0);
    weir_result_release(first);
    for (size_t i = 0; i < MORE; i++)
        weir_result_release(results[i]);
    ck_assert_uint_eq(apply_square(pool, 9), 81);
    end(pool);
    return !done;
}

START_TEST(test_a_worker_may_die_at_any_instruction)
{
    victim_pid = shared_pages(sizeof(*victim_pid));
    for (long instructions = 1; kill_after(instructions); instructions += DEATH_STRIDE)
        ;
}
END_TEST

int main(int argc, char **argv)
{
    weir_pool_register(tasks);
    weir_process_begin(argc, argv, functions);
    Suite *suite = suite_create("pool");
    TCase *all = tcase_create("all");
    const int count = COUNT(methods);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, test_a_task_is_applied, 0, count);
    tcase_add_loop_test(all, test_a_result_is_waited_for, 0, count);
    tcase_add_loop_test(all, test_map_keeps_the_order, 0, count);
    tcase_add_loop_test(all, test_map_fails_with_a_task_and_the_pool_goes_on, 0, count);
    tcase_add_loop_test(all, test_each_task_has_one_outcome, 0, 2 * count);
    tcase_add_loop_test(all, test_imap_reads_a_bounded_number_ahead, 0, count);
    tcase_add_loop_test(all, test_a_pool_may_be_closed_while_an_imap_is_read, 0, count);
    tcase_add_loop_test(all, test_an_input_that_fails_is_told_behind_the_results, 0, count);
    tcase_add_loop_test(all, test_sizes_up_to_the_pools, 0, count);
    tcase_add_loop_test(all, test_a_code_that_is_no_errors_is_one, 0, count);
    tcase_add_loop_test(all, test_an_initializer_runs_in_each_worker, 0, count);
    tcase_add_loop_test(all, test_a_pool_whose_initializer_fails_is_not_made, 0, count);
    tcase_add_loop_test(all, test_a_worker_is_replaced_after_so_many_tasks, 0, count);
    tcase_add_loop_test(all, test_callbacks_are_called_and_may_give_tasks, 0, count);
    tcase_add_loop_test(all, test_an_error_that_nobody_was_told_of_is_joins, 0, count);
    tcase_add_loop_test(all, test_terminate_fails_what_is_under_way, 0, count);
    tcase_add_loop_test(all, test_an_imap_outlives_its_pool, 0, count);
    tcase_add_loop_test(all, test_an_input_may_terminate_the_pool, 0, count);
    tcase_add_loop_test(all, test_workers_do_not_outlive_the_pools_process, 0, count);
    tcase_add_loop_test(all, test_an_idle_worker_sleeps, 0, count);
    tcase_add_test(all, test_what_cannot_be_is_refused);
    tcase_add_loop_test(all, test_each_task_has_one_outcome_whoever_is_killed, 0, count);
    tcase_add_test(all, test_a_worker_may_die_at_any_instruction);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
