/*
 * copy apart|in-step BYTES MESSAGES: what memcpy allows for a queue of messages of so many bytes. One
 * process copies so many of them into 16 MiB of shared memory, round and round, and another copies
 * them out: apart, without waiting for each other, or in step, each message after it is in and before
 * it is overwritten, spinning, without lock or sleep.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { AREA = 1 << 24 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* How many messages were copied in, and out, each on a line of its own. */
struct counts {
    _Alignas(128) size_t in;
    _Alignas(128) size_t out;
} * counts;

static void await(const size_t *count, size_t least)
{
    while (__atomic_load_n(count, __ATOMIC_ACQUIRE) < least)
        ;
}

static int copy(char *area, bool in, bool in_step, size_t messages, size_t bytes)
{
    char *message = malloc(bytes);
    size_t room = AREA / bytes;
    memset(message, 7, bytes);
    for (size_t i = 0; i < messages; i++) {
        char *at = area + i % room * bytes;
        if (in_step && in)
            await(&counts->out, i < room ? 0 : i - room + 1);
        else if (in_step)
            await(&counts->in, i + 1);
        memcpy(in ? at : message, in ? message : at, bytes);
        __atomic_store_n(in ? &counts->in : &counts->out, i + 1, __ATOMIC_RELEASE);
    }
    free(message);
    return 0;
}

int main(int argc, char **argv)
{
    int status, failed = 0;
    if (argc != 4)
        return 64;
    bool in_step = strcmp(argv[1], "in-step") == 0;
    size_t bytes = strtoul(argv[2], NULL, 10), messages = strtoul(argv[3], NULL, 10);
    char *area = mmap(NULL, AREA + sizeof(*counts), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED || bytes > AREA)
        return 71;
    memset(area, 0, AREA);
    counts = (struct counts *)(void *)(area + AREA);
    double began = now();
    for (int in = 0; in < 2; in++)
        if (fork() == 0)
            _exit(copy(area, in, in_step, messages, bytes));
    while (wait(&status) > 0)
        failed |= status;
    double seconds = now() - began;
    printf("memcpy     1P1C %zu B, %s: %.0f messages/s, %.1f MB/s%s\n", bytes, argv[1],
           (double)messages / seconds, (double)messages * (double)bytes / seconds / 1e6,
           failed ? " FAILED" : "");
    return failed ? 1 : 0;
}
