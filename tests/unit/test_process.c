#include "proc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/unit.h"

/* What children do stands in functions of their own; they tell what they saw by their exit code or
 * through a pipe. */
static int pipe_fds[2];

static struct process start(int (*main_of_child)(void *), void *context)
{
    struct process process = {.pidfd = -1};
    struct weir_err err = {0};
    ck_assert_msg(weir__process_fork(&process, main_of_child, context, &err) == 0, "%s", err.text);
    ck_assert_int_gt(process.pid, 0);
    ck_assert_int_ge(process.pidfd, 0);
    return process;
}

static struct process_end run(int (*main_of_child)(void *), void *context)
{
    struct process process = start(main_of_child, context);
    struct process_end end;
    weir__process_reap(&process, &end);
    ck_assert_int_eq(process.pid, 0);
    ck_assert_int_eq(process.pidfd, -1);
    return end;
}

static int sleep_for_ever(void *context)
{
    (void)context;
    if (write(pipe_fds[1], "s", 1) != 1)
        return 1;
    for (;;)
        pause();
}

static void await_start(void)
{
    char byte;
    ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
}

/* ---- ends ---- */

static int give_back(void *context)
{
    return *(int *)context;
}

START_TEST(test_a_child_ends_with_the_result_of_its_function)
{
    static int results[] = {0, 1, 70, 255};
    for (size_t i = 0; i < COUNT(results); i++) {
        struct process_end end = run(give_back, &results[i]);
        ck_assert_int_eq(end.exit_code, results[i]);
        ck_assert_int_eq(end.signal, 0);
    }
}
END_TEST

START_TEST(test_a_killed_child_is_told_by_its_signal)
{
    static const int signals[] = {SIGKILL, SIGALRM, SIGUSR1, SIGQUIT};
    for (size_t i = 0; i < COUNT(signals); i++) {
        struct process process = start(sleep_for_ever, NULL);
        struct process_end end;
        await_start();
        weir__process_kill(&process, signals[i]);
        weir__process_reap(&process, &end);
        ck_assert_int_eq(end.signal, signals[i]);
        ck_assert_int_eq(end.exit_code, -1);
    }
}
END_TEST

START_TEST(test_the_descriptor_becomes_readable_when_the_process_is_gone)
{
    struct process process = start(sleep_for_ever, NULL);
    struct pollfd gone = {.fd = process.pidfd, .events = POLLIN};
    struct process_end end;
    await_start();
    ck_assert_int_eq(poll(&gone, 1, 0), 0);
    weir__process_kill(&process, SIGKILL);
    ck_assert_int_eq(poll(&gone, 1, -1), 1);
    ck_assert_int_ne(fcntl(process.pidfd, F_GETFD) & FD_CLOEXEC, 0);
    int pidfd = process.pidfd;
    weir__process_reap(&process, &end);
    ck_assert_int_eq(fcntl(pidfd, F_GETFD), -1);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(test_killing_nobody_does_nothing)
{
    struct process nobody = {.pidfd = -1};
    signal(SIGTERM, SIG_DFL);
    weir__process_kill(&nobody, SIGTERM); /* kill(0, ...) would reach this process too */
    ck_assert_int_eq(nobody.pid, 0);
}
END_TEST

/* ---- what the child has of its parent ---- */

/* Bit 0: a blocked signal; 1: a handler of the parent's; 2: SIGINT, SIGHUP, SIGTERM, SIGPIPE or
 * SIGXFSZ not ignored; 3: it could gain privileges; 4: no signal at its parent's death. */
static int look_at_itself(void *context)
{
    (void)context;
    int found = 0, death_signal = 0;
    sigset_t blocked;
    struct sigaction action;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int s = 1; s < NSIG; s++) {
        bool terminal = s == SIGINT || s == SIGHUP || s == SIGTERM || s == SIGPIPE || s == SIGXFSZ;
        found |= sigismember(&blocked, s) == 1 ? 1 : 0;
        if (sigaction(s, NULL, &action) < 0)
            continue;
        found |= !terminal && action.sa_handler != SIG_DFL ? 2 : 0;
        found |= terminal && action.sa_handler != SIG_IGN ? 4 : 0;
    }
    found |= prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 8;
    prctl(PR_GET_PDEATHSIG, &death_signal);
    return found | (death_signal == SIGKILL ? 0 : 16);
}

static void ignore_it(int signal_number)
{
    (void)signal_number;
}

START_TEST(test_a_child_starts_with_plain_signals)
{
    sigset_t all;
    sigfillset(&all);
    signal(SIGUSR1, ignore_it);
    signal(SIGINT, ignore_it);
    signal(SIGALRM, SIG_IGN);
    signal(SIGCHLD, ignore_it);
    sigprocmask(SIG_SETMASK, &all, NULL);
    ck_assert_int_eq(run(look_at_itself, NULL).exit_code, 0);
    struct sigaction kept; /* and the parent's stay as they are */
    sigaction(SIGUSR1, NULL, &kept);
    ck_assert(kept.sa_handler == ignore_it);
}
END_TEST

/* Between us and the worker: its death must be the worker's. */
static int start_and_sleep(void *context)
{
    struct process worker;
    struct weir_err err;
    (void)context;
    if (weir__process_fork(&worker, sleep_for_ever, NULL, &err) < 0)
        return 1;
    close(pipe_fds[1]);
    for (;;)
        pause();
}

START_TEST(test_a_worker_dies_with_the_process_that_started_it)
{
    struct process between = start(start_and_sleep, NULL);
    struct process_end end;
    char byte;
    close(pipe_fds[1]);
    await_start();
    weir__process_kill(&between, SIGKILL);
    weir__process_reap(&between, &end);
    /* The end of the pipe: nobody who could write lives any more. */
    ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 0);
}
END_TEST

static void *stay(void *context)
{
    char byte;
    (void)!read(pipe_fds[0], &byte, 1);
    return context;
}

START_TEST(test_a_process_with_several_threads_is_refused)
{
    pthread_t thread;
    struct process process = {.pidfd = -1};
    struct weir_err err = {0};
    int result = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, stay, NULL), 0);
    ck_assert_int_eq(weir__process_fork(&process, give_back, &result, &err), WEIR_EOS);
    ck_assert_int_eq(err.code, WEIR_EOS);
    ck_assert_ptr_nonnull(strstr(err.text, "threads"));
    pid_t pid;
    ck_assert_int_eq(weir__process_fork_sibling(getppid(), &pid, give_back, &result, &err),
                     WEIR_EOS);
    ck_assert_ptr_nonnull(strstr(err.text, "threads"));
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
    pthread_join(thread, NULL);
}
END_TEST

/* ---- siblings ---- */

struct family {
    pthread_mutex_t mutex; /* robust */
    pid_t sibling;
    pid_t parent;
};

/* A robust mutex is held by the number that the C library takes for this thread's. */
static int die_with_mutex(void *context)
{
    struct family *family = context;
    bool well = getppid() == family->parent && pthread_mutex_lock(&family->mutex) == 0 &&
                pthread_mutex_lock(&family->mutex) == EDEADLK;
    return well ? 7 : 1;
}

static int fork_sibling(void *context)
{
    struct family *family = context;
    struct weir_err err;
    return weir__process_fork_sibling(family->parent, &family->sibling, die_with_mutex, family,
                                      &err) == 0
               ? 0
               : 1;
}

START_TEST(test_a_sibling_is_its_parents_child)
{
    pthread_mutexattr_t how;
    struct family *family =
        mmap(NULL, sizeof(*family), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(family, MAP_FAILED);
    pthread_mutexattr_init(&how);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_settype(&how, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&family->mutex, &how);
    family->parent = getpid();
    ck_assert_int_eq(run(fork_sibling, family).exit_code, 0);
    ck_assert_int_gt(family->sibling, 0);

    struct process sibling;
    struct process_end end;
    ck_assert_int_eq(weir__process_watch(&sibling, family->sibling, NULL), 0);
    weir__process_reap(&sibling, &end);
    ck_assert_int_eq(end.exit_code, 7);
    ck_assert_int_eq(pthread_mutex_lock(&family->mutex), EOWNERDEAD);
}
END_TEST

/* ---- what it drops, and how it is called ---- */

enum { MANY = 24 };

struct listed {
    int fd[MANY];
    size_t count;
};

/* 0 if of the descriptors 0 to 255 exactly 0, 1, 2 and the listed ones are open, as before. */
static int keep_and_look(void *context)
{
    const struct listed *listed = context;
    bool expected[256];
    for (int fd = 0; fd < 256; fd++)
        expected[fd] = fd <= 2 && fcntl(fd, F_GETFD) != -1;
    for (size_t i = 0; i < listed->count; i++)
        if (listed->fd[i] >= 0)
            expected[listed->fd[i]] = true;
    weir__process_keep_only(listed->fd, listed->count);
    for (int fd = 0; fd < 256; fd++)
        if ((fcntl(fd, F_GETFD) != -1) != expected[fd])
            return 3;
    return 0;
}

static int open_at(int fd)
{
    ck_assert_int_eq(dup2(pipe_fds[0], fd), fd);
    return fd;
}

START_TEST(test_only_what_is_listed_stays_open)
{
    for (int fd = 40; fd < 60; fd++)
        open_at(fd);
    static struct listed lists[] = {
        {{0}, 0},          {{-1}, 1},
        {{50}, 1},         {{59, 40}, 2},
        {{44, -1, 43}, 3}, {{55, 55, 41, 2}, 4},
        {{1, 0, 42}, 3},   {{40, 41, 42, -1, 59}, 5},
    };
    for (size_t i = 0; i < COUNT(lists); i++)
        ck_assert_msg(run(keep_and_look, &lists[i]).exit_code == 0, "list %zu", i);
}
END_TEST

START_TEST(test_a_long_list_stays_open_too)
{
    struct listed listed = {.count = MANY};
    for (int i = 0; i < MANY; i++)
        listed.fd[i] = open_at(100 + (i * 7 % MANY) * 3);
    ck_assert_int_eq(run(keep_and_look, &listed).exit_code, 0);
}
END_TEST

struct names {
    char command[4096];
    ssize_t bytes;
    char name[64];
};

static int take_title(void *title)
{
    struct names names = {0};
    weir__process_title("an earlier title, which is gone");
    weir__process_title(title);
    int fd = open("/proc/self/cmdline", O_RDONLY);
    names.bytes = read(fd, names.command, sizeof(names.command));
    prctl(PR_GET_NAME, names.name);
    return write(pipe_fds[1], &names, sizeof(names)) == sizeof(names) ? 0 : 1;
}

static struct names read_names(const char *title)
{
    struct names names;
    ck_assert_int_eq(fcntl(pipe_fds[1], F_SETPIPE_SZ, 1 << 16), 1 << 16);
    ck_assert_int_eq(run(take_title, (void *)(uintptr_t)title).exit_code, 0);
    ck_assert_int_eq(read(pipe_fds[0], &names, sizeof(names)), sizeof(names));
    return names;
}

START_TEST(test_the_title_is_what_others_see)
{
    struct names names = read_names("weir x");
    ck_assert_str_eq(names.command, "weir x");
    for (ssize_t i = 7; i < names.bytes; i++)
        ck_assert_int_eq(names.command[i], '\0');
    ck_assert_str_eq(names.name, "weir x");
}
END_TEST

START_TEST(test_a_title_that_is_too_long_is_cut)
{
    char title[3000];
    memset(title, 'w', sizeof(title) - 1);
    title[sizeof(title) - 1] = '\0';
    struct names names = read_names(title);
    ck_assert_int_gt(names.bytes, 1);
    ck_assert_uint_eq(strlen(names.command), (size_t)names.bytes - 1);
    ck_assert_int_eq(strncmp(names.command, title, strlen(names.command)), 0);
    ck_assert_uint_eq(strlen(names.name), 15);
}
END_TEST

static void make_pipe(void)
{
    ck_assert_int_eq(pipe(pipe_fds), 0);
}

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 30);
    tcase_add_checked_fixture(all, make_pipe, NULL);
    tcase_add_test(all, test_a_child_ends_with_the_result_of_its_function);
    tcase_add_test(all, test_a_killed_child_is_told_by_its_signal);
    tcase_add_test(all, test_the_descriptor_becomes_readable_when_the_process_is_gone);
    tcase_add_test(all, test_killing_nobody_does_nothing);
    tcase_add_test(all, test_a_child_starts_with_plain_signals);
    tcase_add_test(all, test_a_worker_dies_with_the_process_that_started_it);
    tcase_add_test(all, test_a_process_with_several_threads_is_refused);
    tcase_add_test(all, test_a_sibling_is_its_parents_child);
    tcase_add_test(all, test_only_what_is_listed_stays_open);
    tcase_add_test(all, test_a_long_list_stays_open_too);
    tcase_add_test(all, test_the_title_is_what_others_see);
    tcase_add_test(all, test_a_title_that_is_too_long_is_cut);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
