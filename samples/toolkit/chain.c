/*
 * chain [fork | spawn | forkserver] <IN >OUT: three processes joined by two queues. One reads lines
 * "id,quantity,price", one computes, one writes "id,total". Each closes the queue behind it: that is
 * the pill. How many a second there were is told in the end.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weir/process.h>
#include <weir/queue.h>

enum { LINE = 4096, MESSAGES = 4096, BYTES = 1 << 18 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct weir_queue *attach(int fd)
{
    struct weir_err err;
    struct weir_queue *queue;
    if (weir_queue_attach_fd(&queue, fd, &err) < 0) {
        weir_err_print(stderr, &err, false);
        exit(weir_err_exit_code(err.code));
    }
    return queue;
}

static int read_lines(const struct weir_child *child)
{
    struct weir_queue *lines = attach(child->fds[0]);
    char line[LINE];
    int code = 0;
    while (code == 0 && fgets(line, sizeof(line), stdin) != NULL)
        code = weir_queue_put(lines, line, strlen(line), WEIR_FOREVER);
    weir_queue_close(lines);
    weir_queue_release(lines);
    return code != 0 || ferror(stdin) ? 1 : 0;
}

static int transform(const struct weir_child *child)
{
    struct weir_queue *lines = attach(child->fds[0]), *results = attach(child->fds[1]);
    char line[LINE + 1], result[LINE];
    size_t bytes;
    int code = 0;
    while (code == 0 && weir_queue_get(lines, line, LINE, &bytes, WEIR_FOREVER) == 0) {
        long id, quantity;
        double price;
        line[bytes] = '\0';
        if (sscanf(line, "%ld,%ld,%lf", &id, &quantity, &price) != 3)
            continue; /* the header */
        int n = snprintf(result, sizeof(result), "%ld,%.2f\n", id, (double)quantity * price);
        code = weir_queue_put(results, result, (size_t)n, WEIR_FOREVER);
    }
    weir_queue_close(results);
    weir_queue_release(lines);
    weir_queue_release(results);
    return code != 0;
}

static int write_lines(const struct weir_child *child)
{
    struct weir_queue *results = attach(child->fds[1]);
    char line[LINE];
    size_t bytes, count = 0;
    double began = now();
    for (; weir_queue_get(results, line, sizeof(line), &bytes, WEIR_FOREVER) == 0; count++)
        fwrite(line, 1, bytes, stdout);
    fprintf(stderr, "%zu lines, %.0f a second\n", count, (double)count / (now() - began));
    weir_queue_release(results);
    return fflush(stdout) == 0 ? 0 : 1;
}

static const struct weir_process_function functions[] = {
    {"read_lines", read_lines},
    {"transform", transform},
    {"write_lines", write_lines},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    weir_process_begin(argc, argv, functions);
    if (argc > 1 && weir_process_set_start_method(argv[1]) < 0)
        return 64;

    struct weir_err err;
    struct weir_queue *lines, *results;
    struct weir_process *processes[3];
    int failed = 0;
    if (weir_queue_create(&lines, MESSAGES, BYTES, &err) < 0 ||
        weir_queue_create(&results, MESSAGES, BYTES, &err) < 0)
        goto fail;
    int fds[] = {weir_queue_fd(lines), weir_queue_fd(results)};
    struct weir_process_options options = {.fds = fds, .fd_count = 2};
    for (int i = 0; i < 3; i++)
        if (weir_process_start(&processes[i], functions[i].main, &options, &err) < 0)
            goto fail; /* those that were started end with this process */
    /* Whoever ends, however it ends: nothing more is taken before it, and nothing more comes behind
     * it. */
    struct weir_queue *before[] = {NULL, lines, results}, *behind[] = {lines, results, NULL};
    struct pollfd ends[3];
    for (int i = 0; i < 3; i++)
        ends[i] = (struct pollfd){.fd = weir_process_fd(processes[i]), .events = POLLIN};
    for (int left = 3; left > 0;) {
        poll(ends, 3, -1);
        for (int i = 0; i < 3; i++) {
            int code;
            if (ends[i].fd < 0 || weir_process_join(processes[i], 0, &code) != 0)
                continue;
            if (code != 0)
                fprintf(stderr, "chain: %s ended with %d\n", functions[i].name, code);
            failed |= code != 0;
            if (before[i] != NULL)
                weir_queue_close(before[i]);
            if (behind[i] != NULL)
                weir_queue_close(behind[i]);
            weir_process_release(processes[i]);
            ends[i].fd = -1;
            left--;
        }
    }
    weir_queue_release(lines);
    weir_queue_release(results);
    return failed;
fail:
    weir_err_print(stderr, &err, false);
    return weir_err_exit_code(err.code);
}
