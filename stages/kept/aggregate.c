/* aggregate.partial: of each batch a row a group. */
#include "kept/aggregate.h"

#include <stdio.h>

#include "kept/columns.h"
#include "kept/groups.h"
#include "file/hash.h"
#include "kept/place.h"
#include "kept/sort_key.h"
#include "kept/values.h"

static const struct weir_option options[] = {
    {"by", WEIR_OPT_LIST, NULL, NULL, false,
     "the columns whose values make a group; without them all records are one"},
    {"set", WEIR_OPT_EXPR_MAP, NULL, NULL, true,
     "what is made of a group: {orders: count(*), total: sum(quantity * price)}"},
    {0}};

/* The values of a measure's argument, one a record of the batch in hand. */
struct argument {
    struct weir_column column;
    struct weir_expr_errors errors;
    size_t settled; /* of the errors */
    struct weir_number *number;
    bool *is_null; /* beside the column's own: an error was taken for null */
};

/* Committed with each batch. */
struct partial_state {
    struct runs_state runs;
    struct place_state place;
};

struct partial {
    struct measure *measure;
    size_t measures;
    uint32_t *by; /* columns of the input */
    size_t bys;

    /* The batch in hand. */
    struct argument *argument;
    uint32_t records; /* that there is room for */
    bool *dead;       /* records that were rejected */
    uint32_t *group;  /* of each record */
    uint32_t *slot;   /* a hash table of groups, plus one */
    uint32_t slots;
    uint32_t *first; /* record of each group */
    uint32_t groups;
    struct account *account; /* one a group and measure */
    size_t accounts;
    struct rows rows;
    struct bytes key;

    struct gathering gathering; /* at the end */
};

/* ---- planning ---- */

static int partial_configure(struct weir_stage *stage)
{
    struct partial *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    stage->self = self;
    return weir__measures_read(stage, &self->measure, &self->measures);
}

static int partial_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct partial *self = stage->self;
    if (stage->in->raw)
        return weir_fail(stage, WEIR_ECONFIG,
                         "an aggregate works on records, and what comes in "
                         "is text that has not been parsed");
    int worst = weir__columns_find(stage, "by", &self->by, &self->bys, ret);
    int code = weir__measures_compile(stage, self->measure, self->measures, stage->in);
    worst = code < 0 ? code : worst;
    for (size_t m = 0; m < self->measures; m++) {
        const char *name = self->measure[m].name;
        if (weir_schema_find(ret, name) >= 0)
            worst = weir_option_error(stage, "set", name, WEIR_OPTION_KEY, 0, NULL,
                                      "'%s' is a column of 'by' as well", name);
        else if (weir_schema_add(ret, name, self->measure[m].type) != 0)
            worst = weir_fail(stage, WEIR_EOS, "out of memory");
    }
    ret->raw = true; /* the columns are those that the rows hold */
    return worst;
}

static void partial_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct partial *self = stage->self;
    for (size_t i = 0; i < self->bys; i++)
        in_needed[self->by[i]] = true;
    for (size_t m = 0; m < self->measures; m++) {
        const uint32_t *column;
        size_t columns =
            self->measure[m].expr == NULL ? 0 : weir_expr_columns(self->measure[m].expr, &column);
        for (size_t c = 0; c < columns; c++)
            in_needed[column[c]] = true;
    }
}

static int partial_open(struct weir_stage *stage)
{
    struct partial *self = stage->self;
    self->argument = calloc(self->measures + 1, sizeof(*self->argument));
    if (self->argument == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    return weir__gathering_init(stage, &self->gathering, self->measure, self->measures, self->bys);
}

static void partial_close(struct weir_stage *stage)
{
    struct partial *self = stage->self;
    if (self == NULL)
        return;
    for (size_t m = 0; self->argument != NULL && m < self->measures; m++) {
        free(self->argument[m].number);
        free(self->argument[m].is_null);
    }
    for (size_t a = 0; a < self->accounts; a++)
        weir__account_release(&self->account[a]);
    weir__gathering_release(&self->gathering);
    weir__measures_release(self->measure, self->measures);
    weir__rows_release(&self->rows);
    free(self->account);
    free(self->argument);
    free(self->by);
    free(self->dead);
    free(self->group);
    free(self->slot);
    free(self->first);
    free(self->key.data);
    free(self);
    stage->self = NULL;
}

/* ---- memory ---- */

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

static bool grow(void **array, size_t count, size_t size)
{
    void *grown = realloc(*array, count * size);
    if (grown != NULL)
        *array = grown;
    return grown != NULL;
}

/* Room for a batch of so many records. */
static int reserve(struct weir_stage *stage, struct partial *self, uint32_t records)
{
    if (records <= self->records)
        return 0;
    uint32_t slots = 64;
    while (slots < 2 * records)
        slots *= 2;
    bool whole = grow((void **)&self->dead, records, sizeof(*self->dead)) &&
                 grow((void **)&self->group, records, sizeof(*self->group)) &&
                 grow((void **)&self->first, records, sizeof(*self->first)) &&
                 grow((void **)&self->slot, slots, sizeof(*self->slot));
    for (size_t m = 0; m < self->measures && whole; m++) {
        struct argument *argument = &self->argument[m];
        whole = grow((void **)&argument->is_null, records, sizeof(*argument->is_null)) &&
                (!measure_wants_numbers(&self->measure[m]) ||
                 grow((void **)&argument->number, records, sizeof(*argument->number)));
    }
    if (!whole)
        return no_memory(stage);
    self->records = records;
    self->slots = slots;
    return 0;
}

static int reserve_accounts(struct weir_stage *stage, struct partial *self)
{
    size_t wanted = self->groups * self->measures;
    if (wanted > self->accounts) {
        if (!grow((void **)&self->account, wanted, sizeof(*self->account)))
            return no_memory(stage);
        memset(&self->account[self->accounts], 0,
               (wanted - self->accounts) * sizeof(*self->account));
        self->accounts = wanted;
    }
    for (size_t a = 0; a < wanted; a++)
        weir__account_clear(&self->account[a]);
    return 0;
}

/* ---- arguments ---- */

/* A record that an argument could not be computed for, or whose value is no number. */
static int reject(struct weir_stage *stage, const struct weir_batch *in, uint32_t record,
                  const struct measure *measure, const struct weir_expr_error *error,
                  struct weir_value value)
{
    char text[256];
    if (error != NULL)
        weir_expr_error_text(error, text, sizeof(text));
    else
        snprintf(text, sizeof(text), "'%.*s%s' is not %s",
                 value.length > 40 ? 40 : (int)value.length, value.data,
                 value.length > 40 ? "..." : "",
                 measure->argument_type == WEIR_INTEGER ? "an integer" : "a number");
    const char *column = NULL;
    if (error != NULL && error->column >= 0)
        column = stage->in->column[error->column].name;
    else if (weir_schema_find(stage->in, measure->argument) >= 0)
        column = measure->argument;
    return weir_reject(stage, in, record, column, "%s (%s)", text, measure->text);
}

/* The values of the record's arguments, checked. Otherwise as weir_reject. */
static int check_record(struct weir_stage *stage, struct partial *self, const struct weir_batch *in,
                        uint32_t record)
{
    for (size_t m = 0; m < self->measures; m++) {
        const struct measure *measure = &self->measure[m];
        struct argument *argument = &self->argument[m];
        const struct weir_expr_error *error = NULL;
        if (measure->argument == NULL)
            continue;
        argument->is_null[record] = false;
        if (argument->settled < argument->errors.count &&
            argument->errors.list[argument->settled].record == record)
            error = &argument->errors.list[argument->settled];
        struct weir_value value = weir_value(&argument->column, record);
        bool good = error == NULL;
        if (good && value.data != NULL && measure_wants_numbers(measure))
            good = weir_number_read(value.data, value.length, measure->argument_type,
                                    &argument->number[record]);
        if (good)
            continue;
        int verdict = reject(stage, in, record, measure, error, value);
        if (verdict != WEIR_SET_NULL)
            return verdict;
        argument->is_null[record] = true;
    }
    return WEIR_SET_NULL;
}

/* Evaluates the arguments, and leaves out records that are rejected. *ret_end: where it has to
 * stop. */
static int take_arguments(struct weir_stage *stage, struct partial *self,
                          const struct weir_batch *in, uint32_t from, uint32_t *ret_end)
{
    for (size_t m = 0; m < self->measures; m++) {
        struct argument *argument = &self->argument[m];
        if (self->measure[m].expr == NULL)
            continue;
        int code =
            weir_expr_column(self->measure[m].expr, in, &argument->column, &argument->errors);
        if (code == WEIR_EDATA)
            return weir_fail(stage, code,
                             "expressions make more than 256 MiB of text of one batch");
        if (code < 0)
            return no_memory(stage);
        argument->settled = 0;
    }
    for (uint32_t r = from; r < in->records; r++) {
        for (size_t m = 0; m < self->measures; m++) {
            struct argument *argument = &self->argument[m];
            while (argument->settled < argument->errors.count &&
                   argument->errors.list[argument->settled].record < r)
                argument->settled++;
        }
        int verdict = check_record(stage, self, in, r);
        if (verdict < 0 && r == from)
            return verdict;
        if (verdict < 0 || verdict == WEIR_FULL) {
            *ret_end = r;
            return 0;
        }
        self->dead[r] = verdict == WEIR_SKIP;
    }
    *ret_end = in->records;
    return 0;
}

static struct weir_value argument_value(const struct argument *argument, uint32_t record)
{
    if (argument->is_null[record])
        return (struct weir_value){NULL, 0};
    return weir_value(&argument->column, record);
}

/* ---- groups ---- */

static bool same_group(const struct partial *self, const struct weir_batch *in, uint32_t a,
                       uint32_t b)
{
    for (size_t i = 0; i < self->bys; i++) {
        struct weir_value x = weir_value(&in->column[self->by[i]], a),
                          y = weir_value(&in->column[self->by[i]], b);
        if (x.length != y.length || (x.data == NULL) != (y.data == NULL) ||
            (x.length > 0 && memcmp(x.data, y.data, x.length) != 0))
            return false;
    }
    return true;
}

static uint32_t find_group(struct partial *self, const struct weir_batch *in, uint32_t record)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < self->bys; i++) {
        struct weir_value value = weir_value(&in->column[self->by[i]], record);
        hash = hash_bytes(value.data == NULL ? ~hash : hash, value.data, value.length);
    }
    for (uint32_t s = (uint32_t)hash & (self->slots - 1);; s = (s + 1) & (self->slots - 1)) {
        if (self->slot[s] == 0) {
            self->first[self->groups] = record;
            self->slot[s] = ++self->groups;
            return self->groups - 1;
        }
        if (same_group(self, in, self->first[self->slot[s] - 1], record))
            return self->slot[s] - 1;
    }
}

static void find_groups(struct partial *self, const struct weir_batch *in, uint32_t from,
                        uint32_t end)
{
    memset(self->slot, 0, self->slots * sizeof(*self->slot));
    self->groups = 0;
    for (uint32_t r = from; r < end; r++)
        if (!self->dead[r])
            self->group[r] = find_group(self, in, r);
}

/* ---- accounts and rows ---- */

/* The group's key, as the rows have it. Numbers that are equal but written in another way are
 * groups of their own, in the order of their bytes. */
static void add_group_key(const struct partial *self, const struct weir_schema *schema,
                          const struct weir_batch *in, uint32_t record, struct bytes *to)
{
    for (size_t i = 0; i < self->bys; i++) {
        enum weir_type type = schema->column[self->by[i]].type;
        struct weir_value value = weir_value(&in->column[self->by[i]], record);
        weir__sort_key_add(to, type, false, value);
        if (sort_key_is_number(type))
            weir__sort_key_add(to, WEIR_TEXT, false, value);
    }
}

static void add_place(const struct weir_stage *stage, uint32_t record, struct bytes *to)
{
    const struct partial_state *state = stage->state;
    place_add(&state->place, record, to);
}

static int add_value_row(struct weir_stage *stage, struct partial *self,
                         const struct weir_batch *in, size_t m, uint32_t record,
                         struct weir_value value)
{
    struct bytes *to = &self->rows.bytes;
    bool distinct = self->measure[m].kind == MEASURE_COUNT_DISTINCT;
    weir__rows_begin(&self->rows);
    add_group_key(self, stage->in, in, record, to);
    bytes_add_byte(to, distinct ? VALUE_ROW : TEXT_ROW);
    bytes_add_high_first(to, m, 2);
    if (distinct)
        weir__sort_key_add(to, WEIR_TEXT, false, value);
    else
        add_place(stage, record, to);
    weir__rows_end_key(&self->rows);
    if (!distinct)
        bytes_add(to, value.data, value.length);
    return weir__rows_end(&self->rows) ? 0 : no_memory(stage);
}

static int add_record(struct weir_stage *stage, struct partial *self, const struct weir_batch *in,
                      size_t m, uint32_t record)
{
    const struct measure *measure = &self->measure[m];
    struct account *account = &self->account[self->group[record] * self->measures + m];
    struct weir_value value = argument_value(&self->argument[m], record);
    bool keeps_null = measure->kind == MEASURE_FIRST || measure->kind == MEASURE_LAST;
    if (value.data == NULL && !keeps_null)
        return 0;
    if (measure->kind == MEASURE_COUNT) {
        account->count++;
        return 0;
    }
    if (measure_has_rows(measure))
        return add_value_row(stage, self, in, m, record, value);
    if (measure_wants_numbers(measure))
        return weir__account_add_number(measure, account, &self->argument[m].number[record])
                   ? 0
                   : weir_fail(stage, WEIR_EDATA, "%s of a group is too large", measure->text);
    self->key.used = 0;
    if (keeps_null)
        add_place(stage, record, &self->key);
    else
        weir__sort_key_add(&self->key, measure->argument_type, false, value);
    return !self->key.failed &&
                   weir__account_choose(measure, account, self->key.data, self->key.used, value)
               ? 0
               : no_memory(stage);
}

static int add_records(struct weir_stage *stage, struct partial *self, const struct weir_batch *in,
                       uint32_t from, uint32_t end)
{
    int code = 0;
    for (size_t m = 0; m < self->measures; m++) {
        if (self->measure[m].kind == MEASURE_COUNT_ALL) {
            for (uint32_t r = from; r < end; r++)
                if (!self->dead[r])
                    self->account[self->group[r] * self->measures + m].count++;
            continue;
        }
        for (uint32_t r = from; r < end && code == 0; r++)
            if (!self->dead[r])
                code = add_record(stage, self, in, m, r);
    }
    return code;
}

static int add_group_rows(struct weir_stage *stage, struct partial *self,
                          const struct weir_batch *in)
{
    struct bytes *to = &self->rows.bytes;
    for (uint32_t g = 0; g < self->groups; g++) {
        weir__rows_begin(&self->rows);
        add_group_key(self, stage->in, in, self->first[g], to);
        bytes_add_byte(to, GROUP_ROW);
        weir__rows_end_key(&self->rows);
        for (size_t i = 0; i < self->bys; i++)
            value_write(to, weir_value(&in->column[self->by[i]], self->first[g]));
        for (size_t m = 0; m < self->measures; m++)
            weir__account_write(&self->measure[m], &self->account[g * self->measures + m], to);
        if (!weir__rows_end(&self->rows))
            return no_memory(stage);
    }
    return 0;
}

static int partial_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                           struct weir_output *out)
{
    struct partial *self = stage->self;
    struct partial_state *state = stage->state;
    uint32_t from = (uint32_t)*cursor, end;
    (void)out;
    place_begin(stage, &state->place);
    int code = reserve(stage, self, in->records);
    if (code == 0)
        code = take_arguments(stage, self, in, from, &end);
    if (code < 0)
        return code;
    find_groups(self, in, from, end);
    weir__rows_clear(&self->rows);
    code = reserve_accounts(stage, self);
    if (code == 0)
        code = add_records(stage, self, in, from, end);
    if (code == 0)
        code = add_group_rows(stage, self, in);
    if (code == 0)
        code = weir__runs_append(stage, &state->runs, &self->rows);
    if (code < 0)
        return code;
    *cursor = end;
    if (end == in->records) {
        place_end(&state->place, in);
        *cursor = UINT64_MAX;
    }
    return 0;
}

/* ---- the end ---- */

/* The row of the group that has been gathered. */
static int write_group(struct weir_stage *stage, struct partial *self, struct run_writer *writer)
{
    struct gathering *gathering = &self->gathering;
    struct bytes data = {0};
    bytes_add(&data, gathering->values.data, gathering->values.used);
    for (size_t m = 0; m < self->measures; m++)
        weir__account_write(&self->measure[m], &gathering->account[m], &data);
    struct row row = {gathering->key.data, data.data, (uint32_t)gathering->key.used,
                      (uint32_t)data.used};
    bool whole = !data.failed;
    if (whole)
        weir__run_add(writer, &row);
    free(data.data);
    return whole ? 0 : no_memory(stage);
}

/* All rows of a group of one key become one. */
static int gather(struct weir_stage *stage, const struct row *row, struct run_writer *writer)
{
    struct partial *self = stage->self;
    struct gathering *gathering = &self->gathering;
    size_t ignored;
    bool another = row == NULL || !weir__gathering_repeats(gathering, row);
    bool group = gathering->begun && gathering->key.used == gathering->group_bytes + 1;
    int code = 0;
    if (another && group)
        code = write_group(stage, self, writer);
    if (row == NULL || code < 0)
        return code;
    code = weir__gathering_add(stage, gathering, row);
    if (code == 0 && another && weir__gathering_mark(gathering, row, &ignored) != GROUP_ROW)
        weir__run_add(writer, row);
    return code;
}

static int partial_finish(struct weir_stage *stage, struct weir_output *out)
{
    const struct partial_state *state = stage->state;
    return weir__runs_finish(stage, &state->runs, gather, out);
}

const struct weir_stage_type weir_aggregate_partial = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "aggregate.partial",
    .summary = "makes rows of groups",
    .options = options,
    .traits = WEIR_INNER | WEIR_TOTALS | WEIR_KEEPS | WEIR_REJECTS | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct partial_state),
    .configure = partial_configure,
    .bind = partial_bind,
    .needs = partial_needs,
    .open = partial_open,
    .process = partial_process,
    .finish = partial_finish,
    .close = partial_close,
};

static const struct weir_stage_type *const inner[] = {&weir_aggregate_partial,
                                                      &weir_aggregate_merge, NULL};

const struct weir_stage_type weir_aggregate = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "aggregate",
    .summary = "groups records and makes one record of each group",
    .doc =
        "Groups records by the columns of `by`, and puts out one record for each group: these "
        "columns, and what `set` makes of the group. They come in the order of their columns, "
        "numbers as numbers, nulls last, whatever the number of workers. Without `by` all records "
        "are one group, and there is one record even of none.\n\n"
        "`count(*)` counts records, `count(x)` those where x is not null, `count_distinct(x)` "
        "its values. `sum(x)` is exact: of integers an integer, which fails the run if it has no "
        "place in 64 bits; of decimals and of what has no type a decimal of up to 38 digits; of "
        "doubles the exact sum, rounded once. `avg(x)` is that sum divided. `min(x)` and `max(x)` "
        "go by the type of x; where it has none, say which is meant: `max(x::decimal)`. "
        "`first(x)` and `last(x)` are those of the first and the last record, `stddev(x)` is that "
        "of a sample, and `string_agg(x, ', ')` joins the texts in the order of the records. x is "
        "any expression. But for first and last, nulls are passed over; of nothing but nulls sums "
        "are null.\n\n"
        "Values that are written differently are groups of their own: round or cast them before, "
        "if 1.0 and 1.00 are to be one.\n\n"
        "What is kept meanwhile stands in temporary files without a name in the folder TMPDIR "
        "(/tmp), so that the number of groups may be larger than the memory. It is as much as the "
        "groups of each batch: little where there are few groups, about the size of the input "
        "where each record is one.",
    .options = options,
    .inner = inner,
};
