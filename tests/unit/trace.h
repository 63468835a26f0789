/*
 * trace.h - a child that is run instruction by instruction.
 */
#ifndef TEST_TRACE_H
#define TEST_TRACE_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/unit.h"

/* A child that will call work(context), stopped before it begins; trace_end must follow. 0, with a
 * line that says so: this system does not let a process trace its child. */
static inline pid_t trace_begin(void (*work)(void *context), void *context)
{
    int status;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(3);
        raise(SIGSTOP);
        work(context);
        raise(SIGSTOP);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (WIFSTOPPED(status))
        return pid;
    printf("skipped: this system does not let a process trace its child\n");
    return 0;
}

/* One instruction. False if the work is done. */
static inline bool trace_step(pid_t pid)
{
    int status;
    ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSTOPPED(status));
    return WSTOPSIG(status) == SIGTRAP;
}

/* The rest at once. */
static inline void trace_end(pid_t pid)
{
    int status;
    do {
        ck_assert_int_eq(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    } while (WIFSTOPPED(status));
    ck_assert_int_eq(status, 0);
}

#endif
