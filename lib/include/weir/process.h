/*
 * process.h - child processes: Process of Python's multiprocessing, by three start methods.
 *
 *     fork        the child is a copy of this process and goes on in the function. Refused in a
 *                 process with several threads, one of which may hold a lock that nobody would open
 *                 in the copy.
 *     spawn       the child executes this program anew, and finds the function by its name. It has
 *                 nothing of this process but what it is given.
 *     forkserver  the same, but forked by a process that was spawned once and has done nothing
 *                 since. So it starts as fast as by fork, however large this process is.
 *
 * The same function runs under each: what it needs comes in struct weir_child, and descriptors of
 * queues, arrays and shared memory are among what can be given. For all but fork a program begins
 * with
 *
 *     static const struct weir_process_function functions[] = {{"hash", hash}, {NULL, NULL}};
 *     int main(int argc, char **argv)
 *     {
 *         weir_process_begin(argc, argv, functions);
 *
 * Always true: a child has the descriptors 0, 1, 2 and those that it was given, and no other. Its
 * signals are as a program's at its start. It does not outlive its parent, however that ends; more
 * exactly, it is killed when the thread that started it ends.
 *
 * The forkserver is a child of this process, too, one for each thread that uses it; it ends with
 * that thread, and is started again if somebody kills it. The children that it forks are children
 * of this process. They have its working directory and its 0, 1, 2 as these are now; environment,
 * limits and rights as they were when the server was started.
 *
 * A child by fork has the memory of its parent, and so its handles of queues and the like: it may use
 * them, and must not release or close them, for their descriptors are gone.
 */
#ifndef WEIR_PUBLIC_PROCESS_H
#define WEIR_PUBLIC_PROCESS_H

#include <sys/types.h>

#include <weir/sync.h>

/* What a child's function gets. It is the child's until its end. */
struct weir_child {
    const char *name;
    const void *argument;
    size_t argument_bytes;
    const int *fds; /* those given, in that order; but by fork their numbers are others */
    size_t fd_count;
};

/* What it returns is the child's exit code. */
struct weir_process_function {
    const char *name; /* less than 64 bytes */
    int (*main)(const struct weir_child *child);
};

/* Call it first in main. Registers functions, the last of them without a name; the list must stay,
 * and may be NULL.
 * In a process that was spawned it runs the function and does not return. */
WEIR_PUBLIC void weir_process_begin(int argc, char **argv,
                                    const struct weir_process_function *functions);

/* WEIR_DEFAULT: what was set, or else fork. */
enum weir_start_method { WEIR_DEFAULT, WEIR_FORK, WEIR_SPAWN, WEIR_FORKSERVER };

/* Sets the default of this process and of children that it starts from now on: "fork", "spawn" or
 * "forkserver"; WEIR_EUSAGE: it is none of these. Pipelines start their workers by it, too. */
WEIR_PUBLIC int weir_process_set_start_method(const char *name);
WEIR_PUBLIC const char *weir_process_start_method(void);

/* Zeroed: the default method, the function's name or "child", nothing given. Everything is copied. */
struct weir_process_options {
    enum weir_start_method method;
    const char *name; /* less than 64 bytes */
    const void *argument;
    size_t argument_bytes;
    const int *fds;
    size_t fd_count;
    bool force; /* fork in spite of other threads */
};

struct weir_process;

/* WEIR_EUSAGE: threads, a function that is not registered (but by fork), or a name that is too long;
 * WEIR_EOS: the system refused. options may be NULL. What stdio has in its buffers is written out
 * before a fork. */
WEIR_PUBLIC int weir_process_start(struct weir_process **ret,
                                   int (*main)(const struct weir_child *child),
                                   const struct weir_process_options *options,
                                   struct weir_err *err);

/* Waits for its end. Returns 0, or WEIR_TIMED_OUT. ret_exit_code may be NULL; it is negative if a
 * signal ended the process. May be repeated. */
WEIR_PUBLIC int weir_process_join(struct weir_process *process, int64_t timeout_ms,
                                  int *ret_exit_code);

/* SIGTERM, and SIGKILL; nothing for one that was joined. */
WEIR_PUBLIC void weir_process_terminate(struct weir_process *process);
WEIR_PUBLIC void weir_process_kill(struct weir_process *process);

/* Kills it if it is still alive, and forgets it. */
WEIR_PUBLIC void weir_process_release(struct weir_process *process);

/* Whether it has not ended yet; its number, also when it has; the name that it was given. */
WEIR_PUBLIC bool weir_process_alive(struct weir_process *process);
WEIR_PUBLIC pid_t weir_process_pid(const struct weir_process *process);
WEIR_PUBLIC const char *weir_process_name(const struct weir_process *process);

/* For poll: readable at the process's end. -1 for one that was joined. */
WEIR_PUBLIC int weir_process_fd(const struct weir_process *process);

/* Fills list[] with those of this process's children that live, as many as there is room for;
 * returns how many there are. */
WEIR_PUBLIC size_t weir_process_children(struct weir_process **list, size_t room);

#endif
