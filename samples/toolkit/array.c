/*
 * array [fork | spawn | forkserver]: four workers fill one array of doubles, each its own slice,
 * without a copy; the parent looks whether all is there.
 */
#include <stdio.h>
#include <string.h>

#include <weir/process.h>
#include <weir/shared.h>

enum { WORKERS = 4, NUMBERS = 1000000 };

static double number_at(size_t i)
{
    return (double)i / 2;
}

static int fill(const struct weir_child *child)
{
    struct weir_array array;
    if (weir_array_attach_fd(&array, WEIR_ARRAY_DOUBLE, child->fds[0], NULL) < 0)
        return 1;
    size_t worker = *(const size_t *)child->argument;
    size_t end = array.count * (worker + 1) / WORKERS;
    double *numbers = array.data;
    for (size_t i = array.count * worker / WORKERS; i < end; i++)
        numbers[i] = number_at(i);
    weir_array_close(&array);
    return 0;
}

static const struct weir_process_function functions[] = {{"fill", fill}, {NULL, NULL}};

int main(int argc, char **argv)
{
    weir_process_begin(argc, argv, functions);
    if (argc > 1 && weir_process_set_start_method(argv[1]) < 0)
        return 64;

    struct weir_err err;
    struct weir_array array;
    struct weir_process *workers[WORKERS];
    if (weir_array_create(&array, WEIR_ARRAY_DOUBLE, NUMBERS, &err) < 0)
        goto fail;
    for (size_t i = 0; i < WORKERS; i++) {
        struct weir_process_options options = {
            .argument = &i, .argument_bytes = sizeof(i), .fds = &array.memory.fd, .fd_count = 1};
        if (weir_process_start(&workers[i], fill, &options, &err) < 0)
            goto fail; /* those that were started end with this process */
    }
    for (size_t i = 0; i < WORKERS; i++) {
        weir_process_join(workers[i], WEIR_FOREVER, NULL);
        weir_process_release(workers[i]);
    }
    const double *numbers = array.data;
    size_t right = 0;
    while (right < array.count && !(numbers[right] < number_at(right)) &&
           !(numbers[right] > number_at(right)))
        right++;
    printf("%zu of %zu numbers are right\n", right, array.count);
    weir_array_close(&array);
    return right == NUMBERS ? 0 : 1;
fail:
    weir_err_print(stderr, &err, false);
    return weir_err_exit_code(err.code);
}
