/*
 * Records that kill their worker: that crash it, end it, never come back, or eat its memory.
 * Exactly they are set aside, and the others arrive in order.
 */
#include "engine/killer.h"
#include "engine/poison.h"
#include "unit/unit.h"

#include <sys/wait.h>
#include <time.h>

/* base */
#include "base/sanitizer.h"

/* ---- a stage that never gets on ---- */

static int broken_open(struct weir_stage *stage)
{
    (void)stage;
    fprintf(stderr, "libfoo.so.3: cannot open shared object file\n");
    _exit(127);
}

static const struct weir_stage_type broken = {.abi = WEIR_STAGE_ABI,
                                              .size = sizeof(struct weir_stage_type),
                                              .name = "test.broken",
                                              .summary = "lacks something",
                                              .options = pass_options,
                                              .traits = WEIR_REJECTS,
                                              .configure = pass_configure,
                                              .bind = pass_bind,
                                              .open = broken_open,
                                              .process = pass_process,
                                              .close = pass_close};

/* What it has started holds its standard error open; its last line has no end. */
static int survived_open(struct weir_stage *stage)
{
    (void)stage;
    if (fork() == 0) {
        usleep(300000);
        _exit(0);
    }
    fprintf(stderr, "no licence");
    _exit(1);
}

static const struct weir_stage_type survived = {.abi = WEIR_STAGE_ABI,
                                                .size = sizeof(struct weir_stage_type),
                                                .name = "test.survived",
                                                .summary = "leaves a process behind",
                                                .options = pass_options,
                                                .configure = pass_configure,
                                                .bind = pass_bind,
                                                .open = survived_open,
                                                .process = pass_process,
                                                .close = pass_close};

/* ---- a stage that works for a while on each record ---- */

static int64_t cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int busy_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    for (int64_t began = cpu_ms(); cpu_ms() < began + 100;)
        ;
    return pass_process(stage, in, cursor, out);
}

static const struct weir_stage_type busy = {.abi = WEIR_STAGE_ABI,
                                            .size = sizeof(struct weir_stage_type),
                                            .name = "test.busy",
                                            .summary = "takes its time",
                                            .options = pass_options,
                                            .configure = pass_configure,
                                            .bind = pass_bind,
                                            .process = busy_process,
                                            .close = pass_close};

static const struct weir_stage_type *const more_types[] = {
    &poison, &broken, &survived, &busy, &weir_quarantine_write, NULL};

/* ---- runs ---- */

struct trouble {
    uint64_t max;
    uint64_t record_timeout_ms;
    bool kills; /* from outside, too */
};

static struct outcome run_pipeline(const struct given *given, size_t n,
                                   const struct trouble *trouble)
{
    struct killer killer = {.seed = 1};
    struct weir_pipeline *pipeline = make_pipeline(given, n);
    struct weir_supervise_options options = {
        .interval_ms = 3, .context = &killer, .timeout_ms = 120000, .on_event = hear_nothing};
    if (trouble->kills)
        options.on_progress = kill_somebody;
    set_quarantine(pipeline, trouble->max);
    for (size_t i = 0; i < n; i++)
        if (given[i].type == &poison || given[i].type == &busy) {
            pipeline->stage[i].record_timeout_ms = trouble->record_timeout_ms;
            pipeline->stage[i].worker_memory = 64 << 20;
        }
    return run_to_end(pipeline, &options);
}

static void survives(const struct given *given, size_t n, const struct trouble *trouble,
                     uint64_t count, int64_t every)
{
    struct outcome outcome = run_pipeline(given, n, trouble);
    uint64_t quarantined = 0;
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->balanced);
    for (size_t s = 0; s < outcome.receipt->stages; s++)
        quarantined += outcome.receipt->stage[s].quarantined;
    assert_set_aside(count, every);
    assert_collected_but(count, (uint64_t)every, (uint64_t)every / 2);
    for (uint64_t i = 0; i < count; i++)
        quarantined -= is_poison((int64_t)i, every);
    ck_assert_uint_eq(quarantined, 0);
    ck_assert_int_eq(outcome.receipt->exit_code, every == 0 ? 0 : 1);
    weir_receipt_free(outcome.receipt);
    remove_outputs();
}

/* The memory of a worker is not limited where sanitizers need it for themselves. */
static const char *const all_ways = ADDRESS_SANITIZER ? "15" : "31";

START_TEST(test_records_that_kill_are_set_aside)
{
    static const char *const workers[] = {"1", "3"};
    const struct given given[] = {{&numbers, 0, false, false, {"count", "4000", "batch", "90"}},
                                  {&pass, (uint32_t)atoi(workers[_i % 2]), false, false, {NULL}},
                                  {&poison,
                                   (uint32_t)atoi(workers[_i % 2]),
                                   _i >= 2,
                                   false,
                                   {"every", "400", "ways", all_ways}},
                                  {&collect, 0, false, false, {"path", output}}};
    const struct trouble trouble = {.max = 1000, .record_timeout_ms = 300};
    survives(given, 4, &trouble, 4000, 400);
}
END_TEST

START_TEST(test_several_records_of_one_batch_may_kill)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "600", "batch", "200"}},
                                  {&poison, 2, false, false, {"every", "10", "ways", "7"}},
                                  {&collect, 0, false, false, {"path", output}}};
    const struct trouble trouble = {.max = 1000};
    survives(given, 3, &trouble, 600, 10);
}
END_TEST

START_TEST(test_records_that_kill_are_set_aside_while_workers_are_killed)
{
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "60000", "batch", "4000"}},
        {&poison, 2, false, false, {"every", "5000", "ways", "7", "some", "900"}},
        {&pass, 2, true, false, {NULL}},
        {&collect, 0, false, false, {"path", output}}};
    const struct trouble trouble = {.max = 1000, .kills = true};
    survives(given, 4, &trouble, 60000, 5000);
}
END_TEST

START_TEST(test_a_slow_stage_is_not_a_hanging_one)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "400", "batch", "100"}},
                                  {&poison, 1, false, false, {"delay_us", "3000"}},
                                  {&collect, 0, false, false, {"path", output}}};
    const struct trouble trouble = {.max = 0, .record_timeout_ms = 150};
    survives(given, 3, &trouble, 400, 0);
}
END_TEST

/* Stops the caller and all its workers, as Ctrl-Z does, and lets them go on. */
static pid_t stop_now_and_then(void)
{
    pid_t group = getpgrp(), child = fork();
    if (child != 0)
        return child;
    setpgid(0, 0);
    for (int i = 0; i < 2; i++) {
        usleep(450000);
        kill(-group, SIGSTOP);
        usleep(1500000);
        kill(-group, SIGCONT);
    }
    _exit(0);
}

START_TEST(test_time_does_not_count_while_the_run_is_stopped)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "20", "batch", "1"}},
                                  {&busy, 1, false, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    const struct trouble trouble = {.record_timeout_ms = 1000};
    setpgid(0, 0); /* nobody else is to be stopped */
    pid_t child = stop_now_and_then();
    struct outcome outcome = run_pipeline(given, 3, &trouble);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(outcome.code, 0);
    ck_assert_uint_eq(outcome.receipt->restarts, 0);
    assert_collected_but(20, 0, 0);
    weir_receipt_free(outcome.receipt);
    remove_outputs();
}
END_TEST

START_TEST(test_the_run_stops_when_no_more_may_be_set_aside)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "6000", "batch", "50"}},
                                  {&poison, 2, false, false, {"every", "400", "ways", "3"}},
                                  {&collect, 0, false, false, {"path", output}}};
    const struct trouble trouble = {.max = (uint64_t)_i};
    struct outcome outcome = run_pipeline(given, 3, &trouble);
    ck_assert_int_eq(outcome.code, WEIR_EDATA);
    ck_assert_msg(strstr(outcome.err.text, "no more records may be set aside") != NULL, "%s",
                  outcome.err.text);
    ck_assert(!outcome.receipt->published);
    ck_assert_int_ne(access(aside, F_OK), 0);
    weir_receipt_free(outcome.receipt);
    remove_outputs();
}
END_TEST

START_TEST(test_a_stage_that_never_gets_on_is_given_up_with_its_last_words)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "10"}},
                                  {&broken, 1, false, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    const struct trouble trouble = {.max = 10};
    struct outcome outcome = run_pipeline(given, 3, &trouble);
    ck_assert_int_eq(outcome.code, WEIR_EINTERNAL);
    ck_assert_msg(strstr(outcome.err.text, "exit 127, \"libfoo.so.3: cannot open") != NULL, "%s",
                  outcome.err.text);
    ck_assert_uint_eq(outcome.receipt->restarts, 5);
    ck_assert(!outcome.receipt->published);
    weir_receipt_free(outcome.receipt);
    remove_outputs();
}
END_TEST

START_TEST(test_last_words_count_though_another_process_may_go_on)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "10"}},
                                  {&survived, 1, false, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    const struct trouble trouble = {.max = 10};
    struct outcome outcome = run_pipeline(given, 3, &trouble);
    ck_assert_int_eq(outcome.code, WEIR_EINTERNAL);
    ck_assert_msg(strstr(outcome.err.text, "exit 1, \"no licence\"") != NULL, "%s",
                  outcome.err.text);
    weir_receipt_free(outcome.receipt);
    remove_outputs();
}
END_TEST

/* Once the quarantine is being written a folder takes the name of its lines. */
static void take_the_name(const struct weir_receipt *so_far, void *context)
{
    char part[192];
    (void)so_far;
    (void)context;
    snprintf(part, sizeof(part), "%s/.aside.part", folder);
    if (access(part, F_OK) == 0)
        mkdir(aside, 0777);
}

START_TEST(test_half_a_published_quarantine_is_told)
{
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "4000", "batch", "10"}},
        {&poison, 1, false, false, {"every", "400", "ways", "1", "delay_us", "200"}},
        {&collect, 0, false, false, {"path", output}}};
    struct weir_pipeline *pipeline = make_pipeline(given, 3);
    set_quarantine(pipeline, 100);
    struct outcome outcome =
        run_to_end(pipeline, &(struct weir_supervise_options){.interval_ms = 3,
                                                              .timeout_ms = 120000,
                                                              .on_progress = take_the_name,
                                                              .on_event = hear_nothing});
    ck_assert_int_eq(outcome.code, WEIR_ECANTCREATE);
    ck_assert(!outcome.receipt->published);
    ck_assert_msg(strstr(outcome.err.note, "/aside.raw") != NULL, "%s", outcome.err.note);
    weir_receipt_free(outcome.receipt);
    ck_assert_int_eq(rmdir(aside), 0);
    remove_outputs();
}
END_TEST

int main(void)
{
    struct weir_err err = {0};
    if (weir_register(types, &err) < 0 || weir_register(more_types, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    Suite *suite = suite_create("poison");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, make_folder, remove_folder);
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, test_records_that_kill_are_set_aside, 0, 4);
    tcase_add_test(all, test_several_records_of_one_batch_may_kill);
    tcase_add_test(all, test_records_that_kill_are_set_aside_while_workers_are_killed);
    tcase_add_test(all, test_a_slow_stage_is_not_a_hanging_one);
    tcase_add_test(all, test_time_does_not_count_while_the_run_is_stopped);
    tcase_add_loop_test(all, test_the_run_stops_when_no_more_may_be_set_aside, 0, 3);
    tcase_add_test(all, test_a_stage_that_never_gets_on_is_given_up_with_its_last_words);
    tcase_add_test(all, test_last_words_count_though_another_process_may_go_on);
    tcase_add_test(all, test_half_a_published_quarantine_is_told);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
