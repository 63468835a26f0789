/*
 * pool WORKERS TASKS: so many tasks of no work through imap_unordered, at chunk size 1.
 * pool create METHOD MEGABYTES WORKERS ROUNDS: creating a pool of so many, until all are ready, by a
 * process that has so much memory in use; by fork beside bare fork, in turn. The median, without the
 * first.
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
    pid_t pids[64];
    double began = now();
    if (workers > 64 || pipe(ready) < 0 || pipe(stay) < 0)
        exit(71);
    for (size_t i = 0; i < workers; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            close(stay[1]);
            _exit(write(ready[1], "r", 1) == 1 && read(stay[0], &byte, 1) == 0 ? 0 : 1);
        }
    }
    for (size_t i = 0; i < workers; i++)
        if (read(ready[0], &byte, 1) != 1)
            exit(71);
    double seconds = now() - began;
    close(stay[1]);
    for (size_t i = 0; i < workers; i++)
        waitpid(pids[i], NULL, 0);
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

/* Touches every page, in a way that no compiler leaves out. */
static void use(volatile char *memory, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 4096)
        memory[i] = 1;
}

static double median(double *seconds, size_t count)
{
    qsort(seconds, count, sizeof(*seconds), compare);
    return seconds[count / 2];
}

static int time_creation(const char *method, size_t megabytes, size_t workers, size_t rounds)
{
    double *bare = calloc(rounds, sizeof(*bare)), *pool = calloc(rounds, sizeof(*pool));
    char *in_use = malloc(megabytes << 20);
    if (bare == NULL || pool == NULL || in_use == NULL || weir_process_set_start_method(method) < 0)
        return 64;
    use(in_use, megabytes << 20);
    bool beside = strcmp(method, "fork") == 0; /* it would leave pages of the parent to be copied */
    time_pool(workers);
    for (size_t i = 0; i < rounds; i++) {
        bare[i] = beside ? time_bare(workers) : 0;
        pool[i] = time_pool(workers);
    }
    double of_bare = median(bare, rounds), of_pool = median(pool, rounds);
    printf("creating %zu workers, %s, %zu MB: weir_pool %.2f ms", workers, method, megabytes,
           of_pool * 1e3);
    if (beside)
        printf(", bare fork %.2f ms, %.2f times", of_bare * 1e3, of_pool / of_bare);
    printf("\n");
    free(in_use);
    free(bare);
    free(pool);
    return 0;
}

static const struct weir_task_function tasks[] = {{"give_back", give_back}, {NULL, NULL}};

int main(int argc, char **argv)
{
    weir_pool_register(tasks);
    weir_process_begin(argc, argv, NULL);
    if (argc == 6 && strcmp(argv[1], "create") == 0)
        return time_creation(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
                             strtoul(argv[5], NULL, 10));
    return argc == 3 ? run_tasks(strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10)) : 64;
}
