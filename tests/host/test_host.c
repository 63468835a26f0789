/* A program that runs pipelines through weir.h: what it gets, and what it never notices. */
#include <weir/weir.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit/unit.h"

enum { LONG_MS = 60000 };

static struct weir_err err;
static struct weir_job *job;
static struct weir_run *run;
static char folder[] = "/tmp/weir-host-XXXXXX";

/* What stands behind the two stages of most tests. */
static struct {
    uint64_t records, put, taken, durable;
    uint64_t at_a_time; /* 0: as many as there is room for */
    size_t pad;
    bool wrong;                       /* a record that came is not the next one */
    int produce_fails, consume_fails; /* with this code, in the middle */
    void (*in_the_middle)(void);
    uint64_t middle;
} world;

/* ---- a pipeline of records that are numbered ---- */

static int produce(struct weir_feed *feed, void *context)
{
    char number[24], *pad = calloc(1, world.pad + 1);
    (void)context;
    memset(pad, 'x', world.pad);
    int code = 0;
    uint64_t until = world.at_a_time == 0 ? world.records : world.put + world.at_a_time;
    while (world.put < until && code == 0) {
        int length = snprintf(number, sizeof(number), "%lu", (unsigned long)world.put);
        const struct weir_value value[] = {{number, (uint32_t)length},
                                           {pad, (uint32_t)world.pad},
                                           {world.put % 3 == 0 ? NULL : "y", 1}};
        if (world.produce_fails < 0 && world.put == world.middle)
            code = world.produce_fails;
        else if ((code = weir_feed_put(feed, value)) == 0)
            world.put++;
    }
    free(pad);
    return code < 0 ? code : world.put < world.records ? WEIR_MORE : WEIR_DONE;
}

static void durable(uint64_t records, void *context)
{
    (void)context;
    world.durable = records;
}

static bool is_next(const struct weir_batch *batch, uint32_t record)
{
    char number[24];
    int length = snprintf(number, sizeof(number), "%lu", (unsigned long)world.taken);
    struct weir_value id = weir_value(&batch->column[0], record),
                      pad = weir_value(&batch->column[1], record),
                      flag = weir_value(&batch->column[2], record);
    return id.length == (uint32_t)length && memcmp(id.data, number, id.length) == 0 &&
           pad.length == world.pad && (flag.data == NULL) == (world.taken % 3 == 0);
}

static int consume(const struct weir_batch *batch, const struct weir_schema *schema, void *context)
{
    (void)context;
    world.wrong = world.wrong || schema->columns != 3;
    for (uint32_t r = 0; r < batch->records; r++, world.taken++) {
        world.wrong = world.wrong || !is_next(batch, r);
        if (world.taken != world.middle)
            continue;
        if (world.consume_fails < 0)
            return world.consume_fails;
        if (world.in_the_middle != NULL)
            world.in_the_middle();
    }
    return 0;
}

static const struct weir_host_source numbers = {
    .size = sizeof(numbers), .produce = produce, .durable = durable};
static const struct weir_host_sink check_numbers = {.size = sizeof(check_numbers),
                                                    .consume = consume};

#define CK(call) ck_assert_msg((call) == 0, "%s", err.text)

static void make_source(const char *name, uint64_t records)
{
    world.records = records;
    CK(weir_job_new(name, &job, &err));
    CK(weir_stage_add(job, "in", "host.source", &err));
    CK(weir_stage_set_yaml(job, "in", "columns", "{id: integer, pad: text, flag: text}", &err));
    CK(weir_job_source(job, "in", &numbers, &err));
}

static void make(const char *name, uint64_t records)
{
    make_source(name, records);
    CK(weir_stage_add(job, "out", "host.sink", &err));
    CK(weir_job_sink(job, "out", &check_numbers, &err));
}

/* To a file, which is there only if the run is complete. */
static const char *make_to_file(const char *name, uint64_t records)
{
    static char path[300];
    snprintf(path, sizeof(path), "%s/%s.csv", folder, name);
    make_source(name, records);
    CK(weir_stage_add(job, "write", "csv.write", &err));
    CK(weir_stage_set(job, "write", "path", path, &err));
    return path;
}

static int step_to_end(void)
{
    int code = WEIR_MORE;
    while (code == WEIR_MORE)
        code = weir_run_step(run, LONG_MS);
    return code;
}

static void ck_complete(void)
{
    int code = step_to_end();
    ck_assert_msg(code == WEIR_DONE, "%d: %s", code,
                  code < 0 ? weir_run_errors(run)->list[0].text : "");
    ck_assert(!world.wrong);
    ck_assert_uint_eq(world.durable, world.records);
}

static void set_up(void)
{
    memset(&world, 0, sizeof(world));
    world.pad = 40;
    world.middle = UINT64_MAX;
}

static void tear_down(void)
{
    weir_run_free(run);
    weir_job_free(job);
    run = NULL;
    job = NULL;
}

/* ---- processes of a run, by what ps shows ---- */

/* Calls what for each of those whose title begins with "weir NAME"; returns how many there are. */
static int each_process(const char *name, void (*what)(pid_t))
{
    char prefix[64], path[300], title[300];
    int found = 0;
    size_t n = (size_t)snprintf(prefix, sizeof(prefix), "weir %s", name);
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        snprintf(path, sizeof(path), "/proc/%.20s/cmdline", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? -1 : read(fd, title, sizeof(title) - 1);
        if (fd >= 0)
            close(fd);
        if (got < (ssize_t)n || memcmp(title, prefix, n) != 0)
            continue;
        found++;
        if (what != NULL)
            what((pid_t)strtol(entry->d_name, NULL, 10));
    }
    closedir(proc);
    return found;
}

static bool is_supervisor(pid_t pid)
{
    char path[64], title[300] = "";
    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, title, sizeof(title) - 1) < 0)
        title[0] = '\0';
    if (fd >= 0)
        close(fd);
    return strchr(title, '[') == NULL;
}

static void kill_worker(pid_t pid)
{
    if (!is_supervisor(pid))
        kill(pid, SIGKILL);
}

static void kill_supervisor(pid_t pid)
{
    if (is_supervisor(pid))
        kill(pid, SIGKILL);
}

static void ck_nobody_is_left(const char *name)
{
    for (int i = 0; i < 3000 && each_process(name, NULL) > 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    ck_assert_int_eq(each_process(name, NULL), 0);
}

static int open_descriptors(void)
{
    int count = 0;
    DIR *fds = opendir("/proc/self/fd");
    while (readdir(fds) != NULL)
        count++;
    closedir(fds);
    return count;
}

/* ---- what it gets ---- */

START_TEST(test_records_go_through_a_pipeline_that_is_built)
{
    make("built", 100000);
    CK(weir_run_start(job, NULL, &run, &err));
    ck_complete();
    ck_assert_uint_eq(world.taken, 100000);
    const struct weir_receipt *receipt = weir_run_receipt(run);
    ck_assert_ptr_nonnull(receipt);
    ck_assert(receipt->balanced && receipt->published);
    ck_assert_uint_eq(receipt->stages, 2);
    ck_assert_uint_eq(receipt->stage[0].out, 100000);
    char *json = weir_receipt_json(receipt, NULL);
    ck_assert_ptr_nonnull(strstr(json, "\"id\":\"in\""));
    free(json);
    ck_assert_int_eq(weir_run_step(run, 0), WEIR_DONE); /* again */
}
END_TEST

START_TEST(test_all_at_once)
{
    make("again", 5000);
    CK(weir_job_key(job, NULL, "run", "{order: none}", &err));
    ck_assert_int_eq(weir_run(job, NULL, &run, &err), WEIR_DONE);
    ck_assert_uint_eq(world.taken, 5000);
}
END_TEST

START_TEST(test_a_file_with_variables)
{
    char in[300], out[300], text[32] = "";
    static const char pipeline[] = "version: 1\n"
                                   "name: file\n"
                                   "vars: {in: , out: }\n"
                                   "stages:\n"
                                   "  - {type: csv.read, with: {path: \"${in}\"}}\n"
                                   "  - {type: csv.write, with: {path: \"${out}\"}}\n";
    snprintf(in, sizeof(in), "%s/in.csv", folder);
    snprintf(out, sizeof(out), "%s/out.csv", folder);
    FILE *file = fopen(in, "w");
    fputs("a,b\n1,2\n", file);
    fclose(file);
    CK(weir_job_parse("file", pipeline, strlen(pipeline), &job, &err));
    CK(weir_job_var(job, "in", in, &err));
    CK(weir_job_var(job, "out", out, &err));
    ck_assert_msg(weir_run(job, NULL, &run, &err) == WEIR_DONE, "%s", err.text);
    file = fopen(out, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(text, 1, sizeof(text) - 1, file), 8);
    fclose(file);
    ck_assert_str_eq(text, "a,b\n1,2\n");
    ck_assert_str_eq(weir_receipt_stage(weir_run_receipt(run), 1)->published, out);
    ck_assert_ptr_null(weir_receipt_stage(weir_run_receipt(run), 2));
}
END_TEST

START_TEST(test_every_mistake_is_told)
{
    CK(weir_job_new("mistakes", &job, &err));
    CK(weir_stage_add(job, "read", "csv.raed", &err));
    CK(weir_stage_add(job, "write", "csv.write", &err));
    CK(weir_stage_set(job, "write", "pth", "out.csv", &err));
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(step_to_end(), WEIR_ECONFIG);
    const struct weir_errors *errors = weir_run_errors(run);
    ck_assert_uint_ge(errors->count, 2);
    ck_assert_ptr_nonnull(strstr(errors->list[0].note, "csv.read"));
    ck_assert_uint_eq(errors->list[0].line, 5); /* of weir_job_text */
    ck_assert_ptr_null(weir_run_receipt(run));
}
END_TEST

START_TEST(test_check_and_plan)
{
    struct weir_errors errors = {0};
    struct weir_job_plan *plan;
    make("plan", 1);
    ck_assert_int_eq(weir_job_check(job, &errors), 0);
    ck_assert_int_eq(weir_job_plan(job, &plan, &errors), 0);
    ck_assert_uint_eq(plan->processes, 3);
    ck_assert_uint_gt(plan->bytes, 1 << 20);
    ck_assert(!plan->writes_stdout);
    ck_assert_ptr_nonnull(strstr(plan->text, "host.source"));
    free(plan);
    CK(weir_stage_set(job, "out", "nothing", "x", &err));
    ck_assert_int_eq(weir_job_check(job, &errors), WEIR_ECONFIG);
    ck_assert_uint_eq(errors.count, 1);
    weir_errors_release(&errors);
}
END_TEST

START_TEST(test_text_is_taken_as_it_is)
{
    static const char odd[] = "a\"b\\c\n${in} #: [x]";
    CK(weir_job_new("odd", &job, &err));
    CK(weir_stage_add(job, "read", "csv.read", &err));
    CK(weir_stage_set(job, "read", "path", odd, &err));
    CK(weir_stage_add(job, "out", "discard", &err));
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(step_to_end(), WEIR_ENOINPUT);
    ck_assert_msg(strstr(weir_run_errors(run)->list[0].text, odd) != NULL, "%s",
                  weir_run_errors(run)->list[0].text);
}
END_TEST

START_TEST(test_who_stands_behind_what)
{
    struct weir_host_source nameless = {.produce = produce};
    make("behind", 1);
    CK(weir_job_source(job, "nobody", &numbers, &err));
    ck_assert_int_eq(weir_job_source(job, "in", &numbers, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_job_source(job, "x", &nameless, &err), WEIR_EUSAGE); /* no size */
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(step_to_end(), WEIR_EUSAGE);
    ck_assert_ptr_nonnull(strstr(weir_run_errors(run)->list[0].text, "'nobody'"));
}
END_TEST

START_TEST(test_nothing_behind_a_stage)
{
    make("missing", 1);
    CK(weir_stage_add(job, "in2", "host.source", &err));
    CK(weir_stage_set_yaml(job, "in2", "columns", "{id: integer, pad: text, flag: text}", &err));
    CK(weir_stage_add(job, "rest", "discard", &err));
    CK(weir_connect(job, "in", "out", &err));
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(step_to_end(), WEIR_EUSAGE);
    ck_assert_ptr_nonnull(strstr(weir_run_errors(run)->list[0].text, "'in2'"));
}
END_TEST

START_TEST(test_large_records)
{
    world.pad = 900000;
    make("large", 40);
    CK(weir_run_start(job, NULL, &run, &err));
    ck_complete();
    ck_assert_uint_eq(world.taken, 40);
}
END_TEST

START_TEST(test_a_record_that_is_too_large)
{
    world.pad = 20 << 20;
    make("toolarge", 1);
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(step_to_end(), WEIR_EDATA);
}
END_TEST

START_TEST(test_start_methods)
{
    static const char *const methods[] = {"fork", "spawn", "forkserver"};
    const struct weir_run_options options = {.size = sizeof(options), .start_method = methods[_i]};
    make("method", 20000);
    CK(weir_run_start(job, &options, &run, &err));
    ck_complete();
    ck_assert_uint_eq(world.taken, 20000);
}
END_TEST

START_TEST(test_many_at_once_in_one_poll)
{
    enum { RUNS = 6 };
    struct weir_run *runs[RUNS];
    char path[300];
    int left = RUNS;
    CK(weir_job_new("many", &job, &err));
    CK(weir_stage_add(job, "list", "file.list", &err));
    CK(weir_stage_set(job, "list", "root", folder, &err));
    CK(weir_stage_add(job, "write", "jsonl.write", &err));
    for (int i = 0; i < RUNS; i++) {
        snprintf(path, sizeof(path), "%s/many-%d.jsonl", folder, i);
        CK(weir_stage_set(job, "write", "path", path, &err));
        CK(weir_run_start(job, NULL, &runs[i], &err));
    }
    while (left > 0) {
        struct pollfd fds[RUNS];
        for (int i = 0; i < RUNS; i++)
            fds[i] = (struct pollfd){.fd = runs[i] == NULL ? -1 : weir_run_fd(runs[i]),
                                     .events = POLLIN};
        ck_assert_int_gt(poll(fds, RUNS, LONG_MS), 0);
        for (int i = 0; i < RUNS; i++) {
            int code =
                runs[i] == NULL || fds[i].revents == 0 ? WEIR_MORE : weir_run_step(runs[i], 0);
            ck_assert_int_ge(code, 0);
            if (code == WEIR_MORE)
                continue;
            weir_run_free(runs[i]);
            runs[i] = NULL;
            left--;
        }
    }
    ck_nobody_is_left("many");
}
END_TEST

/* ---- what goes wrong ---- */

START_TEST(test_a_source_that_fails)
{
    const char *path = make_to_file("srcfails", 100000);
    world.produce_fails = WEIR_EUNAVAILABLE;
    world.middle = 60000;
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(step_to_end(), WEIR_EUNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(weir_run_errors(run)->list[0].text, "'in'"));
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_uint_eq(world.durable, 0);
}
END_TEST

START_TEST(test_a_sink_that_fails)
{
    make("sinkfails", 100000);
    world.consume_fails = WEIR_EIO;
    world.middle = 99999; /* its very last record: nothing may be published before */
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(step_to_end(), WEIR_EIO);
    ck_assert_ptr_nonnull(strstr(weir_run_errors(run)->list[0].text, "'out'"));
    ck_assert_uint_eq(world.durable, 0);
}
END_TEST

static void kill_workers(void)
{
    each_process("killed", kill_worker);
    world.middle += 50000; /* and again */
}

START_TEST(test_each_record_comes_once_whoever_is_killed)
{
    make("killed", 400000);
    world.in_the_middle = kill_workers;
    world.middle = 20000;
    CK(weir_run_start(job, NULL, &run, &err));
    ck_complete();
    ck_assert_uint_eq(world.taken, 400000);
    ck_assert_uint_gt(weir_run_receipt(run)->restarts, 5);
}
END_TEST

static void kill_supervisors(void)
{
    each_process("beheaded", kill_supervisor);
}

START_TEST(test_a_supervisor_that_is_killed)
{
    make("beheaded", 400000);
    world.in_the_middle = kill_supervisors;
    world.middle = 50000;
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(step_to_end(), WEIR_EINTERNAL);
    ck_assert_ptr_nonnull(strstr(weir_run_errors(run)->list[0].text, "supervisor"));
    ck_nobody_is_left("beheaded");
}
END_TEST

static void cancel_run(void)
{
    weir_run_cancel(run);
}

static void on_alarm(int number)
{
    (void)number;
    weir_run_cancel(run);
}

static void raise_alarm(void)
{
    raise(SIGALRM);
}

static void *cancel_in_thread(void *nothing)
{
    weir_run_cancel(run);
    return nothing;
}

static void cancel_from_thread(void)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_in_thread, NULL), 0);
    pthread_join(thread, NULL);
}

START_TEST(test_cancel)
{
    static void (*const ways[])(void) = {cancel_run, raise_alarm, cancel_from_thread};
    signal(SIGALRM, on_alarm);
    make("cancel", 10000000);
    world.in_the_middle = ways[_i];
    world.middle = 100000;
    CK(weir_run_start(job, NULL, &run, &err));
    int code = step_to_end();
    ck_assert_msg(code == WEIR_ETEMPFAIL, "%d: %s", code, weir_run_errors(run)->list[0].text);
    ck_assert_uint_lt(world.taken, 10000000);
    ck_assert_ptr_nonnull(weir_run_receipt(run));
    weir_run_cancel(run); /* of one that has ended */
    signal(SIGALRM, SIG_DFL);
}
END_TEST

START_TEST(test_free_at_any_time)
{
    int before = open_descriptors();
    for (int steps = 0; steps < 12; steps++) {
        set_up();
        const char *path = make_to_file("freed", UINT64_MAX);
        world.at_a_time = 10;
        CK(weir_run_start(job, NULL, &run, &err));
        for (int i = 0; i < steps; i++)
            ck_assert_int_eq(weir_run_step(run, 20), WEIR_MORE);
        tear_down();
        ck_assert_int_ne(access(path, F_OK), 0);
        ck_assert_int_eq(each_process("freed", NULL), 0);
    }
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

/* ---- what the program never notices ---- */

static volatile sig_atomic_t children_told;

static void on_child(int number)
{
    (void)number;
    children_told++;
}

START_TEST(test_no_child_no_signal_no_thread)
{
    sigset_t mask, after;
    struct stat tasks;
    children_told = 0;
    signal(SIGCHLD, on_child);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    int before = open_descriptors();
    make("unseen", 50000);
    world.in_the_middle = NULL;
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    ck_assert_int_eq(errno, ECHILD);
    ck_complete();
    ck_assert_int_eq(stat("/proc/self/task", &tasks), 0);
    ck_assert_uint_eq(tasks.st_nlink, 3);
    tear_down();
    ck_assert_int_eq(children_told, 0);
    ck_assert(signal(SIGCHLD, SIG_DFL) == on_child);
    sigprocmask(SIG_SETMASK, NULL, &after);
    ck_assert_int_eq(sigismember(&after, SIGUSR1), 1);
    ck_assert_int_eq(sigismember(&after, SIGTERM), 0);
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

static void fork_in_the_middle(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int code = weir_run_step(run, 0);
        weir_run_cancel(run);
        weir_run_free(run);
        _exit(code == WEIR_EUSAGE ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

START_TEST(test_a_handle_is_inert_in_a_forked_child)
{
    make("forks", 200000);
    world.in_the_middle = fork_in_the_middle;
    world.middle = 50000;
    CK(weir_run_start(job, NULL, &run, &err));
    ck_complete();
    ck_assert_uint_eq(world.taken, 200000);
}
END_TEST

static void *start_in_thread(void *nothing)
{
    CK(weir_run_start(job, NULL, &run, &err));
    weir_run_step(run, 100);
    return nothing;
}

START_TEST(test_the_thread_that_started_it_may_end)
{
    pthread_t thread;
    make("thread", 200000);
    ck_assert_int_eq(pthread_create(&thread, NULL, start_in_thread, NULL), 0);
    pthread_join(thread, NULL);
    ck_complete();
    ck_assert_uint_eq(world.taken, 200000);
}
END_TEST

static void die(void)
{
    kill(getpid(), SIGKILL);
}

/* Another process holds all that it had open, and lives on. */
static void leave_a_child_and_die(void)
{
    if (fork() == 0) {
        pause();
        _exit(0);
    }
    die();
}

START_TEST(test_a_program_that_is_killed)
{
    static void (*const ways[])(void) = {die, leave_a_child_and_die};
    int status;
    char path[300];
    snprintf(path, sizeof(path), "%s/orphan.csv", folder);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        make_to_file("orphan", 10000000);
        CK(weir_stage_add(job, "out", "host.sink", &err));
        CK(weir_connect(job, "in", "out", &err));
        CK(weir_job_sink(job, "out", &check_numbers, &err));
        world.in_the_middle = ways[_i];
        world.middle = 100000;
        CK(weir_run_start(job, NULL, &run, &err));
        step_to_end();
        _exit(1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    ck_nobody_is_left("orphan");
    kill(-pid, SIGKILL);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(test_a_worker_program_that_is_not_there)
{
    char *worker = strdup(getenv("WEIR_WORKER"));
    make("nowhere", 1);
    setenv("WEIR_WORKER", "/nowhere/weir-worker", 1);
    ck_assert_int_eq(weir_run_start(job, NULL, &run, &err), WEIR_EUNAVAILABLE);
    setenv("WEIR_WORKER", "/bin/true", 1);
    CK(weir_run_start(job, NULL, &run, &err));
    ck_assert_int_eq(step_to_end(), WEIR_EINTERNAL);
    setenv("WEIR_WORKER", worker, 1);
    free(worker);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host");
    TCase *gets = tcase_create("what it gets"), *wrong = tcase_create("what goes wrong"),
          *unseen = tcase_create("what it never notices");
    TCase *const all[] = {gets, wrong, unseen};
    if (mkdtemp(folder) == NULL)
        return 1;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        tcase_add_checked_fixture(all[i], set_up, tear_down);
        tcase_set_timeout(all[i], 120);
        suite_add_tcase(suite, all[i]);
    }
    tcase_add_test(gets, test_records_go_through_a_pipeline_that_is_built);
    tcase_add_test(gets, test_all_at_once);
    tcase_add_test(gets, test_a_file_with_variables);
    tcase_add_test(gets, test_every_mistake_is_told);
    tcase_add_test(gets, test_check_and_plan);
    tcase_add_test(gets, test_text_is_taken_as_it_is);
    tcase_add_test(gets, test_who_stands_behind_what);
    tcase_add_test(gets, test_nothing_behind_a_stage);
    tcase_add_test(gets, test_large_records);
    tcase_add_test(gets, test_a_record_that_is_too_large);
    tcase_add_loop_test(gets, test_start_methods, 0, 3);
    tcase_add_test(gets, test_many_at_once_in_one_poll);
    tcase_add_test(wrong, test_a_source_that_fails);
    tcase_add_test(wrong, test_a_sink_that_fails);
    tcase_add_test(wrong, test_each_record_comes_once_whoever_is_killed);
    tcase_add_test(wrong, test_a_supervisor_that_is_killed);
    tcase_add_loop_test(wrong, test_cancel, 0, 3);
    tcase_add_test(wrong, test_free_at_any_time);
    tcase_add_test(unseen, test_no_child_no_signal_no_thread);
    tcase_add_test(unseen, test_a_handle_is_inert_in_a_forked_child);
    tcase_add_test(unseen, test_the_thread_that_started_it_may_end);
    tcase_add_loop_test(unseen, test_a_program_that_is_killed, 0, 2);
    tcase_add_test(unseen, test_a_worker_program_that_is_not_there);
    int failed = unit_run(suite);
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0 && failed == 0 ? 0 : 1;
}
