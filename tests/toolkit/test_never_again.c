/*
 * The scenes of never_again.py, in which CPython's multiprocessing hangs or goes wrong, by each start
 * method; test_children.c has those of orphans and of threads.
 */
#include <weir/pool.h>
#include <weir/process.h>
#include <weir/queue.h>
#include <weir/shared.h>

#include "toolkit/victim.h"

enum { MUCH = 1000000, ROOM = 1 << 20 };

/* What all processes of a scene share. */
struct scene {
    struct weir_lock lock;
    struct weir_condition changed;
    struct weir_barrier barrier;
    int ready; /* how many are about to wait */
    bool over; /* what the condition is about */
};

static const enum weir_start_method methods[] = {WEIR_FORK, WEIR_SPAWN, WEIR_FORKSERVER};
static struct weir_err err;
static struct weir_shared memory;
static struct scene *scene;
static struct weir_queue *queue;

static void set_scene(void)
{
    ck_assert_int_eq(weir_shared_create(&memory, NULL, sizeof(*scene), false, &err), 0);
    ck_assert_int_eq(weir_queue_create(&queue, 1, ROOM, &err), 0);
    scene = memory.base;
    weir_lock_init(&scene->lock);
    weir_condition_init(&scene->changed);
    weir_barrier_init(&scene->barrier, 3);
}

static void clear_scene(void)
{
    weir_queue_release(queue);
    weir_shared_close(&memory);
}

static struct weir_process *begin(int method, int (*main)(const struct weir_child *),
                                  const char *argument)
{
    int fds[] = {memory.fd, weir_queue_fd(queue)};
    struct weir_process *process;
    struct weir_process_options options = {.method = methods[method],
                                           .argument = argument,
                                           .argument_bytes = strlen(argument) + 1,
                                           .fds = fds,
                                           .fd_count = 2};
    ck_assert_msg(weir_process_start(&process, main, &options, &err) == 0, "%s", err.text);
    return process;
}

/* Until it waits, as so many have begun to. */
static void await(struct weir_process *process, int ready)
{
    while (weir_atomic_load(&scene->ready) < ready)
        nap_us(100);
    await_sleep(weir_process_pid(process));
}

static void kill_it(struct weir_process *process)
{
    weir_process_kill(process);
    weir_process_release(process);
}

static void ck_ends(struct weir_process *process)
{
    int code;
    ck_assert_msg(weir_process_join(process, SOON_MS, &code) == 0, "'%s' waits for ever",
                  weir_process_name(process));
    ck_assert_int_eq(code, 0);
    weir_process_release(process);
}

/* ---- what children do ---- */

static void attach(const struct weir_child *child)
{
    if (weir_shared_attach_fd(&memory, child->fds[0], NULL) < 0 ||
        weir_queue_attach_fd(&queue, child->fds[1], NULL) < 0)
        exit(99);
    scene = memory.base;
}

static int take(const struct weir_child *child)
{
    char byte;
    size_t bytes;
    attach(child);
    weir_atomic_add(&scene->ready, 1);
    return weir_queue_get(queue, &byte, 1, &bytes, WEIR_FOREVER);
}

static int put(const struct weir_child *child)
{
    attach(child);
    weir_atomic_add(&scene->ready, 1);
    return weir_queue_put(queue, "x", 1, WEIR_FOREVER);
}

static int put_much(const struct weir_child *child)
{
    attach(child);
    char *message = calloc(1, MUCH);
    int code = weir_queue_put(queue, message, MUCH, WEIR_FOREVER);
    free(message);
    return code;
}

static int wait_at_condition(const struct weir_child *child)
{
    attach(child);
    weir_lock_acquire(&scene->lock, WEIR_FOREVER);
    weir_atomic_add(&scene->ready, 1);
    while (!scene->over)
        weir_condition_wait(&scene->changed, &scene->lock, WEIR_FOREVER);
    return weir_lock_release(&scene->lock);
}

static int notify(const struct weir_child *child)
{
    attach(child);
    weir_lock_acquire(&scene->lock, WEIR_FOREVER);
    scene->over = true;
    weir_condition_notify_all(&scene->changed);
    return weir_lock_release(&scene->lock);
}

static int wait_at_barrier(const struct weir_child *child)
{
    attach(child);
    int code = weir_barrier_enter(&scene->barrier);
    weir_atomic_add(&scene->ready, 1);
    if (code == 0)
        code = weir_barrier_wait(&scene->barrier, WEIR_FOREVER);
    return code == WEIR_BROKEN ? 0 : 1;
}

static int attach_by_name(const struct weir_child *child)
{
    struct weir_shared named;
    if (weir_shared_attach(&named, child->argument, NULL) < 0)
        return 1;
    weir_shared_close(&named);
    return 0;
}

static const struct weir_process_function functions[] = {
    {"take", take},
    {"put", put},
    {"put_much", put_much},
    {"wait_at_condition", wait_at_condition},
    {"notify", notify},
    {"wait_at_barrier", wait_at_barrier},
    {"attach_by_name", attach_by_name},
    {NULL, NULL},
};

/* ---- what workers of a pool do ---- */

static int give_back(struct weir_task *task, struct weir_err *ignored)
{
    (void)ignored;
    return weir_task_return(task, task->argument, task->argument_bytes);
}

static int die(struct weir_task *task, struct weir_err *ignored)
{
    (void)task;
    (void)ignored;
    return raise(SIGKILL);
}

static int return_too_much(struct weir_task *task, struct weir_err *ignored)
{
    static const char much[MUCH];
    (void)ignored;
    return weir_task_return(task, much, sizeof(much));
}

static const struct weir_task_function tasks[] = {
    {"give_back", give_back}, {"die", die}, {"return_too_much", return_too_much}, {NULL, NULL}};

static struct weir_pool *begin_pool(int method, size_t workers)
{
    struct weir_pool *pool;
    struct weir_pool_options options = {.workers = workers, .method = methods[method]};
    ck_assert_msg(weir_pool_create(&pool, &options, &err) == 0, "%s", err.text);
    return pool;
}

static int apply(struct weir_pool *pool, int (*main)(struct weir_task *, struct weir_err *))
{
    struct weir_result *result;
    const void *data;
    size_t bytes;
    ck_assert_int_eq(weir_pool_apply_async(pool, main, "x", 1, NULL, &result, &err), 0);
    int code = weir_result_get(result, &data, &bytes, SOON_MS, &err);
    weir_result_release(result);
    return code;
}

static void end_pool(struct weir_pool *pool)
{
    weir_pool_close(pool);
    ck_assert_int_eq(weir_pool_join(pool, SOON_MS, &err), 0);
    weir_pool_release(pool);
}

/* Its only worker is dead, and it does not know yet. */
static struct weir_pool *begin_pool_without_its_idle_worker(int method)
{
    struct weir_pool *pool = begin_pool(method, 1);
    struct weir_process *worker;
    ck_assert_uint_eq(weir_process_children(&worker, 1), 1);
    await_sleep(weir_process_pid(worker));
    struct pollfd gone = {.fd = weir_process_fd(worker), .events = POLLIN};
    weir_process_kill(worker);
    ck_assert_int_eq(poll(&gone, 1, SOON_MS), 1);
    return pool;
}

/* ---- the scenes: each for one start method ---- */

START_TEST(test_who_is_killed_in_a_queue_holds_nobody_up)
{
    set_scene();
    struct weir_process *dead = begin(_i, take, "");
    await(dead, 1);
    struct weir_process *other = begin(_i, take, "");
    kill_it(dead);
    ck_assert_int_eq(weir_queue_put(queue, "x", 1, SOON_MS), 0);
    ck_ends(other);

    ck_assert_int_eq(weir_queue_put(queue, "x", 1, SOON_MS), 0); /* which makes it full */
    dead = begin(_i, put, "");
    await(dead, 3);
    other = begin(_i, put, "");
    kill_it(dead);
    char byte;
    size_t bytes;
    ck_assert_int_eq(weir_queue_get(queue, &byte, 1, &bytes, SOON_MS), 0);
    ck_ends(other);
    clear_scene();
}
END_TEST

START_TEST(test_who_is_killed_at_a_condition_is_not_waited_for)
{
    set_scene();
    struct weir_process *dead = begin(_i, wait_at_condition, "");
    struct weir_process *living = begin(_i, wait_at_condition, "");
    await(dead, 2);
    await(living, 2);
    kill_it(dead);
    ck_ends(begin(_i, notify, ""));
    ck_ends(living);
    clear_scene();
}
END_TEST

START_TEST(test_who_is_killed_at_a_barrier_breaks_it)
{
    set_scene();
    struct weir_process *parties[3];
    for (int i = 0; i < 2; i++)
        parties[i] = begin(_i, wait_at_barrier, "");
    await(parties[0], 2);
    kill_it(parties[0]);
    parties[2] = begin(_i, wait_at_barrier, "");
    ck_ends(parties[1]);
    ck_ends(parties[2]);
    clear_scene();
}
END_TEST

START_TEST(test_who_has_put_something_may_end)
{
    set_scene();
    ck_ends(begin(_i, put_much, ""));
    char *message = malloc(ROOM);
    size_t bytes;
    ck_assert_int_eq(weir_queue_get(queue, message, ROOM, &bytes, 0), 0);
    ck_assert_uint_eq(bytes, MUCH);
    free(message);
    clear_scene();
}
END_TEST

START_TEST(test_what_was_put_is_seen_at_once)
{
    char byte;
    size_t bytes;
    set_scene();
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(weir_queue_put(queue, "x", 1, 0), 0);
        ck_assert(!weir_queue_empty(queue));
        ck_assert_int_eq(weir_queue_get(queue, &byte, 1, &bytes, 0), 0);
    }
    ck_ends(begin(_i, put, "")); /* and what another process has put */
    ck_assert(!weir_queue_empty(queue));
    clear_scene();
}
END_TEST

START_TEST(test_who_attaches_takes_nothing_away)
{
    char name[64];
    struct weir_shared named;
    set_scene();
    snprintf(name, sizeof(name), "never-again-%d", (int)getpid());
    ck_assert_int_eq(weir_shared_create(&named, name, 4096, false, &err), 0);
    for (int i = 0; i < 3; i++)
        ck_ends(begin(_i, attach_by_name, name));
    weir_shared_close(&named);
    ck_assert_int_eq(weir_shared_attach(&named, name, &err), WEIR_ENOINPUT);
    clear_scene();
}
END_TEST

START_TEST(test_who_waits_for_a_killed_worker_is_told)
{
    struct weir_pool *pool = begin_pool(_i, 2);
    ck_assert_int_eq(apply(pool, die), WEIR_EUNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.text, "killed by signal 9"));
    ck_assert_int_eq(apply(pool, give_back), 0);
    end_pool(pool);
}
END_TEST

START_TEST(test_an_idle_worker_that_is_killed_is_replaced)
{
    struct weir_pool *pool = begin_pool_without_its_idle_worker(_i);
    ck_assert_int_eq(apply(pool, give_back), 0);
    end_pool(pool);
}
END_TEST

START_TEST(test_a_pool_without_its_idle_worker_is_terminated)
{
    struct weir_pool *pool = begin_pool_without_its_idle_worker(_i);
    weir_pool_terminate(pool);
    ck_assert_int_eq(weir_pool_join(pool, SOON_MS, &err), 0);
    weir_pool_release(pool);
}
END_TEST

static int read_next(void *context, const void **ret, size_t *ret_bytes, struct weir_err *ignored)
{
    uint64_t *read = context;
    (void)ignored;
    ++*read;
    *ret = read;
    *ret_bytes = sizeof(*read);
    return 0;
}

/* Its input is endless. */
START_TEST(test_imap_reads_a_bounded_number)
{
    uint64_t read = 0;
    struct weir_imap *imap;
    struct weir_imap_item item;
    struct weir_pool *pool = begin_pool(_i, 2);
    struct weir_imap_input input = {read_next, &read};
    ck_assert_int_eq(weir_pool_imap(pool, give_back, &input, 1, &imap, &err), 0);
    ck_assert_int_eq(weir_imap_next(imap, &item, SOON_MS, &err), 0);
    ck_assert_uint_lt(read, 1000);
    weir_imap_release(imap);
    end_pool(pool);
}
END_TEST

START_TEST(test_what_cannot_be_returned_is_its_tasks_error)
{
    struct weir_pool *pool = begin_pool(_i, 2);
    ck_assert_int_eq(apply(pool, return_too_much), WEIR_EUSAGE);
    ck_assert_int_eq(apply(pool, give_back), 0);
    end_pool(pool);
}
END_TEST

int main(int argc, char **argv)
{
    weir_pool_register(tasks);
    weir_process_begin(argc, argv, functions);
    Suite *suite = suite_create("never again");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, test_who_is_killed_in_a_queue_holds_nobody_up, 0, COUNT(methods));
    tcase_add_loop_test(all, test_who_is_killed_at_a_condition_is_not_waited_for, 0,
                        COUNT(methods));
    tcase_add_loop_test(all, test_who_is_killed_at_a_barrier_breaks_it, 0, COUNT(methods));
    tcase_add_loop_test(all, test_who_has_put_something_may_end, 0, COUNT(methods));
    tcase_add_loop_test(all, test_what_was_put_is_seen_at_once, 0, COUNT(methods));
    tcase_add_loop_test(all, test_who_attaches_takes_nothing_away, 0, COUNT(methods));
    tcase_add_loop_test(all, test_who_waits_for_a_killed_worker_is_told, 0, COUNT(methods));
    tcase_add_loop_test(all, test_an_idle_worker_that_is_killed_is_replaced, 0, COUNT(methods));
    tcase_add_loop_test(all, test_a_pool_without_its_idle_worker_is_terminated, 0, COUNT(methods));
    tcase_add_loop_test(all, test_imap_reads_a_bounded_number, 0, COUNT(methods));
    tcase_add_loop_test(all, test_what_cannot_be_returned_is_its_tasks_error, 0, COUNT(methods));
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
