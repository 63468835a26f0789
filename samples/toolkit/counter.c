/*
 * counter [fork | spawn | forkserver]: four processes add to one number, 100,000 times each, under a
 * lock. It is always 400,000.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <weir/process.h>
#include <weir/shared.h>

enum { WORKERS = 4, TIMES = 100000 };

static int count(const struct weir_child *child)
{
    struct weir_array value;
    if (weir_array_attach_fd(&value, WEIR_ARRAY_INT64, child->fds[0], NULL) < 0)
        return 1;
    int64_t *number = value.data;
    for (int i = 0; i < TIMES; i++) {
        weir_lock_acquire(value.lock, WEIR_FOREVER);
        ++*number;
        weir_lock_release(value.lock);
    }
    weir_array_close(&value);
    return 0;
}

static const struct weir_process_function functions[] = {{"count", count}, {NULL, NULL}};

int main(int argc, char **argv)
{
    weir_process_begin(argc, argv, functions);
    if (argc > 1 && weir_process_set_start_method(argv[1]) < 0)
        return 64;

    struct weir_err err;
    struct weir_array value;
    struct weir_process *workers[WORKERS];
    int failed = 0;
    if (weir_array_create(&value, WEIR_ARRAY_INT64, 1, &err) < 0)
        goto fail;
    struct weir_process_options options = {.fds = &value.memory.fd, .fd_count = 1};
    for (int i = 0; i < WORKERS; i++)
        if (weir_process_start(&workers[i], count, &options, &err) < 0)
            goto fail; /* those that were started end with this process */
    for (int i = 0; i < WORKERS; i++) {
        int code;
        weir_process_join(workers[i], WEIR_FOREVER, &code);
        weir_process_release(workers[i]);
        failed |= code != 0;
    }
    printf("%" PRId64 "\n", *(int64_t *)value.data);
    weir_array_close(&value);
    return failed;
fail:
    weir_err_print(stderr, &err, false);
    return weir_err_exit_code(err.code);
}
