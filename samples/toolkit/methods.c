/*
 * methods [MEGABYTES ...]: a pool of 8 by fork, spawn and forkserver, created by a parent that has so
 * much memory in use (10 and 1024): what creating it takes, the first time and then; what memory its
 * workers have for themselves; and all in all, with 8000 small tasks and its end.
 *
 * Why the figures are as they are:
 *
 *     fork        copies the parent's page tables for each worker, 2 MB of them for 1 GB, so both the
 *                 time and the memory grow with the parent. The memory itself is shared, until one of
 *                 them writes to it.
 *     spawn       executes and links the program anew for each worker: always the same, and much.
 *     forkserver  spawns one process, the first time, and forks that: it stays as small as it began,
 *                 so nothing grows with the parent.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <weir/pool.h>

enum { WORKERS = 8, TASKS = 8000, ROUNDS = 5, MEGABYTE = 1 << 20 };

struct figures {
    double create_ms, total_ms;
    long private_kb;
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Sums what follows these words in a file of /proc, in kB. */
static long sum_of(pid_t pid, const char *file, const char *const *words)
{
    char path[64], line[256];
    long sum = 0;
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    FILE *from = fopen(path, "re");
    while (from != NULL && fgets(line, sizeof(line), from) != NULL)
        for (const char *const *word = words; *word != NULL; word++)
            if (strncmp(line, *word, strlen(*word)) == 0)
                sum += strtol(line + strlen(*word), NULL, 10);
    if (from != NULL)
        fclose(from);
    return sum;
}

/* What this process's children, the forkserver among them, have that no other process has. */
static long private_kb(void)
{
    char path[64];
    int pid;
    long sum = 0;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    while (children != NULL && fscanf(children, "%d", &pid) == 1)
        sum += sum_of(pid, "smaps_rollup",
                      (const char *[]){"Private_Clean:", "Private_Dirty:", NULL}) +
               sum_of(pid, "status", (const char *[]){"VmPTE:", NULL});
    if (children != NULL)
        fclose(children);
    return sum;
}

static int square(struct weir_task *task, struct weir_err *err)
{
    uint64_t number = *(const uint64_t *)task->argument;
    (void)err;
    number *= number;
    return weir_task_return(task, &number, sizeof(number));
}

static int measure(enum weir_start_method method, struct figures *ret, struct weir_err *err)
{
    static uint64_t numbers[TASKS], squares[TASKS];
    struct weir_pool *pool;
    struct weir_pool_options options = {.workers = WORKERS, .method = method};
    for (uint64_t i = 0; i < TASKS; i++)
        numbers[i] = i;
    double began = now_ms();
    int code = weir_pool_create(&pool, &options, err);
    if (code < 0)
        return code;
    double created = now_ms();
    ret->private_kb = private_kb();
    double looked = now_ms();
    code = weir_pool_map(pool, square, numbers, sizeof(*numbers), TASKS, squares, sizeof(*squares),
                         0, err);
    weir_pool_close(pool);
    if (code == 0)
        code = weir_pool_join(pool, WEIR_FOREVER, err);
    ret->create_ms = created - began;
    ret->total_ms = created - began + now_ms() - looked;
    for (uint64_t i = 0; i < TASKS && code == 0; i++)
        if (squares[i] != i * i)
            code = weir_err_set(err, WEIR_EINTERNAL, "a square is wrong");
    weir_pool_release(pool);
    return code;
}

static int by_creation(const void *a, const void *b)
{
    double x = ((const struct figures *)a)->create_ms, y = ((const struct figures *)b)->create_ms;
    return (x > y) - (x < y);
}

static int compare(size_t megabytes, struct weir_err *err)
{
    static const char *const names[] = {"fork", "spawn", "forkserver"};
    static const enum weir_start_method methods[] = {WEIR_FORK, WEIR_SPAWN, WEIR_FORKSERVER};
    int code = 0;
    for (size_t i = 0; i < 3; i++) {
        struct figures first, then[ROUNDS];
        code = measure(methods[i], &first, err);
        for (size_t round = 0; round < ROUNDS && code == 0; round++)
            code = measure(methods[i], &then[round], err);
        if (code < 0)
            return code;
        qsort(then, ROUNDS, sizeof(*then), by_creation);
        const struct figures *median = &then[ROUNDS / 2];
        printf("%5zu MB  %-10s  first %6.1f ms  then %6.1f ms  private %5.1f MB  total %6.1f ms\n",
               megabytes, names[i], first.create_ms, median->create_ms,
               (double)median->private_kb / 1024, median->total_ms);
    }
    return 0;
}

/* Touches every page, in a way that no compiler leaves out. */
static void use(volatile char *memory, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 4096)
        memory[i] = 1;
}

/* A process of its own for each size, with a forkserver of its own. */
static int be_parent(const struct weir_child *child)
{
    struct weir_err err;
    size_t megabytes = *(const size_t *)child->argument;
    char *in_use = malloc(megabytes * MEGABYTE);
    int code = in_use != NULL ? 0 : weir_err_set(&err, WEIR_EOS, "there is no memory");
    if (code == 0) {
        use(in_use, megabytes * MEGABYTE);
        code = compare(megabytes, &err);
    }
    if (code < 0)
        weir_err_print(stderr, &err, false);
    free(in_use);
    return code < 0 ? weir_err_exit_code(code) : 0;
}

static int run_parent(size_t megabytes)
{
    struct weir_err err;
    struct weir_process *parent;
    struct weir_process_options options = {
        .method = WEIR_SPAWN, .argument = &megabytes, .argument_bytes = sizeof(megabytes)};
    int code = weir_process_start(&parent, be_parent, &options, &err), exit_code;
    if (code < 0) {
        weir_err_print(stderr, &err, false);
        return weir_err_exit_code(code);
    }
    weir_process_join(parent, WEIR_FOREVER, &exit_code);
    weir_process_release(parent);
    return exit_code;
}

static const struct weir_task_function tasks[] = {{"square", square}, {NULL, NULL}};
static const struct weir_process_function functions[] = {{"be_parent", be_parent}, {NULL, NULL}};

int main(int argc, char **argv)
{
    weir_pool_register(tasks);
    weir_process_begin(argc, argv, functions);

    static const size_t usual[] = {10, 1024};
    int failed = 0;
    for (int i = 0; i < 2 && argc == 1 && failed == 0; i++)
        failed = run_parent(usual[i]);
    for (int i = 1; i < argc && failed == 0; i++)
        failed = run_parent(strtoul(argv[i], NULL, 10));
    return failed;
}
