/*
 * mq PRODUCERS CONSUMERS BYTES MESSAGES: so many messages of so many bytes through one POSIX message
 * queue, which holds 10 of them, the most that Linux allows without privileges.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int send_all(mqd_t queue, size_t messages, size_t bytes)
{
    char *message = calloc(1, bytes);
    for (size_t i = 0; i < messages; i++)
        if (mq_send(queue, message, bytes, 0) < 0)
            return 1;
    return 0;
}

static int receive_all(mqd_t queue, size_t messages, size_t bytes)
{
    char *message = malloc(bytes);
    for (size_t i = 0; i < messages; i++)
        if (mq_receive(queue, message, bytes, NULL) != (ssize_t)bytes)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    char name[32];
    int status, failed = 0;
    if (argc != 5)
        return 64;
    size_t producers = strtoul(argv[1], NULL, 10), consumers = strtoul(argv[2], NULL, 10);
    size_t bytes = strtoul(argv[3], NULL, 10), messages = strtoul(argv[4], NULL, 10);
    messages -= messages % (producers * consumers);
    struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = (long)bytes};
    snprintf(name, sizeof(name), "/weir-bench-%d", (int)getpid());
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
    if (queue == (mqd_t)-1) {
        perror("mq_open");
        return 71;
    }
    mq_unlink(name);
    double began = now();
    for (size_t i = 0; i < producers; i++)
        if (fork() == 0)
            _exit(send_all(queue, messages / producers, bytes));
    for (size_t i = 0; i < consumers; i++)
        if (fork() == 0)
            _exit(receive_all(queue, messages / consumers, bytes));
    while (wait(&status) > 0)
        failed |= status;
    double seconds = now() - began;
    printf("posix-mq   %zuP%zuC %zu B: %.0f messages/s, %.1f MB/s%s\n", producers, consumers, bytes,
           (double)messages / seconds, (double)messages * (double)bytes / seconds / 1e6,
           failed ? " FAILED" : "");
    return failed ? 1 : 0;
}
