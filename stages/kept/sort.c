#include "kept/sort.h"

#include <stdio.h>
#include <strings.h>

#include <weir/expr.h>

#include "kept/runs.h"
#include "kept/place.h"
#include "kept/sort_key.h"
#include "kept/values.h"

static const struct weir_option options[] = {
    {"by", WEIR_OPT_LIST, NULL, NULL, true,
     "the columns or expressions to sort by, each with desc behind it for the other way round"},
    {0}};

/* ---- sort.run ---- */

struct sort_by {
    struct weir_expr *expr;
    enum weir_type type;
    bool descending;
    struct weir_column column; /* of the batch in hand */
    struct weir_expr_errors errors;
    size_t settled; /* of the errors */
};

struct run_state {
    struct runs_state runs;
    struct place_state place;
};

struct sort_run {
    struct sort_by *by;
    size_t bys;
    struct rows rows;
};

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

static int run_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct sort_run));
    return stage->self == NULL ? no_memory(stage) : 0;
}

/* How long the text is without the word and the blanks before it; 0: it does not end with it. */
static size_t without_word(const char *text, size_t bytes, const char *word)
{
    size_t n = strlen(word);
    if (bytes <= n || strncasecmp(text + bytes - n, word, n) != 0 || text[bytes - n - 1] != ' ')
        return 0;
    for (bytes -= n; bytes > 0 && text[bytes - 1] == ' ';)
        bytes--;
    return bytes;
}

static int bind_one(struct weir_stage *stage, struct sort_by *by, const char *item)
{
    struct weir_expr_fault fault;
    size_t bytes = strlen(item), descending = without_word(item, bytes, "desc"),
           ascending = without_word(item, bytes, "asc");
    by->descending = descending > 0;
    bytes = descending > 0 ? descending : ascending > 0 ? ascending : bytes;
    char *text = strndup(item, bytes);
    if (text == NULL)
        return no_memory(stage);
    int code = weir_expr_compile(text, stage->in, &by->expr, &fault);
    free(text);
    if (code == WEIR_ECONFIG)
        return weir_option_error(stage, "by", item, fault.offset, fault.span,
                                 fault.note[0] == '\0' ? NULL : fault.note, "%s", fault.text);
    if (code < 0)
        return no_memory(stage);
    by->type = weir_expr_type(by->expr);
    return 0;
}

static int run_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct sort_run *self = stage->self;
    const char *const *item;
    int worst = 0;
    if (stage->in->raw)
        return weir_fail(stage, WEIR_ECONFIG,
                         "what comes in is text that has not been parsed: there are no records "
                         "to sort");
    self->bys = weir_option_list(stage, "by", &item);
    self->by = calloc(self->bys + 1, sizeof(*self->by));
    if (self->by == NULL || weir_schema_copy(ret, stage->in) != 0)
        return no_memory(stage);
    ret->raw = true; /* the columns are those that the rows hold */
    for (size_t i = 0; i < self->bys; i++) {
        int code = bind_one(stage, &self->by[i], item[i]);
        worst = code < 0 ? code : worst;
    }
    return worst;
}

static void run_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct sort_run *self = stage->self;
    memcpy(in_needed, stage->needed, stage->in->columns * sizeof(*in_needed));
    for (size_t i = 0; i < self->bys; i++) {
        const uint32_t *column;
        size_t columns = weir_expr_columns(self->by[i].expr, &column);
        for (size_t c = 0; c < columns; c++)
            in_needed[column[c]] = true;
    }
}

static void run_close(struct weir_stage *stage)
{
    struct sort_run *self = stage->self;
    if (self == NULL)
        return;
    for (size_t i = 0; self->by != NULL && i < self->bys; i++)
        weir_expr_free(self->by[i].expr);
    free(self->by);
    weir__rows_release(&self->rows);
    free(self);
    stage->self = NULL;
}

static int evaluate(struct weir_stage *stage, struct sort_run *self, const struct weir_batch *in)
{
    for (size_t i = 0; i < self->bys; i++) {
        struct sort_by *by = &self->by[i];
        int code = weir_expr_column(by->expr, in, &by->column, &by->errors);
        by->settled = 0;
        if (code == WEIR_EDATA)
            return weir_fail(stage, code,
                             "expressions make more than 256 MiB of text of one batch");
        if (code < 0)
            return no_memory(stage);
    }
    return 0;
}

/* A record that cannot be computed what it is sorted by of. As weir_reject; SET_NULL: all is well,
 * or null is taken. */
static int check_record(struct weir_stage *stage, struct sort_run *self,
                        const struct weir_batch *in, uint32_t record)
{
    for (size_t i = 0; i < self->bys; i++) {
        struct sort_by *by = &self->by[i];
        char text[256];
        while (by->settled < by->errors.count && by->errors.list[by->settled].record < record)
            by->settled++;
        if (by->settled == by->errors.count || by->errors.list[by->settled].record != record)
            continue;
        const struct weir_expr_error *error = &by->errors.list[by->settled];
        weir_expr_error_text(error, text, sizeof(text));
        int verdict = weir_reject(stage, in, record,
                                  error->column < 0 ? NULL : stage->in->column[error->column].name,
                                  "%s (by)", text);
        if (verdict != WEIR_SET_NULL)
            return verdict;
    }
    return WEIR_SET_NULL;
}

static int add_row(struct weir_stage *stage, struct sort_run *self, const struct weir_batch *in,
                   uint32_t record)
{
    const struct run_state *state = stage->state;
    struct bytes *to = &self->rows.bytes;
    weir__rows_begin(&self->rows);
    for (size_t i = 0; i < self->bys; i++)
        weir__sort_key_add(to, self->by[i].type, self->by[i].descending,
                           weir_value(&self->by[i].column, record));
    place_add(&state->place, record, to);
    weir__rows_end_key(&self->rows);
    for (uint32_t c = 0; c < in->columns; c++)
        if (stage->needed[c])
            value_write(to, weir_value(&in->column[c], record));
    return weir__rows_end(&self->rows) ? 0 : no_memory(stage);
}

static int run_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                       struct weir_output *out)
{
    struct sort_run *self = stage->self;
    struct run_state *state = stage->state;
    uint32_t from = (uint32_t)*cursor, record = from;
    (void)out;
    place_begin(stage, &state->place);
    weir__rows_clear(&self->rows);
    int code = evaluate(stage, self, in);
    for (; record < in->records && code == 0; record++) {
        int verdict = check_record(stage, self, in, record);
        if (verdict < 0 && record == from)
            return verdict;
        if (verdict < 0 || verdict == WEIR_FULL)
            break;
        if (verdict == WEIR_SET_NULL)
            code = add_row(stage, self, in, record);
    }
    if (code == 0)
        code = weir__runs_append(stage, &state->runs, &self->rows);
    if (code < 0)
        return code;
    *cursor = record;
    if (record == in->records) {
        place_end(&state->place, in);
        *cursor = UINT64_MAX;
    }
    return 0;
}

static int write_row(struct weir_stage *stage, const struct row *row, struct run_writer *writer)
{
    (void)stage;
    if (row != NULL)
        weir__run_add(writer, row);
    return 0;
}

static int run_finish(struct weir_stage *stage, struct weir_output *out)
{
    const struct run_state *state = stage->state;
    return weir__runs_finish(stage, &state->runs, write_row, out);
}

const struct weir_stage_type weir_sort_run = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "sort.run",
    .summary = "keeps records in sorted runs",
    .traits = WEIR_INNER | WEIR_TOTALS | WEIR_KEEPS | WEIR_REJECTS | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct run_state),
    .configure = run_configure,
    .bind = run_bind,
    .needs = run_needs,
    .process = run_process,
    .finish = run_finish,
    .close = run_close,
};

/* ---- sort.merge ---- */

/* Committed with each batch. */
struct merge_state {
    struct runs_gathered runs;
    uint64_t emitted; /* records that have been put out */
};

enum { MOST_RECORDS = 4096 };

struct sort_merge {
    struct merge merge;
    bool opened;
    struct bytes heap;
    struct weir_column *column;
    uint64_t *entry; /* MOST_RECORDS a column */
};

static int merge_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct sort_merge));
    return stage->self == NULL ? no_memory(stage) : 0;
}

static int merge_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    for (uint32_t c = 0; c < stage->in->columns; c++)
        if (weir_schema_add(ret, stage->in->column[c].name, stage->in->column[c].type) != 0)
            return no_memory(stage);
    stage->memory_bytes =
        (uint64_t)stage->in->columns * MOST_RECORDS * sizeof(uint64_t) + weir_max_record(stage);
    return 0;
}

static void merge_needs(struct weir_stage *stage, bool *in_needed)
{
    memcpy(in_needed, stage->needed, stage->in->columns * sizeof(*in_needed));
}

static int merge_open(struct weir_stage *stage)
{
    struct sort_merge *self = stage->self;
    uint32_t columns = stage->out->columns;
    self->column = calloc(columns, sizeof(*self->column));
    self->entry = calloc((size_t)columns * MOST_RECORDS, sizeof(*self->entry));
    return self->column == NULL || self->entry == NULL ? no_memory(stage) : 0;
}

static void merge_close(struct weir_stage *stage)
{
    struct sort_merge *self = stage->self;
    if (self == NULL)
        return;
    weir__merge_release(&self->merge);
    free(self->heap.data);
    free(self->column);
    free(self->entry);
    free(self);
    stage->self = NULL;
}

static int merge_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct merge_state *state = stage->state;
    (void)out;
    *cursor = UINT64_MAX;
    return weir__runs_gather(stage, &state->runs, in);
}

static int open_merge(struct weir_stage *stage, struct sort_merge *self)
{
    const struct merge_state *state = stage->state;
    struct row row;
    self->opened = true;
    int code = weir__merge_add_gathered(stage, &self->merge, &state->runs);
    for (uint64_t r = 0; r < state->emitted && code == 0; r++)
        weir__merge_next(&self->merge, &row);
    return code;
}

/* The row's values are copied as they stand, with the lengths between them. */
static int put_record(struct weir_stage *stage, struct sort_merge *self, const struct row *row,
                      uint32_t record)
{
    const char *at = row->data, *end = row->data + row->data_bytes;
    size_t begun = self->heap.used;
    bytes_add(&self->heap, row->data, row->data_bytes);
    for (uint32_t c = 0; c < stage->out->columns; c++) {
        struct weir_value value;
        if (!stage->needed[c])
            continue;
        if (!value_read(&at, end, &value))
            return weir_fail(stage, WEIR_EINTERNAL, "the temporary file is damaged");
        self->entry[(size_t)c * MOST_RECORDS + record] =
            value.data == NULL
                ? weir_entry_null()
                : weir_entry((uint32_t)(begun + (size_t)(value.data - row->data)), value.length);
    }
    return self->heap.failed ? no_memory(stage) : 0;
}

static int merge_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct sort_merge *self = stage->self;
    struct merge_state *state = stage->state;
    /* About what a slot holds, with the entries. */
    size_t most = weir_split_bytes(stage) / 2;
    uint32_t records = 0;
    struct row row;
    bool any = true;
    int code = self->opened ? 0 : open_merge(stage, self);
    self->heap.used = 0;
    while (code == 0 && records < MOST_RECORDS && self->heap.used < most &&
           (any = weir__merge_next(&self->merge, &row)))
        code = put_record(stage, self, &row, records++);
    if (code == 0 && self->merge.damaged)
        code = weir_fail(stage, WEIR_EINTERNAL, "the temporary file is damaged");
    if (code < 0)
        return code;
    for (uint32_t c = 0; c < stage->out->columns; c++)
        self->column[c] =
            (struct weir_column){stage->needed[c] ? self->entry + (size_t)c * MOST_RECORDS : NULL,
                                 self->heap.data, (uint32_t)self->heap.used};
    out->batch = (struct weir_batch){
        .records = records, .columns = stage->out->columns, .column = self->column};
    state->emitted += records;
    return any ? WEIR_MORE : 0;
}

const struct weir_stage_type weir_sort_merge = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "sort.merge",
    .summary = "merges sorted runs",
    .traits = WEIR_INNER | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct merge_state),
    .configure = merge_configure,
    .bind = merge_bind,
    .needs = merge_needs,
    .open = merge_open,
    .process = merge_process,
    .finish = merge_finish,
    .close = merge_close,
};

/* ---- both ---- */

static const struct weir_stage_type *const inner[] = {&weir_sort_run, &weir_sort_merge, NULL};

const struct weir_stage_type weir_sort = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "sort",
    .summary = "puts all records in order",
    .doc =
        "Sorts by the columns or expressions of `by`, the first one first: `by: [country, "
        "\"total desc\"]`. Numbers go by their value, dates and times in their order, all other "
        "text by its bytes (as `LC_ALL=C sort` does). A column that has no type is text, in which "
        "10 comes before 9: write `quantity::integer`. Nulls come last, with desc as well. Records "
        "that are alike in all of it stay in the order in which they came.\n\n"
        "There may be more records than the memory holds: they stand in temporary files without a "
        "name in the folder TMPDIR (/tmp), twice for a while, which are gone at the end of the "
        "run however it ends. Only the columns that are used further on are kept. Where a record "
        "stood in its file is not known behind this stage.",
    .options = options,
    .inner = inner,
};
