/*
 * process.h - starting a process, seeing it end, and what a fresh worker drops.
 */
#ifndef WEIR_PROCESS_H
#define WEIR_PROCESS_H

#include <sys/resource.h>
#include <sys/types.h>

#include <weir/err.h>

struct process {
    pid_t pid; /* 0: none */
    int pidfd; /* readable once the process is gone; -1 */
};

/* How a process ended: exit code, or signal (then exit_code is -1). */
struct process_end {
    int exit_code;
    int signal;
    struct rusage usage;
};

/*
 * Forks. The child runs main(context) and ends with its result, never returning. It dies with this
 * process, has every signal unblocked, and ignores SIGINT, SIGHUP, SIGTERM (which a terminal or a
 * service manager sends to all: they are for the supervisor) and SIGPIPE. WEIR_EOS on failure; a
 * process with several threads is refused, since a child could inherit a lock that nobody opens.
 */
int weir__process_fork(struct process *process, int (*main)(void *context), void *context,
                       struct weir_err *err);

/* The same without that check; without `worker`, no signal is ignored, and what it executes may gain
 * privileges. */
int weir__process_fork_anyhow(struct process *process, bool worker, int (*main)(void *context),
                              void *context, struct weir_err *err);

/*
 * Forks a sibling: it is a child of `parent`, which is this process's own and the only one that can
 * see it end. The kernel writes its number to *ret_pid before it runs, or there is no child, so that
 * the parent knows which if that is in shared memory, whatever becomes of this process. Handlers of
 * pthread_atfork are not called.
 */
int weir__process_fork_sibling(pid_t parent, pid_t *ret_pid, int (*main)(void *context),
                               void *context, struct weir_err *err);

/* Those that a terminal or a service manager sends to all, and SIGPIPE. */
void weir__process_ignore_signals(void);

/* What weir__process_fork does to its child, for one that was started otherwise. */
void weir__process_be_worker(void);

/* Opens the pidfd of a child that was just started otherwise. Kills it if that fails. */
int weir__process_watch(struct process *process, pid_t pid, struct weir_err *err);

/* How many threads this process has. */
size_t weir__process_threads(void);

/* In a child: it is killed when the thread that started it ends, or ends itself if that is so
 * already. */
void weir__process_die_with(pid_t parent);

/* Reaps a process whose pidfd is readable, or waits for it. Clears *process. */
void weir__process_reap(struct process *process, struct process_end *ret);

void weir__process_kill(const struct process *process, int signal);

/* In a worker: what `ps` shows for this process, as far as the room that exec left for its
 * arguments allows. */
void weir__process_title(const char *title);

/* In a worker: closes every descriptor but 0, 1, 2 and those listed (in any order, -1 ignored). */
void weir__process_keep_only(const int *fds, size_t count);

#endif
