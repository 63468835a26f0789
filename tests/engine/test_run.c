/*
 * Whole runs of small stage types that exist only here: numbers are made, passed on, and collected in a file. What the file holds is
 * known beforehand, whatever is killed. (No assertion of Check's in the stages: a worker has closed Check's descriptors.)
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/weir.h>

/* engine */
#include "engine/graph.h"
#include "engine/plan.h"

/* ---- a source: the numbers from 0 to count - 1 ---- */

struct numbers {
    uint64_t *entry;
    char *heap;
    struct weir_column column;
    uint32_t batch;
};

static int numbers_configure(struct weir_stage *stage)
{
    struct numbers *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return WEIR_EOS;
    self->batch = (uint32_t)weir_option_number(stage, "batch");
    self->entry = calloc(self->batch, sizeof(uint64_t));
    self->heap = malloc(self->batch * 20u);
    stage->self = self;
    return 0;
}

static int numbers_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    (void)stage;
    return weir_schema_add(&ret->schema, "n", WEIR_INTEGER);
}

static int numbers_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    (void)stage;
    (void)ret;
    return 0;
}

static int numbers_produce(struct weir_stage *stage, struct weir_output *out)
{
    struct numbers *self = stage->self;
    uint64_t *next = stage->state, count = (uint64_t)weir_option_number(stage, "count");
    uint32_t used = 0, n = 0;
    while (n < self->batch && *next < count) {
        int length = sprintf(self->heap + used, "%" PRIu64, *next);
        self->entry[n++] = weir_entry(used, (uint32_t)length);
        used += (uint32_t)length;
        ++*next;
    }
    self->column = (struct weir_column){self->entry, self->heap, used};
    out->batch = (struct weir_batch){.records = n, .columns = 1, .column = &self->column};
    if (weir_option_number(stage, "fail_at") >= 0 &&
        *next > (uint64_t)weir_option_number(stage, "fail_at"))
        return weir_fail(stage, WEIR_EIO, "the source broke");
    return *next < count ? WEIR_MORE : WEIR_DONE;
}

static void numbers_close(struct weir_stage *stage)
{
    struct numbers *self = stage->self;
    if (self != NULL) {
        free(self->entry);
        free(self->heap);
    }
    free(self);
    stage->self = NULL;
}

static const struct weir_option numbers_options[] = {
    {"count", WEIR_OPT_COUNT, "1000", NULL, false, "how many numbers to make"},
    {"batch", WEIR_OPT_COUNT, "10", NULL, false, "how many of them make a batch"},
    {"fail_at", WEIR_OPT_COUNT, NULL, NULL, false, "the number behind which it breaks"},
    {0}};

static const struct weir_stage_type numbers = {.abi = WEIR_STAGE_ABI,
                                               .size = sizeof(struct weir_stage_type),
                                               .name = "test.numbers",
                                               .summary = "makes numbers",
                                               .options = numbers_options,
                                               .traits =
                                                   WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE,
                                               .state_bytes = 8,
                                               .configure = numbers_configure,
                                               .probe = numbers_probe,
                                               .bind = numbers_bind,
                                               .produce = numbers_produce,
                                               .close = numbers_close};

/* ---- a stage: passes numbers on, and rejects, fails or crashes where it is told to ---- */

struct pass {
    uint64_t *entry;
    uint32_t capacity;
    struct weir_column column;
};

static int pass_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct pass));
    return stage->self == NULL ? WEIR_EOS : 0;
}

static int pass_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    return weir_schema_copy(ret, stage->in);
}

static int64_t number_at(const struct weir_batch *in, uint32_t record)
{
    char text[24] = "";
    struct weir_value value = weir_value(&in->column[0], record);
    memcpy(text, value.data, value.length);
    return strtoll(text, NULL, 10);
}

/* Takes at most `some` records a call, so that cursors and parts are at work. */
static int pass_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct pass *self = stage->self;
    int64_t reject = weir_option_number(stage, "reject"), fail = weir_option_number(stage, "fail"),
            some = weir_option_number(stage, "some");
    if (self->capacity < in->records) {
        self->capacity = in->records;
        self->entry = realloc(self->entry, self->capacity * sizeof(uint64_t));
    }
    uint32_t kept = 0, record = (uint32_t)*cursor;
    for (; record < in->records && record - *cursor < (uint64_t)some; record++) {
        int64_t n = number_at(in, record);
        if (fail >= 0 && n >= fail)
            return weir_fail(stage, WEIR_EDATA, "%" PRId64 " is too much", n);
        if (reject > 0 && n % reject == 0) {
            int verdict = weir_reject(stage, in, record, "n", "%" PRId64 " is bad", n);
            if (verdict < 0)
                return verdict;
            if (verdict == WEIR_FULL)
                break;
            continue;
        }
        self->entry[kept++] = in->column[0].entry[record];
    }
    *cursor = record == in->records ? UINT64_MAX : record;
    self->column = in->column[0];
    self->column.entry = self->entry;
    out->batch = (struct weir_batch){.records = kept, .columns = 1, .column = &self->column};
    return 0;
}

static void pass_close(struct weir_stage *stage)
{
    struct pass *self = stage->self;
    if (self != NULL)
        free(self->entry);
    free(self);
    stage->self = NULL;
}

static const struct weir_option pass_options[] = {
    {"reject", WEIR_OPT_COUNT, NULL, NULL, false, "its multiples are rejected"},
    {"fail", WEIR_OPT_COUNT, NULL, NULL, false, "fails from this number on"},
    {"some", WEIR_OPT_COUNT, "1000000", NULL, false, "how many it takes in one call"},
    {0}};

static const struct weir_stage_type pass = {.abi = WEIR_STAGE_ABI,
                                            .size = sizeof(struct weir_stage_type),
                                            .name = "test.pass",
                                            .summary = "passes on",
                                            .options = pass_options,
                                            .traits = WEIR_REJECTS,
                                            .configure = pass_configure,
                                            .bind = pass_bind,
                                            .process = pass_process,
                                            .close = pass_close};

/* ---- a sink: a line a number in a file; its state is the file's length ---- */

struct collect {
    int fd;
    char path[300];
};

static int collect_configure(struct weir_stage *stage)
{
    struct collect *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return WEIR_EOS;
    self->fd = -1;
    snprintf(self->path, sizeof(self->path), "%s", weir_option_string(stage, "path"));
    stage->self = self;
    return 0;
}

static int collect_open(struct weir_stage *stage)
{
    struct collect *self = stage->self;
    uint64_t *length = stage->state;
    self->fd = open(self->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (self->fd < 0 || ftruncate(self->fd, (off_t)*length) < 0)
        return weir_fail_errno(stage, WEIR_ECANTCREATE, "cannot open %s", self->path);
    return 0;
}

static int collect_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                           struct weir_output *out)
{
    struct collect *self = stage->self;
    uint64_t *length = stage->state;
    int64_t enough = weir_option_number(stage, "enough");
    (void)out;
    for (uint32_t record = 0; record < in->records; record++) {
        char line[32];
        int n = snprintf(line, sizeof(line), "%" PRId64 "\n", number_at(in, record));
        if (pwrite(self->fd, line, (size_t)n, (off_t)*length) != n)
            return weir_fail_errno(stage, WEIR_EIO, "cannot write %s", self->path);
        *length += (uint64_t)n;
    }
    *cursor = UINT64_MAX;
    return enough >= 0 && *length >= (uint64_t)enough ? WEIR_ENOUGH : 0;
}

static int collect_publish(struct weir_stage *stage, bool keep, const char **ret_path)
{
    struct collect *self = stage->self;
    if (!keep)
        unlink(self->path);
    *ret_path = keep ? self->path : NULL;
    return 0;
}

static void collect_close(struct weir_stage *stage)
{
    struct collect *self = stage->self;
    if (self != NULL && self->fd >= 0)
        close(self->fd);
    free(self);
    stage->self = NULL;
}

static const struct weir_option collect_options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file"},
    {"enough", WEIR_OPT_COUNT, NULL, NULL, false, "wants no more behind so many bytes"},
    {0}};

static const struct weir_stage_type collect = {.abi = WEIR_STAGE_ABI,
                                               .size = sizeof(struct weir_stage_type),
                                               .name = "test.collect",
                                               .summary = "collects",
                                               .options = collect_options,
                                               .traits = WEIR_SINK | WEIR_ONE_SEAT | WEIR_NO_FUSE,
                                               .state_bytes = 8,
                                               .configure = collect_configure,
                                               .open = collect_open,
                                               .process = collect_process,
                                               .publish = collect_publish,
                                               .close = collect_close};

static const struct weir_stage_type *const types[] = {&numbers, &pass, &collect, NULL};

/* ---- pipelines made by hand ---- */

struct given {
    const struct weir_stage_type *type;
    uint32_t workers;
    bool isolate;
    bool unordered;
    const char *options[8]; /* name, value, ..., NULL */
};

static char folder[64], output[128];

static void add_stage(struct weir_pipeline *pipeline, const struct given *given)
{
    struct graph_stage *stage = &pipeline->stage[pipeline->stages];
    struct weir_errors errors = {0};
    char id[16];
    snprintf(id, sizeof(id), "s%zu", pipeline->stages);
    *stage = (struct graph_stage){.id = strdup(id),
                                  .type = given->type,
                                  .with = weir__node_map(),
                                  .input = (int)pipeline->stages - 1,
                                  .workers = given->workers,
                                  .unordered = given->unordered,
                                  .isolate = given->isolate};
    for (int i = 0; given->options[i] != NULL; i += 2) {
        if (strcmp(given->options[i], "on_error") == 0)
            stage->on_error = ON_ERROR_REJECT;
        else
            weir__node_append(stage->with, given->options[i],
                              weir__node_scalar(given->options[i + 1]));
    }
    ck_assert_int_eq(
        weir__settings_read(given->type->options, stage->with, &errors, &stage->settings), 0);
    pipeline->stages++;
}

static struct weir_pipeline *make_pipeline(const struct given *given, size_t n)
{
    struct weir_pipeline *pipeline = calloc(1, sizeof(*pipeline));
    pipeline->name = strdup("test");
    pipeline->file = strdup("test");
    pipeline->text = strdup("");
    pipeline->stage = calloc(n, sizeof(*pipeline->stage));
    pipeline->slot_bytes = 64 << 10;
    pipeline->slots = 4;
    pipeline->max_record_bytes = 1 << 20;
    pipeline->restarts = 5;
    for (size_t i = 0; i < n; i++)
        add_stage(pipeline, &given[i]);
    return pipeline;
}

/* ---- killing ---- */

struct killer {
    unsigned seed;
    uint32_t kills;
};

static size_t my_workers(pid_t *to, size_t room)
{
    char path[64];
    size_t n = 0;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    int pid;
    if (children == NULL)
        return 0;
    while (n < room && fscanf(children, "%d", &pid) == 1)
        to[n++] = pid;
    fclose(children);
    return n;
}

static void kill_somebody(const struct weir_receipt *so_far, void *context)
{
    struct killer *killer = context;
    pid_t worker[64];
    size_t n = my_workers(worker, 64);
    (void)so_far;
    if (n > 0 && rand_r(&killer->seed) % 2 == 0 &&
        kill(worker[(size_t)rand_r(&killer->seed) % n], SIGKILL) == 0)
        killer->kills++;
}

/* ---- what the tests say ---- */

struct outcome {
    int code;
    struct weir_err err;
    struct weir_receipt *receipt;
};

static struct outcome run_pipeline(const struct given *given, size_t n, struct killer *killer)
{
    struct weir_pipeline *pipeline = make_pipeline(given, n);
    struct weir_plan *plan = NULL;
    struct weir_errors errors = {0};
    struct outcome outcome = {0};
    struct weir_run_options options = {.interval_ms = 3, .context = killer};
    if (killer != NULL)
        options.on_progress = kill_somebody;
    ck_assert_int_eq(weir_plan_make(pipeline, false, &plan, &errors), 0);
    outcome.code = weir_run(plan, &options, &outcome.receipt, &outcome.err);
    weir_plan_free(plan);
    weir_pipeline_free(pipeline);
    pid_t left[4];
    ck_assert_uint_eq(my_workers(left, 4), 0);
    return outcome;
}

/* The file holds 0 .. count - 1 but for multiples of `without`, in order. */
static void assert_collected(uint64_t count, uint64_t without)
{
    FILE *file = fopen(output, "re");
    uint64_t got;
    ck_assert_ptr_nonnull(file);
    for (uint64_t n = 0; n < count; n++) {
        if (without != 0 && n % without == 0)
            continue;
        ck_assert_int_eq(fscanf(file, "%" SCNu64, &got), 1);
        ck_assert_uint_eq(got, n);
    }
    ck_assert_int_eq(fscanf(file, "%" SCNu64, &got), EOF);
    fclose(file);
}

START_TEST(test_numbers_arrive_in_order_with_any_number_of_workers)
{
    static const uint32_t workers[] = {1, 2, 3, 8, 16};
    for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
        const struct given given[] = {
            {&numbers, 0, false, false, {"count", "20000", "batch", "7"}},
            {&pass, workers[i], false, false, {NULL}},
            {&pass, workers[sizeof(workers) / sizeof(workers[0]) - 1 - i], true, false, {NULL}},
            {&collect, 0, false, false, {"path", output}}};
        struct outcome outcome = run_pipeline(given, 4, NULL);
        ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
        ck_assert(outcome.receipt->balanced);
        ck_assert_uint_eq(outcome.receipt->stage[0].out, 20000);
        ck_assert_uint_eq(outcome.receipt->stage[3].in, 20000);
        ck_assert_str_eq(outcome.receipt->stage[3].published, output);
        assert_collected(20000, 0);
        weir_receipt_free(outcome.receipt);
    }
}
END_TEST

START_TEST(test_a_source_that_makes_nothing_ends_the_run)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "0"}},
                                  {&pass, 3, false, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 3, NULL);
    ck_assert_int_eq(outcome.code, 0);
    assert_collected(0, 0);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_a_batch_larger_than_a_slot_goes_through_in_parts)
{
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "200000", "batch", "50000"}},
        {&pass, 3, true, false, {"some", "777"}},
        {&pass, 4, true, false, {"some", "3001"}},
        {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 4, NULL);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->balanced);
    assert_collected(200000, 0);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_killed_workers_change_nothing)
{
    struct killer killer = {.seed = (unsigned)_i + 1};
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "300000", "batch", "20"}},
        {&pass, 3, false, false, {"reject", "3", "on_error", "", NULL}},
        {&pass, 2, true, false, {"some", "9"}},
        {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 4, &killer);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->balanced);
    ck_assert_uint_eq(outcome.receipt->stage[1].rejected, 100000);
    ck_assert_uint_eq(outcome.receipt->stage[3].in, 200000);
    ck_assert_uint_ge(outcome.receipt->restarts, 1);
    assert_collected(300000, 3);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_killed_workers_change_nothing_where_batches_have_parts)
{
    struct killer killer = {.seed = (unsigned)_i + 100};
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "600000", "batch", "30000"}},
        {&pass, 2, false, false, {"some", "5000"}},
        {&pass, 3, true, false, {"some", "2000", "reject", "7", "on_error", ""}},
        {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 4, &killer);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->balanced);
    assert_collected(600000, 7);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_the_lowest_failure_is_reported_whatever_the_number_of_workers)
{
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        const struct given given[] = {
            {&numbers, 0, false, false, {"count", "100000", "batch", "10"}},
            {&pass, workers, false, false, {"fail", "5003"}},
            {&pass, workers, true, false, {NULL}},
            {&collect, 0, false, false, {"path", output}}};
        struct outcome outcome = run_pipeline(given, 4, NULL);
        ck_assert_int_eq(outcome.code, WEIR_EDATA);
        ck_assert_str_eq(outcome.err.text, "stage 's1': 5003 is too much");
        ck_assert(!outcome.receipt->published);
        ck_assert_int_eq(access(output, F_OK), -1);
        weir_receipt_free(outcome.receipt);
    }
}
END_TEST

START_TEST(test_a_source_that_fails_publishes_nothing)
{
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "100000", "fail_at", "777"}},
        {&pass, 2, false, false, {NULL}},
        {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 3, NULL);
    ck_assert_int_eq(outcome.code, WEIR_EIO);
    ck_assert_str_eq(outcome.err.text, "stage 's0': the source broke");
    ck_assert_int_eq(access(output, F_OK), -1);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_a_sink_that_has_enough_ends_an_endless_run)
{
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "1000000000000"}},
        {&pass, 4, false, false, {NULL}},
        {&pass, 2, true, false, {NULL}},
        {&collect, 0, false, false, {"path", output, "enough", "2890"}}};
    struct outcome outcome = run_pipeline(given, 4, NULL);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->ended_early);
    ck_assert(outcome.receipt->balanced);
    assert_collected(750, 0); /* 2,890 bytes: 10 of 2, 90 of 3, 650 of 4 */
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_without_order_every_number_arrives_once)
{
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "30000", "batch", "5"}},
        {&pass, 4, false, true, {NULL}},
        {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 3, NULL);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    FILE *file = fopen(output, "re");
    bool *seen = calloc(30000, sizeof(bool));
    uint64_t n, count = 0;
    while (fscanf(file, "%" SCNu64, &n) == 1) {
        ck_assert(n < 30000 && !seen[n]);
        seen[n] = true;
        count++;
    }
    ck_assert_uint_eq(count, 30000);
    free(seen);
    fclose(file);
    weir_receipt_free(outcome.receipt);
}
END_TEST

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(output, sizeof(output), "%s/numbers", folder);
}

static void remove_folder(void)
{
    unlink(output);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else may be left there */
}

int main(void)
{
    struct weir_err err = {0};
    if (weir_register(types, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    Suite *suite = suite_create("run");
    TCase *plain = tcase_create("plain"), *killed = tcase_create("killed");
    tcase_add_checked_fixture(plain, make_folder, remove_folder);
    tcase_add_checked_fixture(killed, make_folder, remove_folder);
    tcase_set_timeout(plain, 120);
    tcase_set_timeout(killed, 300);
    tcase_add_test(plain, test_numbers_arrive_in_order_with_any_number_of_workers);
    tcase_add_test(plain, test_a_source_that_makes_nothing_ends_the_run);
    tcase_add_test(plain, test_a_batch_larger_than_a_slot_goes_through_in_parts);
    tcase_add_test(plain, test_the_lowest_failure_is_reported_whatever_the_number_of_workers);
    tcase_add_test(plain, test_a_source_that_fails_publishes_nothing);
    tcase_add_test(plain, test_a_sink_that_has_enough_ends_an_endless_run);
    tcase_add_test(plain, test_without_order_every_number_arrives_once);
    tcase_add_loop_test(killed, test_killed_workers_change_nothing, 0, 6);
    tcase_add_loop_test(killed, test_killed_workers_change_nothing_where_batches_have_parts, 0, 6);
    suite_add_tcase(suite, plain);
    suite_add_tcase(suite, killed);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
