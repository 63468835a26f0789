/*
 * A worker is killed at every step of the protocol in turn: at its first load of a shared word, at
 * its second, and so on to the end of the run. Each time the run must end by itself with the same
 * output. The library is built for this test with WEIR_STEP_HOOK.
 */
#include "engine/poison.h"
#include "unit/unit.h"

#include <sys/mman.h>

#include "count.h"

/* shm */
#include "shm/word.h"

/* Shared by the test and all workers. */
struct countdown {
    _Atomic uint64_t steps; /* so far, by all workers */
    _Atomic uint64_t kill_at, kill_again_at;
    _Atomic uint64_t killed[STEPS];
};

static struct countdown *countdown;
static uint64_t restarts; /* of all runs of a test */
static pid_t supervisor;

void weir__step_hook(enum step step)
{
    if (countdown == NULL || getpid() == supervisor)
        return;
    uint64_t now = atomic_fetch_add(&countdown->steps, 1) + 1;
    if (now != atomic_load(&countdown->kill_at) && now != atomic_load(&countdown->kill_again_at))
        return;
    atomic_fetch_add(&countdown->killed[step], 1);
    kill(getpid(), SIGKILL);
}

static const char *const step_names[] = {
#define WEIR_STEP(name) #name,
    WEIR_STEPS(WEIR_STEP)
#undef WEIR_STEP
};

/* ---- records that are larger than a slot ---- */

enum { PAD_BYTES = 150000, WIDE_MOST = 8 };

/* The numbers, each with a pad of letters. */
static int wide_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    int code = numbers_probe(stage, ret);
    return code < 0 ? code : weir_schema_add(&ret->schema, "pad", WEIR_TEXT);
}

static int wide_produce(struct weir_stage *stage, struct weir_output *out)
{
    static struct weir_column column[2];
    static uint64_t entry[WIDE_MOST];
    static char pads[PAD_BYTES + 26];
    for (size_t i = 0; i < sizeof(pads); i++)
        pads[i] = (char)('a' + i % 26);
    int progress = numbers_produce(stage, out);
    for (uint32_t i = 0; i < out->batch.records; i++)
        entry[i] = weir_entry((uint32_t)number_at(&out->batch, i) % 26, PAD_BYTES);
    column[0] = out->batch.column[0];
    column[1] = (struct weir_column){entry, pads, sizeof(pads)};
    out->batch.column = column;
    out->batch.columns = 2;
    return progress;
}

static const struct weir_stage_type wide = {.abi = WEIR_STAGE_ABI,
                                            .size = sizeof(struct weir_stage_type),
                                            .name = "test.wide",
                                            .summary = "makes numbers with pads",
                                            .options = numbers_options,
                                            .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE,
                                            .state_bytes = 8,
                                            .configure = numbers_configure,
                                            .probe = wide_probe,
                                            .bind = numbers_bind,
                                            .produce = wide_produce,
                                            .close = numbers_close};

/* Dies of some, and drops the pads of the others. */
static int narrow_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    (void)stage;
    return weir_schema_add(ret, "n", WEIR_INTEGER);
}

static const struct weir_stage_type narrow = {.abi = WEIR_STAGE_ABI,
                                              .size = sizeof(struct weir_stage_type),
                                              .name = "test.narrow",
                                              .summary = "dies of some",
                                              .options = poison_options,
                                              .traits = WEIR_REJECTS,
                                              .configure = pass_configure,
                                              .bind = narrow_bind,
                                              .process = poison_process,
                                              .close = pass_close};

/* Each line of the quarantine holds its whole pad, letter by letter. */
static void assert_pads(void)
{
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(aside, "re");
    ck_assert_ptr_nonnull(file);
    while (getline(&line, &room, file) > 0) {
        uint64_t n = strtoull(strstr(line, "\"n\":\"") + strlen("\"n\":\""), NULL, 10);
        const char *pad = strstr(line, "\"pad\":\"");
        ck_assert_ptr_nonnull(pad);
        pad += strlen("\"pad\":\"");
        for (size_t i = 0; i < PAD_BYTES; i++)
            ck_assert(pad[i] == (char)('a' + (n + i) % 26));
        ck_assert_str_eq(pad + PAD_BYTES, "\"}}\n");
    }
    free(line);
    fclose(file);
}

/* What is to be done to a run, and what must come of it: the numbers below count, but for those
 * that leave `rest` when divided by `of`. */
struct scene {
    const struct given *given;
    size_t stages;
    uint64_t stride;
    uint32_t deaths; /* 1, or 2: the second soon behind the first, often in the recovery from it */
    uint64_t count, of, rest;
    bool poison; /* which are set aside, since they kill their workers */
    bool pads;   /* and each is larger than a slot of the quarantine */
    bool total;  /* the output is but how many there are */
};

static void assert_total(uint64_t count)
{
    char expected[32], text[32] = "";
    FILE *file = fopen(output, "re");
    ck_assert_ptr_nonnull(file);
    snprintf(expected, sizeof(expected), "%" PRIu64 "\n", count);
    ck_assert_uint_eq(fread(text, 1, sizeof(text) - 1, file), strlen(expected));
    ck_assert_str_eq(text, expected);
    fclose(file);
}

/* One run with a death at step k. True if the run was so long that somebody died. */
static bool run_and_die(const struct scene *scene, uint64_t k)
{
    struct weir_pipeline *pipeline = make_pipeline(scene->given, scene->stages);
    struct weir_supervise_options options = {.timeout_ms = 60000, .on_event = hear_nothing};
    atomic_store(&countdown->steps, 0);
    atomic_store(&countdown->kill_at, k);
    atomic_store(&countdown->kill_again_at, scene->deaths > 1 ? k + 1 + k * 7 % 41 : 0);
    if (scene->poison)
        set_quarantine(pipeline, 100);
    supervisor = getpid();
    struct outcome outcome = run_to_end(pipeline, &options);
    ck_assert_msg(outcome.code == 0, "killed at step %" PRIu64 ": %s", k, outcome.err.text);
    ck_assert_msg(outcome.receipt->balanced, "killed at step %" PRIu64, k);
    bool died = atomic_load(&countdown->steps) >= k;
    /* Nobody takes the place of who has closed it. */
    if (!scene->poison)
        ck_assert_uint_le(outcome.receipt->restarts, died ? scene->deaths : 0);
    restarts += outcome.receipt->restarts;
    if (scene->total)
        assert_total(scene->count);
    else
        assert_collected_but(scene->count, scene->of, scene->rest);
    if (scene->poison)
        assert_set_aside(scene->count, (int64_t)scene->of);
    if (scene->pads)
        assert_pads();
    remove_outputs();
    weir_receipt_free(outcome.receipt);
    return died;
}

/* Kills at every stride-th step. A run has more steps one time than another, since waiting is
 * looking: only several runs in a row without a death are the end. */
static void die_everywhere(const struct scene *scene)
{
    int survived = 0;
    uint64_t runs = 0;
    restarts = 0;
    for (uint64_t k = 1; survived < 10; k += scene->stride)
        survived = run_and_die(scene, k) ? 0 : survived + 1, runs++;
    ck_assert_uint_gt(restarts, (runs - 10) / 2);
}

static uint64_t stride(void)
{
    const char *text = getenv("WEIR_STEP_STRIDE");
    return text == NULL ? 3 : strtoull(text, NULL, 10);
}

START_TEST(test_a_worker_may_die_at_any_step_of_a_chain)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "12", "batch", "3"}},
                                  {&pass, 2, false, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    die_everywhere(&(struct scene){given, 3, stride(), 1, .count = 12});
}
END_TEST

START_TEST(test_another_may_die_while_it_is_recovered_from)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "12", "batch", "3"}},
                                  {&pass, 2, false, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    die_everywhere(&(struct scene){given, 3, stride(), 2, .count = 12});
}
END_TEST

START_TEST(test_a_worker_may_die_at_any_step_of_setting_a_record_aside)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "12", "batch", "4"}},
                                  {&poison, 2, false, false, {"every", "6", "ways", "1"}},
                                  {&collect, 0, false, false, {"path", output}}};
    die_everywhere(&(struct scene){given, 3, 3 * stride(), 1, 12, 6, 3, .poison = true});
}
END_TEST

START_TEST(test_workers_may_die_at_any_step_of_setting_a_large_record_aside)
{
    const struct given given[] = {{&wide, 0, false, false, {"count", "12", "batch", "4"}},
                                  {&narrow, 2, false, false, {"every", "6", "ways", "1"}},
                                  {&collect, 0, false, false, {"path", output}}};
    die_everywhere(
        &(struct scene){given, 3, 7 * stride(), 2, 12, 6, 3, .poison = true, .pads = true});
}
END_TEST

START_TEST(test_a_worker_may_die_at_any_step_of_two_layers_with_parts)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "24000", "batch", "8000"}},
                                  {&pass, 2, false, false, {"some", "3000"}},
                                  {&pass, 2, true, false, {"reject", "5", "on_error", ""}},
                                  {&collect, 0, false, false, {"path", output}}};
    die_everywhere(&(struct scene){given, 4, 7 * stride(), 1, .count = 24000, .of = 5});
}
END_TEST

START_TEST(test_workers_may_die_at_any_step_of_reading_splits)
{
    const struct given given[] = {{&pieces, 2, false, false, {"count", "12", "batch", "2"}},
                                  {&digits, 2, false, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    die_everywhere(&(struct scene){given, 3, stride(), 1, .count = 12});
    die_everywhere(&(struct scene){given, 3, stride(), 2, .count = 12});
}
END_TEST

/* The reader has enough at the first part of a split, so that the rest of it is wanted no more. */
START_TEST(test_a_worker_may_die_at_any_step_of_a_split_that_is_given_up)
{
    const struct given given[] = {{&pieces, 2, false, false, {"count", "48000", "batch", "16000"}},
                                  {&digits, 2, false, false, {NULL}},
                                  {&pass, 1, true, false, {"some", "101", "enough", "100"}},
                                  {&collect, 0, false, false, {"path", output}}};
    die_everywhere(&(struct scene){given, 4, stride(), 1, .count = 101});
    die_everywhere(&(struct scene){given, 4, stride(), 2, .count = 101});
}
END_TEST

START_TEST(test_a_worker_may_die_at_any_step_of_setting_aside_a_record_of_a_split)
{
    const struct given given[] = {{&pieces, 2, false, false, {"count", "12", "batch", "4"}},
                                  {&digits, 2, false, false, {NULL}},
                                  {&poison, 2, false, false, {"every", "6", "ways", "1"}},
                                  {&collect, 0, false, false, {"path", output}}};
    die_everywhere(&(struct scene){given, 4, 3 * stride(), 1, 12, 6, 3, .poison = true});
}
END_TEST

START_TEST(test_a_worker_may_die_at_any_step_of_a_count)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "12", "batch", "3"}},
                                  {&pass, 2, false, false, {NULL}},
                                  {&weir_count, 2, false, false, {"path", output}}};
    const struct given splits[] = {{&pieces, 2, false, false, {"count", "12", "batch", "3"}},
                                   {&digits, 2, false, false, {NULL}},
                                   {&weir_count, 2, false, false, {"path", output}}};
    die_everywhere(&(struct scene){given, 3, stride(), 1, .count = 12, .total = true});
    die_everywhere(&(struct scene){splits, 3, stride(), 2, .count = 12, .total = true});
}
END_TEST

START_TEST(test_every_step_of_the_workers_was_died_at)
{
    /* The steps that only the supervisor takes, or that no run of these takes; a channel's are died at
     * in unit/test_channel. */
    static const enum step others[] = {STEP_RUN_STORE,    STEP_FAILED_LOAD,  STEP_FAILED_STORE,
                                       STEP_RUNNING_LOAD, STEP_CHANNEL_LOAD, STEP_CHANNEL_STORE,
                                       STEP_CHANNEL_FENCE};
    const struct given given[] = {{&numbers, 0, false, false, {"count", "12", "batch", "1"}},
                                  {&pass, 3, false, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output, "enough", "20"}}};
    const struct given in_splits[] = {{&pieces, 3, false, false, {"count", "12", "batch", "1"}},
                                      {&digits, 3, false, false, {NULL}},
                                      {&collect, 0, false, false, {"path", output}}};
    uint64_t missing = 0;
    die_everywhere(&(struct scene){given, 3, stride() > 3 ? stride() : 1, 1, .count = 10});
    die_everywhere(&(struct scene){in_splits, 3, stride(), 1, .count = 12});
    if (stride() > 3)
        return; /* a part of the steps only */
    for (int step = 0; step < STEPS; step++) {
        bool other = false;
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
            other = other || others[i] == (enum step)step;
        if (!other && atomic_load(&countdown->killed[step]) == 0) {
            fprintf(stderr, "nobody died at %s\n", step_names[step]);
            missing++;
        }
    }
    ck_assert_uint_le(missing, 1); /* NEXT_HELP is taken only when two seats meet */
}
END_TEST

static const struct weir_stage_type *const more_types[] = {
    &poison, &wide, &narrow, &weir_quarantine_write, &weir_count, NULL};

int main(void)
{
    struct weir_err err = {0};
    if (weir_register(types, &err) < 0 || weir_register(more_types, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    countdown =
        mmap(NULL, sizeof(*countdown), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    Suite *suite = suite_create("steps");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, make_folder, remove_folder);
    tcase_set_timeout(all, 600);
    tcase_add_test(all, test_a_worker_may_die_at_any_step_of_a_chain);
    tcase_add_test(all, test_another_may_die_while_it_is_recovered_from);
    tcase_add_test(all, test_a_worker_may_die_at_any_step_of_setting_a_record_aside);
    tcase_add_test(all, test_workers_may_die_at_any_step_of_setting_a_large_record_aside);
    tcase_add_test(all, test_a_worker_may_die_at_any_step_of_two_layers_with_parts);
    tcase_add_test(all, test_workers_may_die_at_any_step_of_reading_splits);
    tcase_add_test(all, test_a_worker_may_die_at_any_step_of_a_split_that_is_given_up);
    tcase_add_test(all, test_a_worker_may_die_at_any_step_of_setting_aside_a_record_of_a_split);
    tcase_add_test(all, test_a_worker_may_die_at_any_step_of_a_count);
    tcase_add_test(all, test_every_step_of_the_workers_was_died_at);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
