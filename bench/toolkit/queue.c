/*
 * queue PRODUCERS CONSUMERS BYTES MESSAGES BATCH: so many messages of so many bytes through one
 * weir_queue, so many at a time; prints messages and megabytes a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/queue.h>

static struct weir_queue *queue;
static size_t bytes, batch;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int produce(size_t messages)
{
    char *message = malloc(bytes);
    struct iovec *list = calloc(batch, sizeof(*list));
    size_t put = 1;
    memset(message, 7, bytes);
    for (size_t i = 0; i < batch; i++)
        list[i] = (struct iovec){message, bytes};
    for (size_t done = 0; done < messages; done += put) {
        size_t some = messages - done < batch ? messages - done : batch;
        if (batch == 1 ? weir_queue_put(queue, message, bytes, WEIR_FOREVER) != 0
                       : weir_queue_put_many(queue, list, some, &put, WEIR_FOREVER) != 0)
            return 1;
    }
    return 0;
}

static int consume(size_t messages)
{
    char *into = malloc(bytes * batch);
    size_t *sizes = calloc(batch, sizeof(*sizes)), got = 1;
    for (size_t done = 0; done < messages; done += got) {
        size_t some = messages - done < batch ? messages - done : batch;
        if (batch == 1 ? weir_queue_get(queue, into, bytes, sizes, WEIR_FOREVER) != 0
                       : weir_queue_get_many(queue, into, bytes * some, sizes, some, &got,
                                             WEIR_FOREVER) != 0)
            return 1;
        if (sizes[0] != bytes || into[bytes - 1] != 7)
            return 2;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 64;
    size_t producers = strtoul(argv[1], NULL, 10), consumers = strtoul(argv[2], NULL, 10);
    bytes = strtoul(argv[3], NULL, 10);
    size_t messages = strtoul(argv[4], NULL, 10);
    batch = strtoul(argv[5], NULL, 10);
    messages -= messages % (producers * consumers);
    struct weir_err err;
    if (weir_queue_create(&queue, 1024, bytes * 1024 < 1 << 24 ? bytes * 1024 : 1 << 24, &err) <
        0) {
        weir_err_print(stderr, &err, false);
        return 71;
    }
    double began = now();
    for (size_t i = 0; i < producers; i++)
        if (fork() == 0)
            _exit(produce(messages / producers));
    for (size_t i = 0; i < consumers; i++)
        if (fork() == 0)
            _exit(consume(messages / consumers));
    int status, failed = 0;
    while (wait(&status) > 0)
        failed |= status;
    double seconds = now() - began;
    printf("weir_queue %zuP%zuC %zu B, %zu at a time: %.0f messages/s, %.1f MB/s%s\n", producers,
           consumers, bytes, batch, (double)messages / seconds,
           (double)messages * (double)bytes / seconds / 1e6, failed ? " FAILED" : "");
    return failed ? 1 : 0;
}
