#include <weir/process.h>
#include <weir/queue.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>

#include "toolkit/victim.h"

static struct weir_err err;
static int *handled; /* how many signals, by handlers of the parent's */
static const enum weir_start_method methods[] = {WEIR_FORK, WEIR_SPAWN, WEIR_FORKSERVER};

static struct weir_process *begin(int (*main)(const struct weir_child *),
                                  const struct weir_process_options *options)
{
    struct weir_process *process = NULL;
    ck_assert_msg(weir_process_start(&process, main, options, &err) == 0, "%s", err.text);
    return process;
}

static int end(struct weir_process *process)
{
    int code = 999;
    ck_assert_int_eq(weir_process_join(process, SOON_MS, &code), 0);
    weir_process_release(process);
    return code;
}

/* ---- what children do ---- */

static int give_back(const struct weir_child *child)
{
    return *(const int *)child->argument;
}

static int sleep_on(const struct weir_child *child)
{
    (void)child;
    while (pause() < 0)
        ;
    return 0;
}

static int die_by_signal(const struct weir_child *child)
{
    raise(*(const int *)child->argument);
    return 0;
}

/* 0 if it has 0, 1, 2 and the descriptors it was given, and no other. */
static int count_descriptors(const struct weir_child *child)
{
    int more = 0;
    for (int fd = 3; fd < 256; fd++)
        more += fcntl(fd, F_GETFD) != -1;
    for (size_t i = 0; i < child->fd_count; i++)
        if (fcntl(child->fds[i], F_GETFD) == -1)
            return 50;
    return more - (int)child->fd_count;
}

/* 0 if signals are as at a program's start. */
static int look_at_signals(const struct weir_child *child)
{
    sigset_t blocked;
    struct sigaction action;
    (void)child;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int s = 1; s < NSIG; s++) {
        if (sigismember(&blocked, s) == 1)
            return 1;
        bool sanitizer = ADDRESS_SANITIZER && (s == SIGSEGV || s == SIGBUS || s == SIGFPE);
        if (!sanitizer && sigaction(s, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
            return 2;
    }
    return 0;
}

static int say_name(const struct weir_child *child)
{
    char name[16];
    prctl(PR_GET_NAME, name);
    return strcmp(child->name, "a-name") == 0 && strcmp(name, "a-name") == 0 ? 0 : 1;
}

static int answer(const struct weir_child *child)
{
    struct weir_queue *requests, *answers;
    char text[64];
    size_t bytes;
    if (weir_queue_attach_fd(&requests, child->fds[0], NULL) < 0 ||
        weir_queue_attach_fd(&answers, child->fds[1], NULL) < 0)
        return 1;
    while (weir_queue_get(requests, text, sizeof(text), &bytes, WEIR_FOREVER) == 0) {
        text[0]++;
        weir_queue_put(answers, text, bytes, WEIR_FOREVER);
    }
    weir_queue_release(requests);
    weir_queue_release(answers);
    return 0;
}

/* Starts a child of its own, which has the pipe's end too, and sleeps. */
static int parent_of_one(const struct weir_child *child)
{
    struct weir_process *grandchild;
    struct weir_process_options options = {.method =
                                               *(const enum weir_start_method *)child->argument,
                                           .fds = child->fds,
                                           .fd_count = 1};
    if (weir_process_start(&grandchild, sleep_on, &options, NULL) < 0)
        return 1;
    if (write(child->fds[0], "s", 1) != 1)
        return 2;
    return sleep_on(child);
}

static int not_registered(const struct weir_child *child)
{
    (void)child;
    return 0;
}

static int say_something(const struct weir_child *child)
{
    dup2(child->fds[0], 1);
    printf("said by %s", child->name);
    return 0;
}

static const struct weir_process_function functions[] = {
    {"give_back", give_back},
    {"sleep_on", sleep_on},
    {"die_by_signal", die_by_signal},
    {"count_descriptors", count_descriptors},
    {"look_at_signals", look_at_signals},
    {"say_name", say_name},
    {"answer", answer},
    {"parent_of_one", parent_of_one},
    {"say_something", say_something},
    {NULL, NULL},
};

/* ---- tests: each loops over the start methods ---- */

static struct weir_process_options by(int method)
{
    return (struct weir_process_options){.method = methods[method]};
}

START_TEST(test_a_child_ends_with_what_its_function_returns)
{
    static const int codes[] = {0, 1, 70, 255};
    struct weir_process_options options = by(_i);
    for (size_t i = 0; i < COUNT(codes); i++) {
        options.argument = &codes[i];
        options.argument_bytes = sizeof(codes[i]);
        ck_assert_int_eq(end(begin(give_back, &options)), codes[i]);
    }
}
END_TEST

START_TEST(test_a_signal_is_a_negative_exit_code)
{
    static const int signals[] = {SIGKILL, SIGTERM, SIGUSR1, SIGINT};
    struct weir_process_options options = by(_i);
    for (size_t i = 0; i < COUNT(signals); i++) {
        options.argument = &signals[i];
        options.argument_bytes = sizeof(signals[i]);
        ck_assert_int_eq(end(begin(die_by_signal, &options)), -signals[i]);
    }
}
END_TEST

START_TEST(test_a_child_is_joined_terminated_and_killed)
{
    struct weir_process_options options = by(_i);
    for (int kill_it = 0; kill_it < 2; kill_it++) {
        int code = 999;
        struct weir_process *process = begin(sleep_on, &options);
        struct pollfd gone = {.fd = weir_process_fd(process), .events = POLLIN};
        ck_assert_int_eq(weir_process_join(process, 0, &code), WEIR_TIMED_OUT);
        ck_assert_int_eq(weir_process_join(process, 10, &code), WEIR_TIMED_OUT);
        ck_assert(weir_process_alive(process));
        ck_assert_int_eq(code, 999);
        ck_assert_int_eq(kill(weir_process_pid(process), 0), 0);
        (kill_it ? weir_process_kill : weir_process_terminate)(process);
        ck_assert_int_eq(poll(&gone, 1, SOON_MS), 1);
        ck_assert_int_eq(weir_process_join(process, WEIR_FOREVER, NULL), 0);
        ck_assert(!weir_process_alive(process));
        ck_assert_int_eq(weir_process_fd(process), -1);
        weir_process_terminate(process);
        ck_assert_int_eq(end(process), kill_it ? -SIGKILL : -SIGTERM);
    }
}
END_TEST

START_TEST(test_release_kills)
{
    struct weir_process_options options = by(_i);
    struct weir_process *process = begin(sleep_on, &options);
    pid_t pid = weir_process_pid(process);
    weir_process_release(process);
    ck_assert_int_eq(kill(pid, 0), -1);
    weir_process_release(NULL);
}
END_TEST

START_TEST(test_children_that_live_are_listed)
{
    struct weir_process_options options = by(_i);
    struct weir_process *list[3];
    ck_assert_uint_eq(weir_process_children(list, 3), 0);
    struct weir_process *first = begin(sleep_on, &options), *second = begin(sleep_on, &options);
    ck_assert_uint_eq(weir_process_children(list, 3), 2);
    ck_assert((list[0] == first && list[1] == second) || (list[0] == second && list[1] == first));
    weir_process_kill(first);
    struct pollfd gone = {.fd = weir_process_fd(first), .events = POLLIN};
    ck_assert_int_eq(poll(&gone, 1, SOON_MS), 1);
    ck_assert_uint_eq(weir_process_children(list, 0), 1);
    ck_assert_uint_eq(weir_process_children(list, 3), 1);
    ck_assert_ptr_eq(list[0], second);
    weir_process_release(first);
    weir_process_release(second);
    ck_assert_uint_eq(weir_process_children(list, 3), 0);
}
END_TEST

START_TEST(test_a_child_has_no_descriptor_that_it_was_not_given)
{
    int given[] = {dup(2), dup(2), dup(2)}, high = fcntl(2, F_DUPFD, 60);
    struct weir_process_options options = by(_i);
    ck_assert_int_ge(high, 60);
    ck_assert_int_eq(end(begin(count_descriptors, &options)), 0);
    options.fds = (int[]){given[2], high, given[0]};
    options.fd_count = 3;
    ck_assert_int_eq(end(begin(count_descriptors, &options)), 0);
}
END_TEST

static void ignore_it(int signal_number)
{
    (void)signal_number;
}

START_TEST(test_a_child_has_plain_signals)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGALRM); /* Check's own */
    struct weir_process_options options = by(_i);
    signal(SIGUSR1, ignore_it);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    sigprocmask(SIG_SETMASK, &all, NULL);
    ck_assert_int_eq(end(begin(look_at_signals, &options)), 0);
}
END_TEST

static void tell(int signal_number)
{
    (void)signal_number;
    __atomic_fetch_add(handled, 1, __ATOMIC_RELAXED);
}

START_TEST(test_no_handler_of_the_parent_runs_in_a_child)
{
    struct weir_process_options options = by(_i);
    handled = shared_pages(4096);
    signal(SIGTERM, tell);
    for (int i = 0; i < 100; i++) {
        struct weir_process *process = begin(sleep_on, &options);
        weir_process_terminate(process);
        ck_assert_int_eq(end(process), -SIGTERM);
    }
    ck_assert_int_eq(*handled, 0);
}
END_TEST

START_TEST(test_a_child_has_a_name)
{
    char name[65];
    struct weir_process_options options = by(_i);
    struct weir_process *process = begin(sleep_on, &options);
    ck_assert_str_eq(weir_process_name(process), "sleep_on");
    weir_process_release(process);
    options.name = "a-name";
    ck_assert_int_eq(end(begin(say_name, &options)), 0);
    memset(name, 'n', 64);
    name[64] = '\0';
    options.name = name;
    ck_assert_int_eq(weir_process_start(&process, say_name, &options, &err), WEIR_EUSAGE);
}
END_TEST

START_TEST(test_a_queue_is_given_to_a_child)
{
    struct weir_queue *requests, *answers;
    char text[8];
    size_t bytes;
    ck_assert_int_eq(weir_queue_create(&requests, 4, 64, &err), 0);
    ck_assert_int_eq(weir_queue_create(&answers, 4, 64, &err), 0);
    int fds[] = {weir_queue_fd(requests), weir_queue_fd(answers)};
    struct weir_process_options options = by(_i);
    options.fds = fds;
    options.fd_count = 2;
    struct weir_process *process = begin(answer, &options);
    for (char c = 'a'; c < 'f'; c++) {
        weir_queue_put(requests, &c, 1, WEIR_FOREVER);
        ck_assert_int_eq(weir_queue_get(answers, text, 8, &bytes, SOON_MS), 0);
        ck_assert_int_eq(text[0], c + 1);
    }
    weir_queue_close(requests);
    ck_assert_int_eq(end(process), 0);
    weir_queue_release(requests);
    weir_queue_release(answers);
}
END_TEST

START_TEST(test_a_child_does_not_outlive_its_parent)
{
    int ends[2];
    char byte;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    struct weir_process_options options = by(_i);
    options.argument = &methods[_i];
    options.argument_bytes = sizeof(methods[_i]);
    options.fds = &ends[1];
    options.fd_count = 1;
    struct weir_process *process = begin(parent_of_one, &options);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    weir_process_release(process);
    /* The pipe's end: nobody who could write lives any more. */
    struct pollfd end_of_all = {.fd = ends[0], .events = POLLIN};
    ck_assert_int_eq(poll(&end_of_all, 1, SOON_MS), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0);
}
END_TEST

START_TEST(test_what_a_child_prints_is_printed_once)
{
    int ends[2];
    char text[64] = "";
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    struct weir_process_options options = by(_i);
    options.fds = &ends[1];
    options.fd_count = 1;
    options.name = "it";
    ck_assert_int_eq(end(begin(say_something, &options)), 0);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], text, sizeof(text)), 10);
    ck_assert_str_eq(text, "said by it");
}
END_TEST

START_TEST(test_a_descriptor_that_is_not_open_is_an_error)
{
    struct weir_process *process;
    struct weir_process_options options = by(_i);
    options.fds = (int[]){200};
    options.fd_count = 1;
    ck_assert_int_eq(weir_process_start(&process, sleep_on, &options, &err), WEIR_EUSAGE);
    ck_assert_uint_eq(weir_process_children(NULL, 0), 0);
}
END_TEST

START_TEST(test_a_function_without_a_name_can_be_forked_only)
{
    struct weir_process *process;
    struct weir_process_options options = by(_i);
    ck_assert_int_eq(weir_process_start(&process, not_registered, &options, &err), WEIR_EUSAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "registered"));
    ck_assert_int_eq(end(begin(not_registered, NULL)), 0);
}
END_TEST

static void *stay(void *ends)
{
    char byte;
    (void)!read(*(int *)ends, &byte, 1);
    return NULL;
}

START_TEST(test_a_process_with_threads_is_spawned_not_forked)
{
    int ends[2], code = 7;
    pthread_t thread;
    struct weir_process *process;
    struct weir_process_options options = {.argument = &code, .argument_bytes = sizeof(code)};
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, stay, ends), 0);
    ck_assert_int_eq(weir_process_start(&process, give_back, &options, &err), WEIR_EUSAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "threads"));
    options.force = true;
    ck_assert_int_eq(end(begin(give_back, &options)), 7);
    for (size_t i = 1; i < COUNT(methods); i++) {
        options.method = methods[i];
        options.force = false;
        ck_assert_int_eq(end(begin(give_back, &options)), 7);
    }
    close(ends[1]);
    pthread_join(thread, NULL);
}
END_TEST

int main(int argc, char **argv)
{
    weir_process_begin(argc, argv, functions);
    Suite *suite = suite_create("process");
    TCase *all = tcase_create("all");
    const int count = COUNT(methods);
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_a_child_ends_with_what_its_function_returns, 0, count);
    tcase_add_loop_test(all, test_a_signal_is_a_negative_exit_code, 0, count);
    tcase_add_loop_test(all, test_a_child_is_joined_terminated_and_killed, 0, count);
    tcase_add_loop_test(all, test_release_kills, 0, count);
    tcase_add_loop_test(all, test_children_that_live_are_listed, 0, count);
    tcase_add_loop_test(all, test_a_child_has_no_descriptor_that_it_was_not_given, 0, count);
    tcase_add_loop_test(all, test_a_child_has_plain_signals, 0, count);
    tcase_add_loop_test(all, test_no_handler_of_the_parent_runs_in_a_child, 0, count);
    tcase_add_loop_test(all, test_a_child_has_a_name, 0, count);
    tcase_add_loop_test(all, test_a_queue_is_given_to_a_child, 0, count);
    tcase_add_loop_test(all, test_a_child_does_not_outlive_its_parent, 0, count);
    tcase_add_loop_test(all, test_what_a_child_prints_is_printed_once, 0, count);
    tcase_add_loop_test(all, test_a_descriptor_that_is_not_open_is_an_error, 1, count);
    tcase_add_loop_test(all, test_a_function_without_a_name_can_be_forked_only, 1, count);
    tcase_add_test(all, test_a_process_with_threads_is_spawned_not_forked);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
