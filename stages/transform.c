#include "transform.h"

#include <stdlib.h>
#include <string.h>

#include <weir/expr.h>

#include "limit.h"
#include "file/subset.h"
#include "transform_steps.h"

static const struct weir_option options[] = {
    {"where", WEIR_OPT_EXPR, NULL, NULL, false, "the condition that records must meet to stay"},
    {"set", WEIR_OPT_EXPR_MAP, NULL, NULL, false,
     "columns to compute, new ones or in the place of others; each sees those before it"},
    {"select", WEIR_OPT_LIST, NULL, NULL, false, "the columns that stay, in this order"},
    {"drop", WEIR_OPT_LIST, NULL, NULL, false, "the columns that go"},
    {"rename", WEIR_OPT_MAP, NULL, NULL, false, "new names for columns: {old: new}"},
    {"limit", WEIR_OPT_COUNT, NULL, "0..", false, "the number of records after which to stop"},
    {"lookup", WEIR_OPT_STAGES, NULL, "lookup", false,
     "columns to add before all else, from small CSV files: {column: {path: FILE, key: ITS_COLUMN, "
     "take: [ITS_COLUMNS]}}"},
    {0}};

struct transform {
    struct transform_steps steps;
    bool *in_needed;

    /* The batch in hand, until the next call. The records that where keeps are called rows; row r
     * is record kept[r] of the input. */
    const struct weir_batch *in;
    uint32_t *kept;
    uint32_t kept_capacity;
    uint32_t rows;
    bool *dead; /* a row that a set could not compute */
    uint32_t dead_capacity;
    uint32_t stop; /* the input's record to go on from, in->records if this batch gets done */
    struct weir_column *working;
    struct weir_column *output;
    uint32_t outputs;
    struct gathered *for_working, *for_output;
    struct weir_expr_errors *errors; /* of each set */
    size_t *settled;                 /* how many of them have been dealt with */

    struct subset refused; /* by where, if somebody reads `else` */
    uint32_t *gone; /* records that where could not be computed for, and that went elsewhere */
    uint32_t gone_count, gone_capacity;
};

static const char *const other_outputs[] = {"else"};

/* ---- planning ---- */

static int transform_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct transform));
    if (stage->self == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    if (weir_option_given(stage, "select") && weir_option_given(stage, "drop"))
        return weir_option_error(stage, "drop", NULL, 0, 0, "select alone says which columns stay",
                                 "'select' and 'drop' cannot both be given");
    return 0;
}

static int transform_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct transform *self = stage->self;
    if (stage->in->raw)
        return weir_fail(stage, WEIR_ECONFIG,
                         "a transform works on records, and what comes in is "
                         "text that has not been parsed");
    return weir__transform_bind(stage, &self->steps, ret);
}

static void transform_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct transform *self = stage->self;
    const bool *refused = weir_output_needed(stage, 0);
    weir__transform_needs(&self->steps, stage->in, stage->out->columns, stage->needed, in_needed);
    for (uint32_t c = 0; refused != NULL && c < stage->in->columns; c++)
        in_needed[c] = in_needed[c] || refused[c];
}

static uint32_t transform_outputs(const struct weir_stage *stage, const char *const **ret)
{
    *ret = other_outputs;
    return weir_option_given(stage, "where") ? 1 : 0;
}

static int transform_open(struct weir_stage *stage)
{
    struct transform *self = stage->self;
    size_t working = self->steps.working.columns + 1u, outputs = stage->out->columns + 1u;
    size_t sets = self->steps.sets + 1;
    self->outputs = stage->out->columns;
    self->in_needed = calloc(working, sizeof(*self->in_needed));
    self->working = calloc(working, sizeof(*self->working));
    self->for_working = calloc(working, sizeof(*self->for_working));
    self->output = calloc(outputs, sizeof(*self->output));
    self->for_output = calloc(outputs, sizeof(*self->for_output));
    self->errors = calloc(sets, sizeof(*self->errors));
    self->settled = calloc(sets, sizeof(*self->settled));
    if (self->in_needed == NULL || self->working == NULL || self->for_working == NULL ||
        self->output == NULL || self->for_output == NULL || self->errors == NULL ||
        self->settled == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    transform_needs(stage, self->in_needed);
    return 0;
}

static void transform_close(struct weir_stage *stage)
{
    struct transform *self = stage->self;
    if (self == NULL)
        return;
    for (uint32_t c = 0; self->for_working != NULL && c < self->steps.working.columns; c++)
        free(self->for_working[c].entry);
    for (uint32_t c = 0; self->for_output != NULL && c < self->outputs; c++)
        free(self->for_output[c].entry);
    weir__transform_release(&self->steps);
    free(self->in_needed);
    free(self->kept);
    free(self->dead);
    free(self->working);
    free(self->output);
    free(self->for_working);
    free(self->for_output);
    free(self->errors);
    free(self->settled);
    weir__subset_release(&self->refused);
    free(self->gone);
    free(self);
    stage->self = NULL;
}

/* ---- memory ---- */

static int failed(struct weir_stage *stage, int code)
{
    if (code == WEIR_EDATA)
        return weir_fail(stage, code, "expressions make more than 256 MiB of text of one batch");
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

/* ---- where ---- */

/* How many of the records [from, to) have that truth. */
static uint32_t count_of(const uint8_t *truth, uint32_t from, uint32_t to, enum weir_truth which)
{
    uint32_t count = 0;
    for (uint32_t r = from; r < to; r++)
        count += truth[r] == which;
    return count;
}

static int keep(struct weir_stage *stage, uint32_t from, const uint8_t **ret_truth,
                struct weir_expr_errors *ret_errors)
{
    struct transform *self = stage->self;
    const struct weir_batch *in = self->in;
    uint32_t rows = 0;
    if (self->steps.where != NULL) {
        int code = weir_expr_filter(self->steps.where, in, from, ret_truth, ret_errors);
        if (code != 0)
            return failed(stage, code);
    }
    if (!weir__reserve((void **)&self->kept, &self->kept_capacity, in->records + 1u,
                       sizeof(*self->kept)) ||
        !weir__reserve((void **)&self->dead, &self->dead_capacity, in->records + 1u,
                       sizeof(*self->dead)))
        return failed(stage, WEIR_EOS);
    for (uint32_t r = from; r < in->records; r++) {
        self->kept[rows] = r;
        rows += *ret_truth == NULL || (*ret_truth)[r] == WEIR_TRUE;
    }
    self->rows = rows;
    memset(self->dead, 0, rows * sizeof(*self->dead));
    return 0;
}

/* ---- set ---- */

static int take_columns(struct weir_stage *stage)
{
    struct transform *self = stage->self;
    for (uint32_t c = 0; c < stage->in->columns; c++) {
        const struct weir_column *from = &self->in->column[c];
        self->working[c] = (struct weir_column){0};
        if (!self->in_needed[c] || from->entry == NULL)
            continue;
        if (self->rows == self->in->records) /* all of them: no copy */
            self->working[c] = *from;
        else if (!weir__gather(&self->for_working[c], from, self->kept, self->rows,
                               &self->working[c]))
            return failed(stage, WEIR_EOS);
    }
    return 0;
}

static int compute(struct weir_stage *stage)
{
    struct transform *self = stage->self;
    struct weir_batch rows = {
        .records = self->rows, .columns = self->steps.working.columns, .column = self->working};
    for (size_t i = 0; i < self->steps.sets; i++) {
        const struct transform_set *set = &self->steps.set[i];
        struct weir_column column;
        int code = weir_expr_column(set->expr, &rows, &column, &self->errors[i]);
        if (code != 0)
            return failed(stage, code);
        self->working[set->target] = column;
        self->settled[i] = 0;
    }
    return 0;
}

/* ---- records that could not be computed ---- */

static int reject(struct weir_stage *stage, uint32_t record, const struct weir_expr_error *error,
                  const struct transform_set *set)
{
    const struct transform *self = stage->self;
    char text[256];
    const char *column = set == NULL ? NULL : set->name;
    if (error->column >= 0)
        column = self->steps.working.column[error->column].name;
    weir_expr_error_text(error, text, sizeof(text));
    return weir_reject(stage, self->in, record, column, "%s (%s%s)", text,
                       set == NULL ? "where" : "set ", set == NULL ? "" : set->name);
}

/* The errors of one row, from the first set to the last. WEIR_SKIP: it is gone, or all is well. */
static int settle_row(struct weir_stage *stage, uint32_t row)
{
    struct transform *self = stage->self;
    for (size_t i = 0; i < self->steps.sets; i++) {
        const struct weir_expr_errors *errors = &self->errors[i];
        if (self->settled[i] == errors->count || errors->list[self->settled[i]].record != row)
            continue;
        const struct weir_expr_error *error = &errors->list[self->settled[i]++];
        if (self->dead[row])
            continue;
        int verdict = reject(stage, self->kept[row], error, &self->steps.set[i]);
        if (verdict < 0 || verdict == WEIR_FULL)
            return verdict;
        self->dead[row] = verdict == WEIR_SKIP; /* else the value is null, as it is already */
    }
    return WEIR_SKIP;
}

/* The next row with an error of a set; rows if there is none. */
static uint32_t next_row(const struct transform *self)
{
    uint32_t next = self->rows;
    for (size_t i = 0; i < self->steps.sets; i++) {
        const struct weir_expr_errors *errors = &self->errors[i];
        if (self->settled[i] < errors->count && errors->list[self->settled[i]].record < next)
            next = errors->list[self->settled[i]].record;
    }
    return next;
}

/*
 * Deals with the errors of where and of the sets, in the order of the records, until all are done,
 * or there is no room to set the next one aside, or it ends the run: then self->stop is that
 * record. The run ends only once nothing of the batch stands before it. Those of where that were
 * not refused but rejected are listed as gone.
 */
static int settle(struct weir_stage *stage, uint32_t from, const struct weir_expr_errors *where)
{
    struct transform *self = stage->self;
    size_t done = 0;
    if (!weir__reserve((void **)&self->gone, &self->gone_capacity, (uint32_t)where->count + 1,
                       sizeof(*self->gone)))
        return failed(stage, WEIR_EOS);
    for (;;) {
        uint32_t row = next_row(self);
        uint32_t set_record = row < self->rows ? self->kept[row] : UINT32_MAX;
        uint32_t where_record = done < where->count ? where->list[done].record : UINT32_MAX;
        uint32_t record = where_record < set_record ? where_record : set_record;
        if (record == UINT32_MAX)
            return 0;
        int verdict = where_record < set_record
                          ? reject(stage, where_record, &where->list[done], NULL)
                          : settle_row(stage, row);
        if (verdict < 0 && record == from)
            return verdict;
        if (verdict < 0 || verdict == WEIR_FULL) {
            self->stop = record;
            return 0;
        }
        if (where_record < set_record) {
            done++;
            if (verdict == WEIR_SKIP)
                self->gone[self->gone_count++] = where_record;
        }
    }
}

/* ---- what comes out ---- */

static void transform_locate(const struct weir_batch *batch, uint32_t record,
                             struct weir_position *ret)
{
    const struct transform *self = batch->locate_context;
    self->in->locate(self->in, self->kept[record], ret);
}

/* Leaves out the dead rows and those from self->stop on. Returns the rows that stay, *row being
 * their old numbers. */
static uint32_t *living(struct transform *self, uint32_t *ret_rows)
{
    uint32_t rows = 0;
    uint32_t *row = malloc((self->rows + 1u) * sizeof(*row));
    for (uint32_t r = 0; row != NULL && r < self->rows && self->kept[r] < self->stop; r++) {
        row[rows] = r;
        rows += !self->dead[r];
    }
    *ret_rows = rows;
    return row;
}

/* The output's columns where some rows have gone. */
static int compact(struct weir_stage *stage)
{
    struct transform *self = stage->self;
    uint32_t rows, *row = living(self, &rows);
    if (row == NULL)
        return failed(stage, WEIR_EOS);
    int code = 0;
    for (uint32_t c = 0; c < self->outputs && code == 0; c++)
        if (self->output[c].entry != NULL &&
            !weir__gather(&self->for_output[c], &self->output[c], row, rows, &self->output[c]))
            code = failed(stage, WEIR_EOS);
    for (uint32_t i = 0; i < rows; i++)
        self->kept[i] = self->kept[row[i]];
    self->rows = rows;
    free(row);
    return code;
}

static int put_out(struct weir_stage *stage, bool whole, struct weir_output *out)
{
    struct transform *self = stage->self;
    for (uint32_t c = 0; c < self->outputs; c++)
        self->output[c] =
            stage->needed[c] ? self->working[self->steps.output[c]] : (struct weir_column){0};
    int code = whole ? 0 : compact(stage);
    if (code != 0)
        return code;
    out->batch = (struct weir_batch){.records = self->rows,
                                     .columns = self->outputs,
                                     .column = self->output,
                                     .locate = self->in->locate == NULL ? NULL : transform_locate,
                                     .locate_context = self};
    return 0;
}

/* What where has refused: for `else`, or dropped. */
static int refuse(struct weir_stage *stage, uint32_t from, const uint8_t *truth,
                  struct weir_output *out)
{
    struct transform *self = stage->self;
    const bool *needed = weir_output_needed(stage, 0);
    uint32_t gone = 0;
    if (needed == NULL) {
        uint32_t nulls = count_of(truth, from, self->stop, WEIR_UNKNOWN) - self->gone_count;
        stage->count.dropped += count_of(truth, from, self->stop, WEIR_FALSE) + nulls;
        stage->count.null_dropped += nulls;
        return 0;
    }
    if (!weir__subset_begin(&self->refused, self->in))
        return failed(stage, WEIR_EOS);
    for (uint32_t r = from; r < self->stop; r++) {
        if (gone < self->gone_count && self->gone[gone] == r)
            gone++;
        else if (truth[r] != WEIR_TRUE)
            weir__subset_add(&self->refused, r);
    }
    return weir__subset_batch(&self->refused, needed, &out->other[0]) ? 0 : failed(stage, WEIR_EOS);
}

static bool has_errors(const struct transform *self, const struct weir_expr_errors *where)
{
    return where->count > 0 || next_row(self) < self->rows;
}

static int transform_process(struct weir_stage *stage, const struct weir_batch *in,
                             uint64_t *cursor, struct weir_output *out)
{
    struct transform *self = stage->self;
    const uint8_t *truth = NULL;
    struct weir_expr_errors where = {NULL, 0};
    uint32_t from = (uint32_t)*cursor;
    self->in = in;
    self->stop = in->records;
    self->gone_count = 0;
    int code = keep(stage, from, &truth, &where);
    if (code == 0)
        code = take_columns(stage);
    if (code == 0)
        code = compute(stage);
    bool whole = code != 0 || !has_errors(self, &where);
    if (!whole)
        code = settle(stage, from, &where);
    if (code == 0)
        code = put_out(stage, whole, out);
    if (code == 0 && truth != NULL)
        code = refuse(stage, from, truth, out);
    if (code != 0)
        return code;
    *cursor = self->stop == in->records ? UINT64_MAX : self->stop;
    return 0;
}

/* ---- the types ---- */

const struct weir_stage_type weir_stage_transform_eval = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "transform.eval",
    .summary = "keeps, computes and chooses",
    .options = options,
    .traits = WEIR_INNER | WEIR_REJECTS | WEIR_SANDBOX_STRICT,
    .configure = transform_configure,
    .bind = transform_bind,
    .needs = transform_needs,
    .outputs = transform_outputs,
    .open = transform_open,
    .process = transform_process,
    .close = transform_close,
};

static const struct weir_stage_type *const inner[] = {&weir_stage_transform_eval, &weir_stage_limit,
                                                      NULL};

#define TRANSFORM_DOC                                                                              \
    "Works on the records of any source, in this order: lookup, where, set, select or drop, "      \
    "rename, limit.\n"                                                                             \
    "Conditions and computed columns are expressions: the scalar part of SQL, described in "       \
    "docs/expressions.md.\n"                                                                       \
    "They are checked before anything runs.\n"                                                     \
    "\n"                                                                                           \
    "A record for which 'where' is false or null is dropped, and counted, unless a stage reads "   \
    "the port `else`,\n"                                                                           \
    "where such records go as they came in. One that an "                                          \
    "expression cannot be\n"                                                                       \
    "computed for (a value that is not a number, a division by zero) is dealt with as on_error "   \
    "says. With\n"                                                                                 \
    "set_null the new column is null, or the condition, when one column is to blame or one is "    \
    "set.\n"                                                                                       \
    "\n"                                                                                           \
    "Each column under 'lookup' is a stage `lookup` before this one, with its options: one that "  \
    "is not found gives nulls, or with `missing: reject` a record that on_error decides about. "   \
    "What several of them and the expressions reject comes into the file of rejects in any order."

const struct weir_stage_type weir_stage_transform = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "transform",
    .summary = "keeps records that meet a condition, computes columns, chooses and renames them",
    .doc = TRANSFORM_DOC,
    .options = options,
    .inner = inner,
};

const struct weir_stage_type weir_stage_csv_transform = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.transform",
    .summary = "the same as transform",
    .doc = TRANSFORM_DOC,
    .options = options,
    .inner = inner,
};
