#include "proc/process.h"

#include <errno.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what it is called ---- */

/* Fields 48 and 49 of /proc/self/stat tell where the arguments of this program stand in its memory.
 */
static bool argument_room(char **ret_start, size_t *ret_bytes)
{
    char line[2048];
    FILE *stat = fopen("/proc/self/stat", "re");
    if (stat == NULL)
        return false;
    size_t n = fread(line, 1, sizeof(line) - 1, stat);
    fclose(stat);
    line[n] = '\0';
    char *at = strrchr(line, ')');
    for (int field = 2; at != NULL && field < 48; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return false;
    unsigned long start = strtoul(at, &at, 10), end = strtoul(at, NULL, 10);
    if (start == 0 || end <= start)
        return false;
    *ret_start = (char *)start; /* NOLINT: an address that the kernel told us */
    *ret_bytes = end - start;
    return true;
}

/* The same in all that are forked; asked once, since each child would need its own look. */
static struct {
    bool known;
    char *start; /* NULL: nobody told */
    size_t bytes;
} arguments;

static void know_arguments(void)
{
    if (!arguments.known && !argument_room(&arguments.start, &arguments.bytes))
        arguments.start = NULL;
    arguments.known = true;
}

/* ---- starting ---- */

size_t weir__process_threads(void)
{
    struct stat tasks; /* a folder has two links, and one for each folder in it */
    return stat("/proc/self/task", &tasks) < 0 ? 1 : (size_t)tasks.st_nlink - 2;
}

static void plain_signals(void)
{
    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        signal(signal_number, SIG_DFL);
}

void weir__process_ignore_signals(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* writing fails with EFBIG instead */
}

void weir__process_be_worker(void)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    weir__process_ignore_signals();
}

static void unblock_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void weir__process_die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(70);
}

static _Noreturn void child(pid_t parent, bool worker, int (*main)(void *), void *context)
{
    weir__process_die_with(parent);
    plain_signals();
    if (worker)
        weir__process_be_worker();
    unblock_signals();
    _exit(main(context));
}

int weir__process_fork(struct process *process, int (*main)(void *context), void *context,
                       struct weir_err *err)
{
    if (weir__process_threads() > 1)
        return weir_err_set(err, WEIR_EOS, "cannot fork workers: this process has several threads");
    return weir__process_fork_anyhow(process, true, main, context, err);
}

int weir__process_fork_anyhow(struct process *process, bool worker, int (*main)(void *context),
                              void *context, struct weir_err *err)
{
    know_arguments();
    /* Keeps a descriptor free for the pidfd: a child that has begun is not to be killed for the
     * want of one. */
    int place = eventfd(0, EFD_CLOEXEC);
    if (place < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot start a process");
    /* Blocked until the child has dispositions of its own: no handler of this process runs in it. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        child(parent, worker, main, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        int code = weir_err_errno(err, WEIR_EOS, "cannot start a process");
        close(place);
        return code;
    }
    close(place);
    return weir__process_watch(process, pid, err);
}

/* clone(2) knows nothing of what the C library keeps of a thread and fork(3) puts right: its number,
 * which robust locks are held by, and the list of those locks. */
struct thread_words {
    int *number;
    void *robust_list;
    size_t robust_list_bytes;
};

static bool find_thread_words(struct thread_words *words)
{
    return prctl(PR_GET_TID_ADDRESS, &words->number, 0, 0, 0) == 0 && words->number != NULL &&
           *words->number == getpid() &&
           syscall(SYS_get_robust_list, 0, &words->robust_list, &words->robust_list_bytes) == 0;
}

static void set_thread_words(const struct thread_words *words)
{
    *words->number = (int)syscall(SYS_set_tid_address, words->number);
    syscall(SYS_set_robust_list, words->robust_list, words->robust_list_bytes);
}

int weir__process_fork_sibling(pid_t parent, pid_t *ret_pid, int (*main)(void *context),
                               void *context, struct weir_err *err)
{
    struct thread_words words;
    if (weir__process_threads() > 1)
        return weir_err_set(err, WEIR_EOS, "this program has threads before its main begins");
    if (!find_thread_words(&words))
        return weir_err_set(err, WEIR_EOS, "this system does not let a process fork for another");
    know_arguments();
    *ret_pid = 0; /* so that the kernel has a page to write into */
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    long pid =
        syscall(SYS_clone, CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD, NULL, ret_pid, NULL, NULL);
    if (pid == 0) {
        set_thread_words(&words);
        child(parent, false, main, context);
    }
    int code = pid < 0 ? weir_err_errno(err, WEIR_EOS, "cannot start a process") : 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return code;
}

int weir__process_watch(struct process *process, pid_t pid, struct weir_err *err)
{
    process->pid = pid;
    process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process->pidfd < 0) {
        int code = weir_err_errno(err, WEIR_EOS, "cannot watch a process%s",
                                  errno == ENOSYS ? " (Weir needs Linux 5.10 or later)" : "");
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        process->pid = 0;
        return code;
    }
    return 0;
}

void weir__process_reap(struct process *process, struct process_end *ret)
{
    int status = 0;
    pid_t pid;
    *ret = (struct process_end){.exit_code = -1};
    do {
        pid = wait4(process->pid, &status, 0, &ret->usage);
    } while (pid < 0 && errno == EINTR);
    if (pid > 0 && WIFEXITED(status))
        ret->exit_code = WEXITSTATUS(status);
    if (pid > 0 && WIFSIGNALED(status))
        ret->signal = WTERMSIG(status);
    close(process->pidfd);
    *process = (struct process){.pidfd = -1};
}

void weir__process_kill(const struct process *process, int signal_number)
{
    if (process->pid > 0)
        kill(process->pid, signal_number);
}

/* ---- inside a worker ---- */

void weir__process_title(const char *title)
{
    prctl(PR_SET_NAME, title);
    know_arguments();
    if (arguments.start == NULL)
        return;
    memset(arguments.start, 0, arguments.bytes);
    size_t n = strlen(title);
    memcpy(arguments.start, title, n < arguments.bytes ? n : arguments.bytes - 1);
}

void weir__process_keep_only(const int *fds, size_t count)
{
    unsigned from = 3;
    for (;;) {
        unsigned next = ~0u; /* the lowest to keep, from here on */
        for (size_t i = 0; i < count; i++)
            if (fds[i] >= 0 && (unsigned)fds[i] >= from && (unsigned)fds[i] < next)
                next = (unsigned)fds[i];
        if (next > from)
            close_range(from, next == ~0u ? next : next - 1, 0);
        if (next == ~0u)
            return;
        from = next + 1;
    }
}
