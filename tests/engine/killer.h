/* killer.h - workers of this process's run, killed at random while it goes. */
#ifndef WEIR_TESTS_KILLER_H
#define WEIR_TESTS_KILLER_H

#include "engine/toys.h"

struct killer {
    unsigned seed;
    uint32_t kills;
};

/* Forked children of this process that are still there. */
static size_t my_workers(pid_t *to, size_t room)
{
    char path[64];
    size_t n = 0;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    int pid;
    if (children == NULL)
        return 0;
    while (n < room && fscanf(children, "%d", &pid) == 1)
        to[n++] = pid;
    fclose(children);
    return n;
}

static void kill_somebody(const struct weir_receipt *so_far, void *context)
{
    struct killer *killer = context;
    pid_t worker[64];
    size_t n = my_workers(worker, 64);
    (void)so_far;
    if (n > 0 && rand_r(&killer->seed) % 2 == 0 &&
        kill(worker[(size_t)rand_r(&killer->seed) % n], SIGKILL) == 0)
        killer->kills++;
}

#endif
