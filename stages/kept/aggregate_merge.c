/* aggregate.merge: puts together what the workers have made of the groups. */
#include "kept/aggregate.h"
#include "kept/groups.h"
#include "kept/values.h"

enum { MOST_RECORDS = 1024, MOST_BYTES = 1 << 20 }; /* of a batch, about */

/* Committed with each batch. */
struct merge_state {
    struct runs_gathered runs;
    uint64_t emitted; /* groups that have been put out */
};

struct aggregate_merge {
    struct measure *measure;
    size_t measures;
    uint32_t by;
    struct merge merge;
    struct gathering gathering;
    struct row row; /* the next group's first */
    bool opened, has_row;
    struct bytes heap;
    struct weir_column *column;
    uint64_t *entry; /* MOST_RECORDS a column */
};

static int merge_configure(struct weir_stage *stage)
{
    struct aggregate_merge *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    stage->self = self;
    stage->memory_bytes = (uint64_t)4 * MOST_BYTES;
    /* Mistakes have been said by aggregate.partial. */
    return weir__measures_read(stage, &self->measure, &self->measures);
}

static int merge_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct aggregate_merge *self = stage->self;
    self->by = stage->in->columns - (uint32_t)self->measures;
    for (uint32_t c = 0; c < stage->in->columns; c++) {
        const struct weir_field *field = &stage->in->column[c];
        if (weir_schema_add(ret, field->name, field->type) != 0)
            return weir_fail(stage, WEIR_EOS, "out of memory");
        if (c >= self->by)
            weir__measure_restore(&self->measure[c - self->by], field->type);
    }
    return 0;
}

static int merge_open(struct weir_stage *stage)
{
    struct aggregate_merge *self = stage->self;
    uint32_t columns = stage->out->columns;
    self->column = calloc(columns, sizeof(*self->column));
    self->entry = calloc((size_t)columns * MOST_RECORDS, sizeof(*self->entry));
    if (self->column == NULL || self->entry == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    return weir__gathering_init(stage, &self->gathering, self->measure, self->measures, self->by);
}

static int merge_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct merge_state *state = stage->state;
    (void)out;
    *cursor = UINT64_MAX;
    return weir__runs_gather(stage, &state->runs, in);
}

/* ---- what comes out ---- */

/* Gathers the next group. *ret_any: there was one. */
static int next_group(struct weir_stage *stage, struct aggregate_merge *self, bool *ret_any)
{
    int code = 0;
    *ret_any = self->has_row;
    while (self->has_row && code == 0) {
        code = weir__gathering_add(stage, &self->gathering, &self->row);
        self->has_row = weir__merge_next(&self->merge, &self->row);
        if (self->has_row && weir__gathering_ends(&self->gathering, &self->row))
            break;
    }
    return code == 0 && self->merge.damaged
               ? weir_fail(stage, WEIR_EINTERNAL, "the temporary file is damaged")
               : code;
}

/* Begins, or goes on where the dead worker had come to. */
static int open_merge(struct weir_stage *stage, struct aggregate_merge *self)
{
    const struct merge_state *state = stage->state;
    bool any = true;
    self->opened = true;
    int code = weir__merge_add_gathered(stage, &self->merge, &state->runs);
    self->has_row = code == 0 && weir__merge_next(&self->merge, &self->row);
    for (uint64_t g = 0; g < state->emitted && code == 0 && any; g++)
        code = next_group(stage, self, &any);
    return code;
}

static void put_entry(struct aggregate_merge *self, uint32_t column, uint32_t record, size_t begun,
                      bool is_null)
{
    self->entry[(size_t)column * MOST_RECORDS + record] =
        is_null ? weir_entry_null()
                : weir_entry((uint32_t)begun, (uint32_t)(self->heap.used - begun));
}

static int put_group(struct weir_stage *stage, struct aggregate_merge *self, uint32_t record)
{
    const struct bytes *values = &self->gathering.values;
    const char *at = values->data, *end = values->used == 0 ? at : at + values->used;
    for (uint32_t c = 0; c < self->by; c++) {
        struct weir_value value = {NULL, 0};
        size_t begun = self->heap.used;
        value_read(&at, end, &value);
        bytes_add(&self->heap, value.data, value.length);
        put_entry(self, c, record, begun, value.data == NULL);
    }
    for (uint32_t m = 0; m < self->measures; m++) {
        size_t begun = self->heap.used;
        int code = weir__account_result(stage, &self->measure[m], &self->gathering.account[m],
                                        &self->heap);
        if (code < 0)
            return code;
        put_entry(self, self->by + m, record, begun, code == 1);
    }
    if (self->heap.used > WEIR_ENTRY_MAX)
        return weir_fail(stage, WEIR_EDATA, "a group's record is larger than 256 MiB");
    return self->heap.failed ? weir_fail(stage, WEIR_EOS, "out of memory") : 0;
}

static int merge_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct aggregate_merge *self = stage->self;
    struct merge_state *state = stage->state;
    uint32_t records = 0;
    bool any = true;
    int code = self->opened ? 0 : open_merge(stage, self);
    self->heap.used = 0;
    while (code == 0 && records < MOST_RECORDS && self->heap.used < MOST_BYTES) {
        code = next_group(stage, self, &any);
        /* All records are one group, even if there are none. */
        bool none = !any && self->by == 0 && state->emitted + records == 0;
        if (code == 0 && (any || none))
            code = put_group(stage, self, records++);
        if (!any)
            break;
    }
    if (code < 0)
        return code;
    for (uint32_t c = 0; c < stage->out->columns; c++)
        self->column[c] = (struct weir_column){self->entry + (size_t)c * MOST_RECORDS,
                                               self->heap.data, (uint32_t)self->heap.used};
    out->batch = (struct weir_batch){
        .records = records, .columns = stage->out->columns, .column = self->column};
    state->emitted += records;
    return any ? WEIR_MORE : 0;
}

static void merge_close(struct weir_stage *stage)
{
    struct aggregate_merge *self = stage->self;
    if (self == NULL)
        return;
    weir__merge_release(&self->merge);
    weir__gathering_release(&self->gathering);
    weir__measures_release(self->measure, self->measures);
    free(self->heap.data);
    free(self->column);
    free(self->entry);
    free(self);
    stage->self = NULL;
}

const struct weir_stage_type weir_aggregate_merge = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "aggregate.merge",
    .summary = "merges rows of groups",
    .traits = WEIR_INNER | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct merge_state),
    .configure = merge_configure,
    .bind = merge_bind,
    .open = merge_open,
    .process = merge_process,
    .finish = merge_finish,
    .close = merge_close,
};
