/* A program that is its own supervisor and workers, with a stage type of its own. */
#include <weir/weir.h>

#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

enum { RECORDS = 50000 };

/* ---- the stage type: refuses what is not the next number ---- */

struct state {
    uint64_t records;
};

static int process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                   struct weir_output *out)
{
    struct state *state = stage->state;
    char number[24];
    (void)out;
    for (uint32_t r = 0; r < in->records; r++, state->records++) {
        struct weir_value value = weir_value(&in->column[0], r);
        snprintf(number, sizeof(number), "%lu", (unsigned long)state->records);
        if (value.length != strlen(number) || memcmp(value.data, number, value.length) != 0)
            return weir_fail(stage, WEIR_EDATA, "record %s is another one", number);
    }
    *cursor = UINT64_MAX;
    return 0;
}

static const struct weir_option options[] = {{0}};

static const struct weir_stage_type in_order = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "own.in_order",
    .summary = "refuses what is not the next number",
    .doc = "Refuses what is not the next number.",
    .options = options,
    .traits = WEIR_SINK | WEIR_ONE_SEAT,
    .state_bytes = sizeof(struct state),
    .process = process,
};

static const struct weir_stage_type *const types[] = {&in_order, NULL};

/* ---- the program ---- */

static uint64_t put;

static int produce(struct weir_feed *feed, void *context)
{
    char number[24];
    (void)context;
    while (put < RECORDS) {
        int length = snprintf(number, sizeof(number), "%lu", (unsigned long)put);
        int code = weir_feed_put(feed, &(struct weir_value){number, (uint32_t)length});
        if (code != 0)
            return code == WEIR_FULL ? WEIR_MORE : code;
        put++;
    }
    return WEIR_DONE;
}

START_TEST(test_its_types_run_in_its_own_processes)
{
    static const char *const methods[] = {"fork", "spawn", "forkserver"};
    const struct weir_host_source source = {.size = sizeof(source), .produce = produce};
    const struct weir_run_options how = {.size = sizeof(how), .start_method = methods[_i]};
    struct weir_err err = {0};
    struct weir_job *job;
    struct weir_run *run;
    put = 0;
    ck_assert_int_eq(weir_job_new("own", &job, &err), 0);
    ck_assert_int_eq(weir_stage_add(job, "numbers", "host.source", &err), 0);
    ck_assert_int_eq(weir_stage_set_yaml(job, "numbers", "columns", "{n: integer}", &err), 0);
    ck_assert_int_eq(weir_stage_add(job, "sink", "own.in_order", &err), 0);
    ck_assert_int_eq(weir_job_source(job, "numbers", &source, &err), 0);
    ck_assert_msg(weir_run(job, &how, &run, &err) == WEIR_DONE, "%s", err.text);
    ck_assert_uint_eq(weir_receipt_stage(weir_run_receipt(run), 1)->in, RECORDS);
    weir_run_free(run);
    weir_job_free(job);
}
END_TEST

int main(int argc, char **argv)
{
    weir_worker_main(argc, argv, types, NULL);
    unsetenv("WEIR_WORKER"); /* else that one would be the supervisor */
    Suite *suite = suite_create("own");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, test_its_types_run_in_its_own_processes, 0, 3);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
