/*
 * pipe PRODUCERS CONSUMERS BYTES MESSAGES: so many messages of so many bytes through one Unix pipe,
 * as fast as write and read go: where messages are larger than PIPE_BUF they may mix.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int move(int fd, ssize_t (*step)(int, char *, size_t), size_t messages, size_t bytes)
{
    char *message = calloc(1, bytes);
    for (size_t done = 0; done < messages; done++)
        for (size_t at = 0; at < bytes;) {
            ssize_t n = step(fd, message + at, bytes - at);
            if (n <= 0)
                return 1;
            at += (size_t)n;
        }
    free(message);
    return 0;
}

static ssize_t read_some(int fd, char *into, size_t n)
{
    return read(fd, into, n);
}

static ssize_t write_some(int fd, char *from, size_t n)
{
    return write(fd, from, n);
}

int main(int argc, char **argv)
{
    int ends[2], status, failed = 0;
    if (argc != 5 || pipe(ends) < 0)
        return 64;
    size_t producers = strtoul(argv[1], NULL, 10), consumers = strtoul(argv[2], NULL, 10);
    size_t bytes = strtoul(argv[3], NULL, 10), messages = strtoul(argv[4], NULL, 10);
    messages -= messages % (producers * consumers);
    double began = now();
    for (size_t i = 0; i < producers; i++)
        if (fork() == 0)
            _exit(move(ends[1], write_some, messages / producers, bytes));
    for (size_t i = 0; i < consumers; i++)
        if (fork() == 0)
            _exit(move(ends[0], read_some, messages / consumers, bytes));
    while (wait(&status) > 0)
        failed |= status;
    double seconds = now() - began;
    printf("pipe       %zuP%zuC %zu B: %.0f messages/s, %.1f MB/s%s\n", producers, consumers, bytes,
           (double)messages / seconds, (double)messages * (double)bytes / seconds / 1e6,
           failed ? " FAILED" : "");
    return failed ? 1 : 0;
}
