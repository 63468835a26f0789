#include "kept/tail.h"

#include <sys/mman.h>

#include "file/kept.h"
#include "kept/values.h"

static const struct weir_option options[] = {
    {"count", WEIR_OPT_COUNT, "10", "1..", false, "how many records to pass"}, {0}};

enum { MOST_RECORDS = 1024 }; /* of a batch */

/* A record in the file: its values, and their length behind them, so that one can go back. */
struct tail_state {
    uint64_t bytes;   /* of the kept file */
    uint64_t records; /* in it */
    uint64_t emitted;
};

struct tail {
    uint64_t count;
    struct bytes values; /* of the batch in hand */
    const char *base;    /* at the end: the file */
    uint64_t *place;     /* of each of the last records, where its values begin */
    uint64_t places;
    struct bytes heap;
    struct weir_column *column;
    uint64_t *entry; /* MOST_RECORDS a column */
};

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

static int tail_configure(struct weir_stage *stage)
{
    struct tail *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return no_memory(stage);
    self->count = (uint64_t)weir_option_number(stage, "count");
    stage->self = self;
    stage->memory_bytes = self->count * sizeof(*self->place);
    return 0;
}

static int tail_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    return weir_schema_copy(ret, stage->in) == 0 ? 0 : no_memory(stage);
}

static void tail_needs(struct weir_stage *stage, bool *in_needed)
{
    memcpy(in_needed, stage->needed, stage->in->columns * sizeof(*in_needed));
}

static void tail_close(struct weir_stage *stage)
{
    struct tail *self = stage->self;
    const struct tail_state *state = stage->state;
    if (self == NULL)
        return;
    if (self->base != NULL)
        munmap((void *)(uintptr_t)self->base, state->bytes);
    free(self->values.data);
    free(self->place);
    free(self->heap.data);
    free(self->column);
    free(self->entry);
    free(self);
    stage->self = NULL;
}

static int tail_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct tail *self = stage->self;
    struct tail_state *state = stage->state;
    uint32_t from = in->records > self->count ? in->records - (uint32_t)self->count : 0;
    (void)out;
    self->values.used = 0;
    for (uint32_t r = from; r < in->records; r++) {
        size_t begun = self->values.used;
        for (uint32_t c = 0; c < in->columns; c++)
            if (stage->needed[c])
                value_write(&self->values, weir_value(&in->column[c], r));
        uint64_t bytes = self->values.used - begun;
        bytes_add(&self->values, &bytes, sizeof(bytes));
    }
    if (self->values.failed)
        return no_memory(stage);
    int code = weir__kept_write(stage, self->values.data, self->values.used, state->bytes);
    if (code < 0)
        return code;
    uint64_t before = state->records;
    state->bytes += self->values.used;
    state->records += in->records - from;
    uint64_t gone = state->records > self->count ? state->records - self->count : 0;
    uint64_t gone_before = before > self->count ? before - self->count : 0;
    stage->count.dropped += from + gone - gone_before;
    *cursor = UINT64_MAX;
    return 0;
}

/* ---- the end ---- */

static int damaged(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EINTERNAL, "the temporary file is damaged");
}

/* Goes back over the last records of the file. */
static int find_last(struct weir_stage *stage, struct tail *self)
{
    const struct tail_state *state = stage->state;
    uint64_t at = state->bytes, bytes;
    self->places = state->records < self->count ? state->records : self->count;
    self->place = calloc(self->places + 1, sizeof(*self->place));
    self->column = calloc(stage->out->columns + 1u, sizeof(*self->column));
    self->entry = calloc((stage->out->columns + 1u) * (size_t)MOST_RECORDS, sizeof(*self->entry));
    if (self->place == NULL || self->column == NULL || self->entry == NULL)
        return no_memory(stage);
    if (state->bytes == 0)
        return 0;
    void *base = mmap(NULL, state->bytes, PROT_READ, MAP_SHARED, weir_kept(stage), 0);
    if (base == MAP_FAILED)
        return weir_fail_errno(stage, WEIR_EOS, "cannot read the temporary file");
    self->base = base;
    for (uint64_t p = self->places; p-- > 0; at = self->place[p]) {
        if (at < sizeof(bytes))
            return damaged(stage);
        memcpy(&bytes, self->base + at - sizeof(bytes), sizeof(bytes));
        if (bytes > at - sizeof(bytes))
            return damaged(stage);
        self->place[p] = at - sizeof(bytes) - bytes;
    }
    return 0;
}

static int put_record(struct weir_stage *stage, struct tail *self, uint64_t p, uint32_t record)
{
    const struct tail_state *state = stage->state;
    const char *at = self->base + self->place[p], *end = self->base + state->bytes;
    for (uint32_t c = 0; c < stage->out->columns; c++) {
        struct weir_value value;
        if (!stage->needed[c])
            continue;
        if (!value_read(&at, end, &value))
            return damaged(stage);
        self->entry[(size_t)c * MOST_RECORDS + record] =
            value.data == NULL ? weir_entry_null()
                               : weir_entry((uint32_t)self->heap.used, value.length);
        if (value.data != NULL)
            bytes_add(&self->heap, value.data, value.length);
    }
    return self->heap.failed ? no_memory(stage) : 0;
}

static int tail_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct tail *self = stage->self;
    struct tail_state *state = stage->state;
    uint32_t records = 0;
    int code = self->place == NULL ? find_last(stage, self) : 0;
    self->heap.used = 0;
    while (code == 0 && records < MOST_RECORDS && self->heap.used < weir_split_bytes(stage) &&
           state->emitted + records < self->places) {
        code = put_record(stage, self, state->emitted + records, records);
        records++;
    }
    if (code < 0)
        return code;
    for (uint32_t c = 0; c < stage->out->columns; c++)
        self->column[c] =
            (struct weir_column){stage->needed[c] ? self->entry + (size_t)c * MOST_RECORDS : NULL,
                                 self->heap.data, (uint32_t)self->heap.used};
    out->batch = (struct weir_batch){
        .records = records, .columns = stage->out->columns, .column = self->column};
    state->emitted += records;
    return state->emitted < self->places ? WEIR_MORE : 0;
}

const struct weir_stage_type weir_tail = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "tail",
    .summary = "passes the last records",
    .doc =
        "Passes the last `count` records, when the input has ended. Meanwhile those of each batch "
        "that may be among them stand in a temporary file without a name in the folder TMPDIR "
        "(/tmp). Where a record stood in its file is not known behind this stage.",
    .options = options,
    .traits = WEIR_ONE_SEAT | WEIR_KEEPS | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct tail_state),
    .configure = tail_configure,
    .bind = tail_bind,
    .needs = tail_needs,
    .process = tail_process,
    .finish = tail_finish,
    .close = tail_close,
};
