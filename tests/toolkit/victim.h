/*
 * victim.h - processes that are killed after any number of their instructions.
 *
 * A victim is traced by the test, which lets it go on one instruction at a time. In this way a test
 * can kill it at each instruction of what it does, and look whether the others still come through.
 */
#ifndef TEST_VICTIM_H
#define TEST_VICTIM_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* base */
#include "base/sanitizer.h"

#include "unit/unit.h"

#define SOON_MS 10000 /* nobody needs so long, unless for ever */

static inline void nap_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static inline void *shared_pages(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(pages, MAP_FAILED);
    return pages;
}

/* act runs in a child of its own; what it returns is the child's exit code. */
static inline pid_t start(int (*act)(void *context), void *context)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(act(context));
    return pid;
}

/* Its exit code, or the negative signal. Who sleeps for ever fails the test. */
static inline int finish(pid_t pid)
{
    int status;
    struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    int ended = poll(&end, 1, SOON_MS);
    close(end.fd);
    if (ended != 1)
        kill(pid, SIGKILL);
    ck_assert_msg(ended == 1, "process %d sleeps for ever", (int)pid);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline void kill_and_reap(pid_t pid)
{
    kill(pid, SIGKILL);
    int status;
    do
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    while (!WIFEXITED(status) && !WIFSIGNALED(status));
}

static inline char process_state(pid_t pid)
{
    char path[64], line[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *stat = fopen(path, "re");
    ck_assert_ptr_nonnull(stat);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), stat));
    fclose(stat);
    return strrchr(line, ')')[2];
}

static inline void await_sleep(pid_t pid)
{
    while (process_state(pid) != 'S')
        nap_us(50);
}

/* How often it has gone to sleep. */
static inline long sleeps_of(pid_t pid)
{
    char path[64], line[256];
    long sleeps = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    ck_assert_ptr_nonnull(status);
    while (fgets(line, sizeof(line), status) != NULL)
        (void)sscanf(line, "voluntary_ctxt_switches: %ld", &sleeps);
    fclose(status);
    return sleeps;
}

/* It sleeps, and does not wake up now and then to look. */
static inline void ck_stays_asleep(pid_t pid)
{
    long before, now = -1;
    int tries = 20; /* it may be on its way to sleep */
    do {
        await_sleep(pid);
        before = sleeps_of(pid);
        nap_us(50000);
        now = sleeps_of(pid);
    } while (now != before && --tries > 0);
    ck_assert_msg(now == before, "process %d wakes up all the time", (int)pid);
}

/* Stopped before its first instruction. */
static inline pid_t start_victim(int (*act)(void *context), void *context)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(99);
        raise(SIGSTOP);
        _exit(act(context));
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSTOPPED(status), "this system does not let a test trace its children");
    return pid;
}

enum stepped { STEPPED, ASLEEP, GONE };

static inline void look_again(int signal_number)
{
    (void)signal_number;
}

/* Waits until the step is done, or the victim sleeps in it. */
static inline enum stepped await_step(pid_t pid)
{
    static const struct itimerval ticks = {{0, 2000}, {0, 2000}}, none;
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = look_again}, NULL); /* ends waitpid */
    setitimer(ITIMER_REAL, &ticks, NULL);
    int status;
    pid_t stepped;
    do
        stepped = waitpid(pid, &status, 0);
    while (stepped < 0 && process_state(pid) != 'S');
    setitimer(ITIMER_REAL, &none, NULL);
    if (stepped < 0)
        return ASLEEP;
    ck_assert_int_eq(stepped, pid);
    if (WIFSTOPPED(status))
        return STEPPED;
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the victim failed by itself");
    return GONE;
}

static inline enum stepped step(pid_t pid, long instructions)
{
    enum stepped stepped = STEPPED;
    for (long i = 0; i < instructions && stepped == STEPPED; i++) {
        ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        stepped = await_step(pid);
    }
    return stepped;
}

static inline void step_until_asleep(pid_t pid)
{
    enum stepped stepped = STEPPED;
    while (stepped == STEPPED)
        stepped = step(pid, 1);
    ck_assert_int_eq(stepped, ASLEEP);
}

/* Instructions from one death to the next: with sanitizers there are many more of them. */
#define DEATH_STRIDE (ADDRESS_SANITIZER ? 211 : 1)

#endif
