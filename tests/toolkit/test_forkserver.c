/* What the forkserver has of its own; test_children.c has what is so by each start method. */
#include <weir/process.h>
#include <weir/shared.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "toolkit/victim.h"

static struct weir_err err;
static const struct weir_process_options by_server = {.method = WEIR_FORKSERVER};

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

static int sleep_on(const struct weir_child *child)
{
    (void)child;
    while (pause() < 0)
        ;
    return 0;
}

/* Adds one to the number that it was given the memory of. */
static int count_one(const struct weir_child *child)
{
    struct weir_shared memory;
    if (weir_shared_attach_fd(&memory, child->fds[0], NULL) < 0)
        return 1;
    weir_atomic_add((int *)memory.base, 1);
    return 5;
}

static int count_given(const struct weir_child *child)
{
    int open_ones = 0;
    for (size_t i = 0; i < child->fd_count; i++)
        open_ones += fcntl(child->fds[i], F_GETFD) != -1;
    return open_ones == 600 && child->fd_count == 600 ? 0 : 1;
}

/* Which of 0, 1 and 2 are open, as bits. */
static int look_at_standard(const struct weir_child *child)
{
    int open_ones = 0;
    (void)child;
    for (int fd = 0; fd < 3; fd++)
        open_ones |= (fcntl(fd, F_GETFD) != -1) << fd;
    return open_ones;
}

static int print(const struct weir_child *child)
{
    printf("%s", (const char *)child->argument);
    return 0;
}

static int look_at_folder(const struct weir_child *child)
{
    char here[PATH_MAX];
    return getcwd(here, sizeof(here)) != NULL && strcmp(here, child->argument) == 0 ? 0 : 1;
}

static int look_at_method(const struct weir_child *child)
{
    return strcmp(weir_process_start_method(), child->argument);
}

/* The holder of a lock is known by its number: a child's must be its own. */
static int die_with_lock(const struct weir_child *child)
{
    struct weir_shared memory;
    if (weir_shared_attach_fd(&memory, child->fds[0], NULL) < 0 ||
        weir_lock_acquire(memory.base, WEIR_FOREVER) != 0 ||
        weir_lock_acquire(memory.base, WEIR_FOREVER) != WEIR_EUSAGE)
        return 1;
    raise(SIGKILL);
    return 2;
}

/* Its child is its own, and not that of the process whose server it has a copy of. */
static int start_own(const struct weir_child *child)
{
    int code = -1;
    struct weir_process *own;
    struct weir_process_options options = {.method = WEIR_FORKSERVER,
                                           .argument = child->argument,
                                           .argument_bytes = child->argument_bytes};
    if (weir_process_start(&own, look_at_method, &options, NULL) == 0)
        weir_process_join(own, SOON_MS, &code);
    return code;
}

static int say_ready(const struct weir_child *child)
{
    return write(child->fds[0], "r", 1) == 1 ? sleep_on(child) : 1;
}

/* Says who its server is, and sleeps. */
static int have_server(const struct weir_child *child);

static const struct weir_process_function functions[] = {
    {"sleep_on", sleep_on},
    {"count_one", count_one},
    {"count_given", count_given},
    {"look_at_standard", look_at_standard},
    {"print", print},
    {"look_at_folder", look_at_folder},
    {"look_at_method", look_at_method},
    {"die_with_lock", die_with_lock},
    {"start_own", start_own},
    {"say_ready", say_ready},
    {"have_server", have_server},
    {NULL, NULL},
};

/* ---- servers ---- */

/* The server of that process's only thread; 0: there is none. */
static pid_t server_of(pid_t pid)
{
    char path[64], name[32];
    int children[8], count = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *list = fopen(path, "re");
    while (list != NULL && count < 8 && fscanf(list, "%d", &children[count]) == 1)
        count++;
    if (list != NULL)
        fclose(list);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "/proc/%d/comm", children[i]);
        FILE *comm = fopen(path, "re");
        bool is_server = comm != NULL && fgets(name, sizeof(name), comm) != NULL &&
                         strcmp(name, "weir-forkserver\n") == 0;
        if (comm != NULL)
            fclose(comm);
        if (is_server)
            return children[i];
    }
    return 0;
}

static int have_server(const struct weir_child *child)
{
    struct weir_process *process;
    if (weir_process_start(&process, sleep_on, &by_server, NULL) < 0)
        return 1;
    pid_t server = server_of(getpid());
    if (write(child->fds[0], &server, sizeof(server)) != sizeof(server))
        return 2;
    return sleep_on(child);
}

static void kill_server(void)
{
    pid_t pid = server_of(getpid());
    struct pollfd gone = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    ck_assert_int_gt(pid, 0);
    kill(pid, SIGKILL);
    ck_assert_int_eq(poll(&gone, 1, SOON_MS), 1);
    close(gone.fd);
}

/* ---- tests ---- */

START_TEST(test_children_outlive_the_server_and_the_next_has_a_new_one)
{
    struct weir_process *process = begin(sleep_on, &by_server);
    pid_t first = server_of(getpid());
    kill_server();
    ck_assert(weir_process_alive(process));
    weir_process_release(begin(sleep_on, &by_server));
    pid_t second = server_of(getpid());
    ck_assert_int_gt(second, 0);
    ck_assert_int_ne(first, second);
    weir_process_terminate(process);
    ck_assert_int_eq(end(process), -SIGTERM);
}
END_TEST

START_TEST(test_the_server_ends_with_its_client)
{
    int ends[2];
    pid_t pid;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    struct weir_process_options options = {.method = WEIR_SPAWN, .fds = &ends[1], .fd_count = 1};
    struct weir_process *client = begin(have_server, &options);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
    ck_assert_int_gt(pid, 0);
    struct pollfd gone = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    ck_assert_int_eq(poll(&gone, 1, 0), 0);
    weir_process_release(client);
    ck_assert_int_eq(poll(&gone, 1, SOON_MS), 1);
}
END_TEST

START_TEST(test_a_lock_knows_a_child_by_its_number)
{
    struct weir_shared memory;
    ck_assert_int_eq(weir_shared_create(&memory, NULL, sizeof(struct weir_lock), false, &err), 0);
    ck_assert_int_eq(weir_lock_init(memory.base), 0);
    struct weir_process_options options = {
        .method = WEIR_FORKSERVER, .fds = &memory.fd, .fd_count = 1};
    ck_assert_int_eq(end(begin(die_with_lock, &options)), -SIGKILL);
    ck_assert_int_eq(weir_lock_acquire(memory.base, SOON_MS), WEIR_OWNER_DIED);
    weir_lock_release(memory.base);
}
END_TEST

START_TEST(test_a_child_gets_what_its_parent_has_now)
{
    int ends[2], out = dup(1);
    char text[8] = "", folder[] = "/tmp/weir-test-XXXXXX";
    struct weir_process_options options = by_server;
    weir_process_release(begin(sleep_on, &by_server)); /* the server begins before all that */

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    options.argument = folder;
    options.argument_bytes = sizeof(folder);
    ck_assert_int_eq(end(begin(look_at_folder, &options)), 0);
    ck_assert_int_eq(rmdir(folder), 0);

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    options.argument = "hello";
    options.argument_bytes = 6;
    dup2(ends[1], 1);
    int code = end(begin(print, &options));
    dup2(out, 1);
    ck_assert_int_eq(code, 0);
    ck_assert_int_eq(read(ends[0], text, sizeof(text)), 5);
    ck_assert_str_eq(text, "hello");
}
END_TEST

/* Whether the server began before or after they were closed. */
START_TEST(test_standard_descriptors_may_be_closed)
{
    int kept[3], codes[4];
    if (_i == 0)
        weir_process_release(begin(sleep_on, &by_server));
    for (int fd = 0; fd < 3; fd++)
        kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 20);
    for (int closed = 0; closed < 3; closed++) {
        close(closed);
        codes[closed] = end(begin(look_at_standard, &by_server));
    }
    for (int fd = 0; fd < 3; fd++)
        dup2(kept[fd], fd);
    codes[3] = end(begin(look_at_standard, &by_server));
    ck_assert_int_eq(codes[0], 6);
    ck_assert_int_eq(codes[1], 4);
    ck_assert_int_eq(codes[2], 0);
    ck_assert_int_eq(codes[3], 7);
}
END_TEST

START_TEST(test_many_descriptors_are_given)
{
    int fds[600];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 1000;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = 2;
    struct weir_process_options options = {
        .method = WEIR_FORKSERVER, .fds = fds, .fd_count = COUNT(fds)};
    ck_assert_int_eq(end(begin(count_given, &options)), 0);

    /* And when they are too many for the server, or one is not open, it is told. */
    struct weir_process *process;
    kill_server();
    limit.rlim_cur = 500;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(weir_process_start(&process, count_given, &options, &err), WEIR_EOS);
    ck_assert_ptr_nonnull(strstr(err.text, "too many open files"));
    fds[400] = 499;
    ck_assert_int_eq(weir_process_start(&process, count_given, &options, &err), WEIR_EUSAGE);
    ck_assert_int_eq(end(begin(look_at_standard, &by_server)), 7);
    ck_assert_uint_eq(weir_process_children(NULL, 0), 0);
}
END_TEST

START_TEST(test_a_method_can_be_made_the_default)
{
    static const char *const names[] = {"spawn", "forkserver", "fork"};
    ck_assert_str_eq(weir_process_start_method(), "fork");
    ck_assert_int_eq(weir_process_set_start_method("thread"), WEIR_EUSAGE);
    ck_assert_int_eq(weir_process_set_start_method(""), WEIR_EUSAGE);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct weir_process_options options = {.argument = names[i],
                                               .argument_bytes = strlen(names[i]) + 1};
        ck_assert_int_eq(weir_process_set_start_method(names[i]), 0);
        ck_assert_str_eq(weir_process_start_method(), names[i]);
        ck_assert_int_eq(end(begin(look_at_method, &options)), 0);
        ck_assert_int_eq(server_of(getpid()) != 0, i >= 1);
    }
}
END_TEST

START_TEST(test_a_forked_child_has_a_server_of_its_own)
{
    struct weir_process_options options = {
        .method = WEIR_FORK, .argument = "fork", .argument_bytes = 5};
    weir_process_release(begin(sleep_on, &by_server));
    ck_assert_int_eq(end(begin(start_own, &options)), 0);
}
END_TEST

static void *start_and_end(void *unused)
{
    int ends[2];
    char byte;
    struct weir_process *process;
    struct weir_process_options options = {
        .method = WEIR_FORKSERVER, .fds = &ends[1], .fd_count = 1};
    (void)unused;
    if (pipe2(ends, O_CLOEXEC) < 0 || weir_process_start(&process, say_ready, &options, NULL) < 0 ||
        read(ends[0], &byte, 1) != 1)
        return NULL;
    return process;
}

/* With a thread end its server and its children, and nobody else's. */
START_TEST(test_each_thread_has_a_server)
{
    pthread_t thread;
    void *of_thread;
    struct weir_process *process = begin(sleep_on, &by_server);
    pid_t server = server_of(getpid());
    ck_assert_int_eq(pthread_create(&thread, NULL, start_and_end, NULL), 0);
    pthread_join(thread, &of_thread);
    ck_assert_ptr_nonnull(of_thread);
    ck_assert_int_eq(end(of_thread), -SIGKILL);
    ck_assert(weir_process_alive(process));
    ck_assert_int_eq(server_of(getpid()), server);
    weir_process_release(begin(sleep_on, &by_server));
    ck_assert_int_eq(server_of(getpid()), server);
    weir_process_release(process);
}
END_TEST

/* ---- death at any instruction ---- */

struct meeting {
    int ready[2], go[2];
    struct weir_shared count;
};

/* Starts a child before the server dies, one while it does, and one behind that. */
static int start_three(void *context)
{
    struct meeting *meeting = context;
    struct weir_process_options options = {
        .method = WEIR_FORKSERVER, .fds = &meeting->count.fd, .fd_count = 1};
    for (int i = 0; i < 3; i++) {
        char byte;
        int code = -1;
        struct weir_process *process;
        if (i == 1 && write(meeting->ready[1], "r", 1) != 1)
            return 1;
        if (i >= 1 && read(meeting->go[0], &byte, 1) != 1)
            return 1;
        if (weir_process_start(&process, count_one, &options, NULL) < 0)
            return 2;
        if (weir_process_join(process, SOON_MS, &code) != 0 || code != 5)
            return 3;
        weir_process_release(process);
    }
    return 0;
}

static void attach(pid_t pid)
{
    int status;
    ck_assert_int_eq(ptrace(PTRACE_ATTACH, pid, NULL, NULL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

/* Goes on when there is a request. */
static void await_request(pid_t server)
{
    ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, server, NULL, NULL), 0);
    while (await_step(server) == ASLEEP)
        ;
}

START_TEST(test_the_server_may_die_at_any_instruction)
{
    struct meeting meeting;
    enum stepped stepped = STEPPED;
    const long stride = 23 * DEATH_STRIDE;
    for (long n = 0; stepped == STEPPED; n += stride) {
        char byte;
        ck_assert_int_eq(pipe(meeting.ready), 0);
        ck_assert_int_eq(pipe(meeting.go), 0);
        ck_assert_int_eq(weir_shared_create(&meeting.count, NULL, sizeof(int), false, &err), 0);
        pid_t client = start(start_three, &meeting);
        ck_assert_int_eq(read(meeting.ready[0], &byte, 1), 1);
        pid_t server = server_of(client);
        ck_assert_int_gt(server, 0);
        attach(server);
        ck_assert_int_eq(write(meeting.go[1], "g", 1), 1);
        await_request(server);
        stepped = step(server, n);
        kill_and_reap(server);
        ck_assert_int_eq(write(meeting.go[1], "g", 1), 1);
        int code = finish(client);
        ck_assert_msg(code == 0, "%ld instructions: %d", n, code);
        ck_assert_int_eq(*(int *)meeting.count.base, 3);
        weir_shared_close(&meeting.count);
        for (int i = 0; i < 2; i++) {
            close(meeting.ready[i]);
            close(meeting.go[i]);
        }
    }
    ck_assert_int_eq(stepped, ASLEEP);
}
END_TEST

int main(int argc, char **argv)
{
    weir_process_begin(argc, argv, functions);
    Suite *suite = suite_create("forkserver");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, test_children_outlive_the_server_and_the_next_has_a_new_one);
    tcase_add_test(all, test_the_server_ends_with_its_client);
    tcase_add_test(all, test_a_lock_knows_a_child_by_its_number);
    tcase_add_test(all, test_a_child_gets_what_its_parent_has_now);
    tcase_add_loop_test(all, test_standard_descriptors_may_be_closed, 0, 2);
    tcase_add_test(all, test_many_descriptors_are_given);
    tcase_add_test(all, test_a_method_can_be_made_the_default);
    tcase_add_test(all, test_a_forked_child_has_a_server_of_its_own);
    tcase_add_test(all, test_each_thread_has_a_server);
    tcase_add_test(all, test_the_server_may_die_at_any_instruction);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
