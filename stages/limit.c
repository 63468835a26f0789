#include "limit.h"

#include <stdlib.h>
#include <string.h>

/* Committed with each batch. */
struct limit_state {
    uint64_t seen; /* records of the input, at most the limit */
};

struct limit {
    uint64_t most;
    const struct weir_batch *in; /* during a call and until the next: for locate */
};

static bool limit_wanted(const struct weir_stage *stage)
{
    return weir_option_given(stage, "limit");
}

static int configure(struct weir_stage *stage, const char *option)
{
    struct limit *limit = calloc(1, sizeof(*limit));
    if (limit == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    limit->most = (uint64_t)weir_option_number(stage, option);
    stage->self = limit;
    return 0;
}

static int limit_configure(struct weir_stage *stage)
{
    return configure(stage, "limit");
}

static int head_configure(struct weir_stage *stage)
{
    return configure(stage, "count");
}

static int limit_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    if (weir_schema_copy(ret, stage->in) != 0)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    return 0;
}

static void limit_needs(struct weir_stage *stage, bool *in_needed)
{
    memcpy(in_needed, stage->needed, stage->in->columns * sizeof(*in_needed));
}

static void limit_locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    const struct limit *limit = batch->locate_context;
    limit->in->locate(limit->in, record, ret);
}

static int limit_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct limit *limit = stage->self;
    struct limit_state *state = stage->state;
    uint64_t left = limit->most - state->seen;
    limit->in = in;
    out->batch = *in;
    out->batch.records = in->records < left ? in->records : (uint32_t)left;
    out->batch.locate = in->locate == NULL ? NULL : limit_locate;
    out->batch.locate_context = limit;
    state->seen += out->batch.records;
    stage->count.dropped += in->records - out->batch.records;
    *cursor = UINT64_MAX;
    return state->seen == limit->most ? WEIR_ENOUGH : 0;
}

static void limit_close(struct weir_stage *stage)
{
    free(stage->self);
    stage->self = NULL;
}

const struct weir_stage_type weir_stage_limit = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "limit",
    .summary = "passes the first records and needs no more",
    .traits = WEIR_INNER | WEIR_ONE_SEAT | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct limit_state),
    .wanted = limit_wanted,
    .configure = limit_configure,
    .bind = limit_bind,
    .needs = limit_needs,
    .process = limit_process,
    .close = limit_close,
};

static const struct weir_option head_options[] = {
    {"count", WEIR_OPT_COUNT, "10", "1..", false, "how many records to pass"}, {0}};

const struct weir_stage_type weir_head = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "head",
    .summary = "passes the first records and ends the run's input",
    .doc = "Passes the first `count` records. Then the stages before it end, and what they have "
           "made beyond that is counted as dropped; so a run that wants ten records of a large "
           "file takes no time.",
    .options = head_options,
    .traits = WEIR_ONE_SEAT | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct limit_state),
    .configure = head_configure,
    .bind = limit_bind,
    .needs = limit_needs,
    .process = limit_process,
    .close = limit_close,
};
