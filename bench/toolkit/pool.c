/*
 * pool WORKERS TASKS: so many tasks of no work through imap_unordered, at chunk size 1.
 * pool create WORKERS ROUNDS: creating a pool of so many by fork, until all are ready, beside bare
 * fork: in turn, the median of each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/pool.h>

struct numbers {
    size_t next, end;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct weir_pool *create(size_t workers)
{
    struct weir_err err;
    struct weir_pool *pool;
    struct weir_pool_options options = {.workers = workers};
    if (weir_pool_create(&pool, &options, &err) == 0)
        return pool;
    weir_err_print(stderr, &err, false);
    exit(weir_err_exit_code(err.code));
}

/* ---- tasks ---- */

static int give_back(struct weir_task *task, struct weir_err *err)
{
    (void)err;
    return weir_task_return(task, task->argument, task->argument_bytes);
}

static int next_number(void *context, const void **ret, size_t *ret_bytes, struct weir_err *err)
{
    struct numbers *numbers = context;
    (void)err;
    if (numbers->next++ == numbers->end)
        return WEIR_CLOSED;
    *ret = &numbers->next;
    *ret_bytes = sizeof(numbers->next);
    return 0;
}

static int run_tasks(size_t workers, size_t tasks)
{
    struct weir_err err;
    struct weir_imap *imap;
    struct weir_imap_item item;
    struct numbers numbers = {.end = tasks};
    struct weir_imap_input input = {next_number, &numbers};
    struct weir_pool *pool = create(workers);
    double began = now();
    size_t done = 0;
    if (weir_pool_imap_unordered(pool, give_back, &input, 1, &imap, &err) < 0)
        return 1;
    while (weir_imap_next(imap, &item, WEIR_FOREVER, &err) == 0)
        done++;
    printf("weir_pool  %zu workers: %.0f tasks/s%s\n", workers, (double)done / (now() - began),
           done == tasks ? "" : " FAILED");
    weir_imap_release(imap);
    weir_pool_release(pool);
    return done == tasks ? 0 : 1;
}

/* ---- creating ---- */

static double time_bare(size_t workers)
{
    int ready[2], stay[2];
    char byte;
    double began = now();
    if (pipe(ready) < 0 || pipe(stay) < 0)
        exit(71);
    for (size_t i = 0; i < workers; i++)
        if (fork() == 0) {
            close(stay[1]);
            _exit(write(ready[1], "r", 1) == 1 && read(stay[0], &byte, 1) == 0 ? 0 : 1);
        }
    for (size_t i = 0; i < workers; i++)
        if (read(ready[0], &byte, 1) != 1)
            exit(71);
    double seconds = now() - began;
    close(stay[1]);
    while (wait(NULL) > 0)
        ;
    close(stay[0]);
    close(ready[0]);
    close(ready[1]);
    return seconds;
}

static double time_pool(size_t workers)
{
    double began = now();
    struct weir_pool *pool = create(workers);
    double seconds = now() - began;
    weir_pool_release(pool);
    return seconds;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int time_creation(size_t workers, size_t rounds)
{
    double *bare = calloc(rounds, sizeof(*bare)), *pool = calloc(rounds, sizeof(*pool));
    for (size_t i = 0; i < rounds; i++) {
        bare[i] = time_bare(workers);
        pool[i] = time_pool(workers);
    }
    qsort(bare, rounds, sizeof(*bare), compare);
    qsort(pool, rounds, sizeof(*pool), compare);
    printf("creating %zu workers: bare fork %.2f ms, weir_pool %.2f ms, %.2f times\n", workers,
           bare[rounds / 2] * 1e3, pool[rounds / 2] * 1e3, pool[rounds / 2] / bare[rounds / 2]);
    free(bare);
    free(pool);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "create") == 0)
        return time_creation(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    return argc == 3 ? run_tasks(strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10)) : 64;
}
