#include "kept/distinct.h"

#include <stdio.h>

#include "file/choice.h"
#include "kept/columns.h"
#include "kept/key_set.h"
#include "kept/values.h"

static const struct weir_option options[] = {
    {"by", WEIR_OPT_LIST, NULL, NULL, false,
     "the columns that make records alike; without them all columns do"},
    {"memory", WEIR_OPT_BYTES, "256MiB", "1MiB..", false,
     "what the table of keys may take, from 14 to 28 bytes for each different key"},
    {0}};

struct distinct_state {
    uint64_t bytes; /* of the kept file: keys */
};

struct distinct {
    uint32_t *by;
    size_t bys;
    struct key_set seen;
    struct bytes key;

    struct choice choice;
};

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

static int distinct_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct distinct));
    stage->memory_bytes = (uint64_t)weir_option_number(stage, "memory");
    return stage->self == NULL ? no_memory(stage) : 0;
}

static int distinct_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct distinct *self = stage->self;
    struct weir_schema by = {0};
    if (stage->in->raw)
        return weir_fail(stage, WEIR_ECONFIG,
                         "what comes in is text that has not been parsed: there are no records to "
                         "compare");
    if (weir_schema_copy(ret, stage->in) != 0)
        return no_memory(stage);
    int code = weir__columns_find(stage, "by", &self->by, &self->bys, &by);
    weir_schema_release(&by);
    return code;
}

static void distinct_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct distinct *self = stage->self;
    for (uint32_t c = 0; c < stage->in->columns; c++)
        in_needed[c] = self->bys == 0 || stage->needed[c];
    for (size_t i = 0; i < self->bys; i++)
        in_needed[self->by[i]] = true;
}

static int distinct_open(struct weir_stage *stage)
{
    struct distinct *self = stage->self;
    const struct distinct_state *state = stage->state;
    return weir__key_set_open(stage, &self->seen, stage->memory_bytes, state->bytes);
}

static void distinct_close(struct weir_stage *stage)
{
    struct distinct *self = stage->self;
    if (self == NULL)
        return;
    weir__key_set_release(&self->seen);
    free(self->by);
    free(self->key.data);
    weir__choice_release(&self->choice);
    free(self);
    stage->self = NULL;
}

/* 1: it is the first of its kind. */
static int is_first(struct weir_stage *stage, struct distinct *self, const struct weir_batch *in,
                    uint32_t record)
{
    size_t columns = self->bys == 0 ? stage->in->columns : self->bys;
    self->key.used = 0;
    for (size_t i = 0; i < columns; i++)
        value_write(&self->key, weir_value(&in->column[self->bys == 0 ? i : self->by[i]], record));
    if (self->key.failed)
        return no_memory(stage);
    return weir__key_set_add(stage, &self->seen, self->key.data, self->key.used);
}

static int distinct_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                            struct weir_output *out)
{
    struct distinct *self = stage->self;
    struct distinct_state *state = stage->state;
    uint32_t records = 0;
    int code = weir__choice_begin(stage, &self->choice, in);
    for (uint32_t r = 0; r < in->records && code >= 0; r++) {
        self->choice.kept[records] = r;
        code = is_first(stage, self, in, r);
        records += code == 1;
    }
    if (code >= 0)
        code = weir__key_set_write(stage, &self->seen, &state->bytes);
    if (code < 0)
        return code;
    weir__choice_put(stage, &self->choice, records, out);
    stage->count.dropped += in->records - records;
    *cursor = UINT64_MAX;
    return 0;
}

const struct weir_stage_type weir_distinct = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "distinct",
    .summary = "passes the first of records that are alike",
    .doc =
        "Passes a record if none before it had the same values in the columns of `by`, or, "
        "without `by`, in all columns; the others are dropped and counted. Values are compared as "
        "they are written: 1.0 is not 1.00. A null is like a null, and not like an empty text. The "
        "order stays, and the first record is the one that is kept, for any number of workers.\n\n"
        "Keys are compared whole, so nothing is dropped by chance. They stand in a temporary file "
        "without a name in the folder TMPDIR (/tmp); where each one stands is held in `memory`, "
        "which is part of the bound that is printed before the run. If there are more different "
        "keys than fit, the run stops and says so.",
    .options = options,
    .traits = WEIR_ONE_SEAT | WEIR_KEEPS | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct distinct_state),
    .configure = distinct_configure,
    .bind = distinct_bind,
    .needs = distinct_needs,
    .open = distinct_open,
    .process = distinct_process,
    .close = distinct_close,
};
