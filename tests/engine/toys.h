/*
 * toys.h - small stage types for tests of the engine: a source that makes numbers, a stage that
 * passes them on (and rejects or fails where it is told to), a sink that collects them in a file.
 * What the file holds is known beforehand, whatever is killed.
 *
 * No assertion of Check's stands in the stages: a worker has closed Check's descriptors.
 */
#ifndef WEIR_TESTS_TOYS_H
#define WEIR_TESTS_TOYS_H

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

#include <weir/engine.h>

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
    self->heap = malloc(self->batch * 24u);
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
    const char *letter = weir_option_string(stage, "letter");
    uint32_t used = 0, n = 0;
    while (n < self->batch && *next < count) {
        int length = sprintf(self->heap + used, "%" PRIu64 "%.1s", *next, letter);
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
    {"letter", WEIR_OPT_STRING, "", NULL, false, "what stands behind each"},
    {"fail_at", WEIR_OPT_COUNT, NULL, NULL, false, "the number behind which it breaks"},
    {0}};

static const struct weir_stage_type numbers = {.abi = WEIR_STAGE_ABI,
                                               .size = sizeof(struct weir_stage_type),
                                               .name = "test.numbers",
                                               .summary = "makes numbers",
                                               .options = numbers_options,
                                               .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE,
                                               .state_bytes = 8,
                                               .configure = numbers_configure,
                                               .probe = numbers_probe,
                                               .bind = numbers_bind,
                                               .produce = numbers_produce,
                                               .close = numbers_close};

/* ---- the same numbers as text, in splits of a batch each; and a stage that reads the text ----
 *
 * A split is told by the one before which number it begins with, and does not believe another. */

static int pieces_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    uint64_t count = (uint64_t)weir_option_number(stage, "count"),
             batch = (uint64_t)weir_option_number(stage, "batch");
    ret->splits = (count + batch - 1) / batch;
    return weir_schema_add(&ret->schema, "n", WEIR_INTEGER);
}

static int pieces_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    (void)stage;
    ret->raw = true;
    return 0;
}

static int pieces_read_split(struct weir_stage *stage, uint64_t split, struct weir_batch *ret)
{
    struct numbers *self = stage->self;
    uint64_t first, count = (uint64_t)weir_option_number(stage, "count");
    int code = weir_split_receive(stage, &first);
    if (code != 0)
        return code;
    if (first != split * self->batch)
        return weir_fail(stage, WEIR_EINTERNAL, "split %" PRIu64 " received %" PRIu64, split,
                         first);
    weir_split_hand_on(stage, first + self->batch);
    if (weir_option_number(stage, "fail_at") >= 0 &&
        first + self->batch > (uint64_t)weir_option_number(stage, "fail_at"))
        return weir_fail(stage, WEIR_EIO, "the source broke");
    size_t used = 0;
    for (uint64_t n = first; n < first + self->batch && n < count; n++)
        used += (size_t)sprintf(self->heap + used, "%" PRIu64 "\n", n);
    *ret = (struct weir_batch){
        .bytes = self->heap, .byte_count = used, .origin = {.file = UINT32_MAX, .line = first + 1}};
    return 0;
}

static const struct weir_stage_type pieces = {.abi = WEIR_STAGE_ABI,
                                              .size = sizeof(struct weir_stage_type),
                                              .name = "test.pieces",
                                              .summary = "makes numbers, in splits",
                                              .options = numbers_options,
                                              .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE,
                                              .configure = numbers_configure,
                                              .probe = pieces_probe,
                                              .bind = pieces_bind,
                                              .produce = numbers_produce,
                                              .read_split = pieces_read_split,
                                              .close = numbers_close};

struct digits {
    uint64_t *entry;
    struct weir_column column;
};

static int digits_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct digits));
    return stage->self == NULL ? WEIR_EOS : 0;
}

static int digits_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    return weir_schema_add(ret, stage->in->column[0].name, WEIR_INTEGER);
}

static int digits_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct digits *self = stage->self;
    uint32_t records = 0;
    self->entry = realloc(self->entry, (in->byte_count / 2 + 1) * sizeof(uint64_t));
    for (const char *at = in->bytes, *end; at < in->bytes + in->byte_count; at = end + 1) {
        end = strchr(at, '\n');
        self->entry[records++] = weir_entry((uint32_t)(at - in->bytes), (uint32_t)(end - at));
    }
    self->column = (struct weir_column){self->entry, in->bytes, (uint32_t)in->byte_count};
    out->batch = (struct weir_batch){.records = records, .columns = 1, .column = &self->column};
    stage->count.in += records;
    *cursor = UINT64_MAX;
    return 0;
}

static size_t digits_first_record(struct weir_stage *stage, const struct weir_batch *in,
                                  uint64_t *ret_lines)
{
    (void)stage;
    *ret_lines = 1;
    return (size_t)(strchr(in->bytes, '\n') - in->bytes) + 1;
}

static void digits_close(struct weir_stage *stage)
{
    struct digits *self = stage->self;
    if (self != NULL)
        free(self->entry);
    free(self);
    stage->self = NULL;
}

static const struct weir_stage_type digits = {.abi = WEIR_STAGE_ABI,
                                              .size = sizeof(struct weir_stage_type),
                                              .name = "test.digits",
                                              .summary = "reads numbers",
                                              .configure = digits_configure,
                                              .bind = digits_bind,
                                              .process = digits_process,
                                              .first_record = digits_first_record,
                                              .close = digits_close};

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
            some = weir_option_number(stage, "some"),
            enough = weir_option_given(stage, "enough") ? weir_option_number(stage, "enough") : -1;
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
    bool full = enough >= 0 && record > 0 && number_at(in, record - 1) >= enough;
    if (full)
        *cursor = UINT64_MAX;
    self->column = in->column[0];
    self->column.entry = self->entry;
    out->batch = (struct weir_batch){.records = kept, .columns = 1, .column = &self->column};
    return full ? WEIR_ENOUGH : 0;
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
    {"enough", WEIR_OPT_COUNT, NULL, NULL, false, "wants no more from this number on"},
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
        char line[128];
        struct weir_value value = weir_value(&in->column[0], record);
        int n = snprintf(line, sizeof(line), "%.*s\n", (int)value.length, value.data);
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

static const struct weir_stage_type *const types[] = {&numbers, &pieces,  &digits,
                                                      &pass,    &collect, NULL};

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
                                  .inputs = pipeline->stages > 0,
                                  .workers = given->workers,
                                  .unordered = given->unordered,
                                  .isolate = given->isolate};
    if (stage->inputs > 0)
        stage->input[0].stage = (uint32_t)pipeline->stages - 1;
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

/* What a run has come to. */
struct outcome {
    int code;
    struct weir_err err;
    struct weir_receipt *receipt;
};

/* Plans and runs a pipeline, which is released. */
static struct outcome run_to_end(struct weir_pipeline *pipeline,
                                 const struct weir_supervise_options *options)
{
    struct weir_plan *plan = NULL;
    struct weir_errors errors = {0};
    struct outcome outcome = {0};
    ck_assert_int_eq(weir_plan_make(pipeline, false, &plan, &errors), 0);
    outcome.code = weir_supervise(plan, options, &outcome.receipt, &outcome.err);
    weir_plan_free(plan);
    weir_pipeline_free(pipeline);
    return outcome;
}

/* ---- what was collected ---- */

/* The file holds 0 .. count - 1, in order, but for the numbers that leave `rest` when divided by
 * `of`. */
static inline void assert_collected_but(uint64_t count, uint64_t of, uint64_t rest)
{
    FILE *file = fopen(output, "re");
    uint64_t got;
    ck_assert_ptr_nonnull(file);
    for (uint64_t n = 0; n < count; n++) {
        if (of != 0 && n % of == rest)
            continue;
        ck_assert_int_eq(fscanf(file, "%" SCNu64, &got), 1);
        ck_assert_uint_eq(got, n);
    }
    ck_assert_int_eq(fscanf(file, "%" SCNu64, &got), EOF);
    fclose(file);
}

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

#endif
