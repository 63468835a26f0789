/* The public headers are for C++, too: their functions are found, and their macros work. */
#include <cstdio>
#include <cstring>

#include <weir/manager.h>
#include <weir/pipe.h>
#include <weir/pool.h>
#include <weir/process.h>
#include <weir/queue.h>
#include <weir/shared.h>
#include <weir/sync.h>
#include <weir/weir.h>

static int double_it(struct weir_task *task, struct weir_err *)
{
    int64_t number = 2 * *static_cast<const int64_t *>(task->argument);
    return weir_task_return(task, &number, sizeof(number));
}

static const struct weir_task_function tasks[] = {{"double_it", double_it}, {nullptr, nullptr}};

static bool pool_works()
{
    struct weir_err err;
    struct weir_pool *pool;
    struct weir_pool_options options = {};
    int64_t numbers[] = {1, 2, 3}, doubles[3] = {};
    options.workers = 2;
    options.method = WEIR_FORKSERVER;
    if (weir_pool_create(&pool, &options, &err) < 0)
        return false;
    int code = weir_pool_map(pool, double_it, numbers, sizeof(*numbers), 3, doubles,
                             sizeof(*doubles), 1, &err);
    weir_pool_release(pool);
    return code == 0 && doubles[0] == 2 && doubles[1] == 4 && doubles[2] == 6;
}

static bool array_works()
{
    struct weir_array array;
    if (weir_array_create(&array, WEIR_ARRAY_DOUBLE, 1, nullptr) < 0)
        return false;
    double *number = static_cast<double *>(array.data), expected = 2.5;
    weir_atomic_store(number, 1.5);
    bool well = weir_atomic_add(number, 1) < 2 && weir_atomic_load(number) > 2 &&
                weir_atomic_compare_set(number, &expected, 7);
    weir_array_close(&array);
    return well;
}

static bool datum_works()
{
    struct weir_datum pairs[] = {weir_text("one"), weir_integer(1)}, map = weir_map(pairs, 1);
    const struct weir_datum *found = weir_map_find(&map, weir_text("one"));
    return found != nullptr && found->kind == WEIR_IS_INTEGER && found->integer == 1;
}

int main(int argc, char **argv)
{
    weir_pool_register(tasks);
    weir_process_begin(argc, argv, nullptr);
    const bool works[] = {pool_works(), array_works(), datum_works()};
    for (bool it : works)
        std::printf("%s\n", it ? "works" : "FAILED");
    return works[0] && works[1] && works[2] ? 0 : 1;
}
