/*
 * primes [fork | spawn | forkserver [LIMIT]]: the sum of the primes below LIMIT (10,000,000), by one
 * process and by a pool over ranges.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weir/pool.h>

enum { RANGES = 200 };

struct range {
    uint64_t begin, end;
};

static bool is_prime(uint64_t n)
{
    if (n < 4)
        return n > 1;
    if (n % 2 == 0)
        return false;
    for (uint64_t i = 3; i * i <= n; i += 2)
        if (n % i == 0)
            return false;
    return true;
}

static uint64_t sum_primes(const struct range *range)
{
    uint64_t sum = 0;
    for (uint64_t n = range->begin; n < range->end; n++)
        sum += is_prime(n) ? n : 0;
    return sum;
}

static int sum_range(struct weir_task *task, struct weir_err *err)
{
    uint64_t sum = sum_primes(task->argument);
    (void)err;
    return weir_task_return(task, &sum, sizeof(sum));
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const struct weir_task_function tasks[] = {{"sum_range", sum_range}, {NULL, NULL}};

int main(int argc, char **argv)
{
    weir_pool_register(tasks);
    weir_process_begin(argc, argv, NULL);
    if (argc > 1 && weir_process_set_start_method(argv[1]) < 0)
        return 64;

    struct weir_err err;
    struct weir_pool *pool;
    struct range ranges[RANGES];
    uint64_t sums[RANGES], sum = 0, limit = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000;
    for (uint64_t i = 0; i < RANGES; i++)
        ranges[i] = (struct range){limit * i / RANGES, limit * (i + 1) / RANGES};

    double began = now();
    uint64_t expected = sum_primes(&(struct range){0, limit});
    double alone = now() - began;

    began = now();
    if (weir_pool_create(&pool, NULL, &err) < 0 ||
        weir_pool_map(pool, sum_range, ranges, sizeof(*ranges), RANGES, sums, sizeof(*sums), 1,
                      &err) < 0) {
        weir_err_print(stderr, &err, false);
        return weir_err_exit_code(err.code);
    }
    for (size_t i = 0; i < RANGES; i++)
        sum += sums[i];
    double together = now() - began;
    printf("%" PRIu64 "\n", sum);
    fprintf(stderr, "one process %.2f s, %zu workers %.2f s: %.1f times as fast\n", alone,
            weir_pool_workers(pool), together, alone / together);
    weir_pool_release(pool);
    return sum == expected ? 0 : 1;
}
