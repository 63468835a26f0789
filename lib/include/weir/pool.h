/*
 * pool.h - worker processes that do tasks: Pool of Python's multiprocessing.
 *
 * A task is a function of yours and an argument, which is bytes; what it returns is bytes, or an
 * error. The function runs in one of the workers, and so must be there: in workers that are forked
 * it is; for workers that are spawned, or forked by a server, a program begins with
 *
 *     static const struct weir_task_function tasks[] = {{"hash", hash}, {NULL, NULL}};
 *     int main(int argc, char **argv)
 *     {
 *         weir_pool_register(tasks);
 *         weir_process_begin(argc, argv, NULL);
 *
 * Always true: each task runs at most once, and has exactly one outcome, however workers die. That
 * is its result, or an error that says which task it was ("task 17: its worker was killed by signal
 * 9 (Killed)", WEIR_EUNAVAILABLE). A task whose worker dies is not run again; its place is taken by a new worker, which
 * goes on with the next one. Nothing waits for ever because of a death. Workers do not outlive the
 * pool's process.
 *
 * There is no thread behind it. What was given to the workers they do by themselves; results are
 * taken in, callbacks called and dead workers replaced inside the functions below. A pool belongs to
 * the thread that created it. A function that gives tasks waits while there are so many chunks under
 * way: sixteen for each worker, or 128 if that is more and they do not take more than 4 MiB.
 */
#ifndef WEIR_POOL_H
#define WEIR_POOL_H

#include <weir/process.h>

/* ---- what runs in a worker ---- */

/* What a worker is to do. It is the function's until it returns. */
struct weir_task {
    const void *argument; /* aligned for any type */
    size_t argument_bytes;
    const int *fds; /* those given to the workers, as struct weir_child tells them */
    size_t fd_count;
};

/* main: 0, or a negative code with err filled. */
struct weir_task_function {
    const char *name;
    int (*main)(struct weir_task *task, struct weir_err *err);
};

/* Says what the task returns: nothing, unless it was called. The last call counts. WEIR_EUSAGE: the
 * result is larger than the pool takes, and the task fails with that. */
WEIR_PUBLIC int weir_task_return(struct weir_task *task, const void *result, size_t bytes);

/* Before weir_process_begin. The list, which ends with a name that is NULL, must stay. */
WEIR_PUBLIC void weir_pool_register(const struct weir_task_function *functions);

/* ---- the pool ---- */

/* Zeroed: a worker for each processor that this process may use, by the default method. Everything is
 * copied, of descriptors the number. */
struct weir_pool_options {
    size_t workers;
    enum weir_start_method method;
    bool force;     /* fork in spite of other threads */
    const int *fds; /* they stay open: workers that come later get them too */
    size_t fd_count;
    /* Runs in each worker before its first task; what it returns is dropped. */
    int (*initializer)(struct weir_task *task, struct weir_err *err);
    const void *argument; /* the initializer's */
    size_t argument_bytes;
    size_t max_tasks;    /* a worker is replaced after so many; 0: never */
    size_t max_argument; /* bytes of an argument, at most; 0: 4096 */
    size_t max_result;   /* and of a result */
};

struct weir_pool;

/* Returns when all workers are ready. Fails with what an initializer fails with; WEIR_EUSAGE: as
 * weir_process_start, or numbers that cannot be; WEIR_EOS. options may be NULL. A pool whose
 * initializer fails later on, or whose workers cannot be replaced, is broken: whatever is under way
 * or given to it fails with that error. */
WEIR_PUBLIC int weir_pool_create(struct weir_pool **ret, const struct weir_pool_options *options,
                                 struct weir_err *err);

/* No task can be given from now on, but by weir_imap_next; the workers end when all is done. */
WEIR_PUBLIC void weir_pool_close(struct weir_pool *pool);

/* Kills the workers. What was not done fails. */
WEIR_PUBLIC void weir_pool_terminate(struct weir_pool *pool);

/* After one of these: waits for the workers' end. Returns 0, WEIR_TIMED_OUT, or the first error that
 * nobody else was told of (see weir_pool_apply_async); WEIR_EUSAGE: the pool is open, or so is an
 * imap, which somebody has to read. */
WEIR_PUBLIC int weir_pool_join(struct weir_pool *pool, int64_t timeout_ms, struct weir_err *err);

/* Terminates it and forgets it. Its results and imaps remain their owners'. */
WEIR_PUBLIC void weir_pool_release(struct weir_pool *pool);

/* How many workers it has. */
WEIR_PUBLIC size_t weir_pool_workers(const struct weir_pool *pool);

/* ---- one task ---- */

/* Runs it and waits. The result is copied to `into`. Fails with what the task fails with, or
 * WEIR_EUSAGE: a pool that was closed, a function that is not registered (but by fork), an argument
 * that is too large, a result larger than `room`. */
WEIR_PUBLIC int weir_pool_apply(struct weir_pool *pool,
                                int (*main)(struct weir_task *task, struct weir_err *err),
                                const void *argument, size_t bytes, void *into, size_t room,
                                size_t *ret_bytes, struct weir_err *err);

/* Called in this process, inside functions of the pool, which they may call as well; they must not
 * release the pool or the result. Either may be NULL. */
struct weir_callbacks {
    void (*callback)(void *context, const void *result, size_t bytes);
    void (*error_callback)(void *context, const struct weir_err *err);
    void *context;
};

struct weir_result;

/* Gives it to the workers, and returns. *ret is to be released. ret may be NULL, and so may
 * callbacks; an error that has neither a result nor an error_callback is weir_pool_join's. */
WEIR_PUBLIC int weir_pool_apply_async(struct weir_pool *pool,
                                      int (*main)(struct weir_task *task, struct weir_err *err),
                                      const void *argument, size_t bytes,
                                      const struct weir_callbacks *callbacks,
                                      struct weir_result **ret, struct weir_err *err);

/* Whether the task has its outcome. Does not wait. */
WEIR_PUBLIC bool weir_result_ready(struct weir_result *result);

/* Returns 0 when it is ready, or WEIR_TIMED_OUT. */
WEIR_PUBLIC int weir_result_wait(struct weir_result *result, int64_t timeout_ms);

/* Waits for it. Returns 0, with *ret and *ret_bytes set, which stay until it is released;
 * WEIR_TIMED_OUT; or what the task failed with. May be repeated. */
WEIR_PUBLIC int weir_result_get(struct weir_result *result, const void **ret, size_t *ret_bytes,
                                int64_t timeout_ms, struct weir_err *err);

/* One that is not ready is not waited for: its task runs, and nobody is told. */
WEIR_PUBLIC void weir_result_release(struct weir_result *result);

/* ---- many tasks ---- */

/*
 * Runs main on each element of an array, and puts what it returns, which must be of result_bytes,
 * into an array, in the same order. Returns when all is done, or at once with the error of a task
 * that fails; then the rest of the results may or may not be there. chunk: how many elements a
 * worker takes at a time; 0: so many that each takes about four times.
 *
 * This is starmap too: an element is a struct of as many arguments as there are to be.
 */
WEIR_PUBLIC int weir_pool_map(struct weir_pool *pool,
                              int (*main)(struct weir_task *task, struct weir_err *err),
                              const void *elements, size_t element_bytes, size_t count,
                              void *results, size_t result_bytes, size_t chunk,
                              struct weir_err *err);

/* Where an imap's arguments come from. next returns 0 with *ret and *ret_bytes set, which it leaves
 * as they are until it is called again; WEIR_CLOSED behind the last; or a negative code with err
 * filled, which ends the input too. */
struct weir_imap_input {
    int (*next)(void *context, const void **ret, size_t *ret_bytes, struct weir_err *err);
    void *context;
};

/* An outcome of an imap: of the task of the input's argument number `index`, from 0. */
struct weir_imap_item {
    uint64_t index;
    const void *result; /* until the next call */
    size_t bytes;
};

struct weir_imap;

/*
 * Results come out one by one, in the order of the input, or in that in which tasks end. The input
 * is read while they are asked for, a bounded number ahead, so it may be endless; a chunk of 0 is 1.
 * *ret is to be released, before which the pool may be closed, but joined only if the imap is at its
 * end.
 */
WEIR_PUBLIC int weir_pool_imap(struct weir_pool *pool,
                               int (*main)(struct weir_task *task, struct weir_err *err),
                               const struct weir_imap_input *input, size_t chunk,
                               struct weir_imap **ret, struct weir_err *err);
WEIR_PUBLIC int weir_pool_imap_unordered(struct weir_pool *pool,
                                         int (*main)(struct weir_task *task, struct weir_err *err),
                                         const struct weir_imap_input *input, size_t chunk,
                                         struct weir_imap **ret, struct weir_err *err);

/* Returns 0 with *ret filled; WEIR_TIMED_OUT; WEIR_CLOSED: there are no more; or a negative code: the
 * task of ret->index failed, or the input behind all others. After an error there may be more. */
WEIR_PUBLIC int weir_imap_next(struct weir_imap *imap, struct weir_imap_item *ret,
                               int64_t timeout_ms, struct weir_err *err);

/* Tasks that are under way run to their end, and nobody is told. */
WEIR_PUBLIC void weir_imap_release(struct weir_imap *imap);

#endif
