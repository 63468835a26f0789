/* The stages whose other side is the program that runs the pipeline, at the other end of a channel. */
#include <weir/engine.h>

#include <stdlib.h>
#include <string.h>

/* flow */
#include "flow/pack.h"
/* host */
#include "host/channel.h"

enum { WAIT_MS = 200 /* then the engine may look whether the run is to end */ };

/* What both have. */
struct hosted {
    struct channel channel;
    bool *all; /* one a column: all are in the frames */
    struct unpacked unpacked;
    bool attached;
};

static int hosted_configure(struct weir_stage *stage)
{
    stage->memory_bytes = weir_max_record(stage); /* of the channel */
    stage->self = calloc(1, sizeof(struct hosted));
    return stage->self == NULL ? weir_fail(stage, WEIR_EOS, "no memory") : 0;
}

static int hosted_attach(struct weir_stage *stage, const struct weir_schema *schema,
                         enum channel_side side)
{
    struct hosted *hosted = stage->self;
    struct weir_err err;
    int fds[CHANNEL_FDS];
    _Static_assert((int)CHANNEL_FDS == (int)WEIR_GIVEN, "a channel is what is given");
    for (uint32_t i = 0; i < CHANNEL_FDS; i++)
        fds[i] = weir_given_fd(stage, i);
    hosted->all = malloc(schema->columns + 1);
    if (hosted->all == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    memset(hosted->all, true, schema->columns + 1);
    int code = weir__channel_attach(&hosted->channel, fds, side, &err);
    hosted->attached = code == 0;
    return code < 0 ? weir_fail(stage, code, "%s", err.text) : 0;
}

static void hosted_close(struct weir_stage *stage)
{
    struct hosted *hosted = stage->self;
    if (hosted == NULL)
        return;
    if (hosted->attached)
        weir__channel_release(&hosted->channel);
    weir__unpacked_release(&hosted->unpacked);
    free(hosted->all);
    free(hosted);
    stage->self = NULL;
}

/* ---- host.source ---- */

struct source_state {
    uint64_t taken; /* of the channel */
};

static const struct weir_option source_options[] = {
    {"columns", WEIR_OPT_MAP, NULL, NULL, true,
     "the columns of its records and their types, like {id: integer, name: text}"},
    {0}};

static int source_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    const struct weir_pair *column;
    size_t columns = weir_option_map(stage, "columns", &column);
    for (size_t c = 0; c < columns; c++)
        if (weir_schema_add(&ret->schema, column[c].key,
                            (enum weir_type)weir_type_find(column[c].value)) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    return 0;
}

static int source_configure(struct weir_stage *stage)
{
    const struct weir_pair *column;
    size_t columns = weir_option_map(stage, "columns", &column);
    int code = 0;
    for (size_t c = 0; c < columns; c++)
        if (weir_type_find(column[c].value) < 0)
            code = weir_option_error(stage, "columns", column[c].key, 0, 0,
                                     "text, integer, decimal, double, boolean, date, timestamp, "
                                     "json or untyped",
                                     "there is no type '%s'", column[c].value);
    return code < 0 ? code : hosted_configure(stage);
}

static int source_open(struct weir_stage *stage)
{
    struct hosted *hosted = stage->self;
    const struct source_state *state = stage->state;
    int code = hosted_attach(stage, stage->out, CHANNEL_TAKER);
    if (code == 0)
        weir__channel_take_from(&hosted->channel, state->taken);
    return code;
}

static int source_produce(struct weir_stage *stage, struct weir_output *out)
{
    struct hosted *hosted = stage->self;
    struct source_state *state = stage->state;
    static const struct weir_position nowhere = {.file = UINT32_MAX};
    struct channel_frame frame;
    /* What the state says was committed with the last call. */
    weir__channel_give_back(&hosted->channel, state->taken);
    enum channel_state found = weir__channel_take(&hosted->channel, &frame);
    if (found == CHANNEL_NOTHING) {
        weir__channel_doze(&hosted->channel, CHANNEL_TAKER);
        found = weir__channel_take(&hosted->channel, &frame);
    }
    if (found == CHANNEL_NOTHING)
        weir__channel_sleep(&hosted->channel, CHANNEL_TAKER, WAIT_MS);
    if (found == CHANNEL_NOTHING || found == CHANNEL_ENDED)
        return found == CHANNEL_ENDED ? WEIR_DONE : WEIR_MORE;
    int code = found == CHANNEL_DAMAGED
                   ? WEIR_EINTERNAL
                   : weir__unpack(&hosted->unpacked, hosted->all, stage->out->columns, frame.bytes,
                                  frame.byte_count, &nowhere);
    if (code < 0)
        return weir_fail(stage, code, "the records of the program cannot be read");
    out->batch = hosted->unpacked.batch;
    stage->count.bytes += frame.byte_count;
    state->taken = hosted->channel.at;
    return WEIR_MORE;
}

static const struct weir_stage_type host_source = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "host.source",
    .summary = "takes records from the program that runs the pipeline",
    .doc = "Its records are put by a program that links libweir (weir/weir.h, weir_job_source), "
           "one by "
           "one or in batches. `pipeline run` has none to give, and refuses it; a stage of a file "
           "takes its place while the pipeline is tried out.\n\n"
           "Values are text, as everywhere; a column's type says how stages behind read it.",
    .options = source_options,
    .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_HOSTED | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct source_state),
    .configure = source_configure,
    .probe = source_probe,
    .open = source_open,
    .produce = source_produce,
    .close = hosted_close,
};

/* ---- host.sink ---- */

struct sink_state {
    uint64_t records; /* put into the channel */
};

static const struct weir_option sink_options[] = {{0}};

static int sink_open(struct weir_stage *stage)
{
    int code = hosted_attach(stage, stage->in, CHANNEL_PUTTER);
    if (code == 0) /* what the dead has put, and may not have told of */
        weir__channel_ring(&((struct hosted *)stage->self)->channel, CHANNEL_TAKER);
    return code;
}

/* As many records from *record on as there is room for. */
static bool put_some(struct hosted *hosted, const struct weir_batch *in, uint32_t *record)
{
    const struct packing packing = {.needed = hosted->all};
    uint32_t first = *record;
    size_t room, bytes = 0;
    char *to = weir__channel_room(&hosted->channel, &room);
    if (to != NULL)
        bytes = weir__pack(&packing, in, record, to, room);
    if (bytes > 0)
        weir__channel_put(&hosted->channel, bytes, *record - first);
    return bytes > 0;
}

static int put_records(struct weir_stage *stage, const struct weir_batch *in, uint32_t record)
{
    struct hosted *hosted = stage->self;
    while (record < in->records) {
        if (put_some(hosted, in, &record))
            continue;
        if (weir__channel_is_empty(&hosted->channel))
            return weir_fail(stage, WEIR_EDATA, "a record is larger than what can be handed over");
        weir__channel_doze(&hosted->channel, CHANNEL_PUTTER);
        if (!put_some(hosted, in, &record))
            weir__channel_sleep(&hosted->channel, CHANNEL_PUTTER, WAIT_MS);
    }
    return 0;
}

static int sink_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    const struct hosted *hosted = stage->self;
    struct sink_state *state = stage->state;
    (void)out;
    /* What a predecessor has put of this input is not put again. */
    uint64_t ahead = hosted->channel.records - state->records;
    int code = ahead < in->records ? put_records(stage, in, (uint32_t)ahead) : 0;
    state->records += in->records;
    *cursor = UINT64_MAX;
    return code;
}

/* Complete is what the program has taken: it may still refuse a record, and with it the run. */
static int sink_finish(struct weir_stage *stage, struct weir_output *out)
{
    struct hosted *hosted = stage->self;
    (void)out;
    weir__channel_end(&hosted->channel);
    while (!weir__channel_is_empty(&hosted->channel)) {
        weir__channel_doze(&hosted->channel, CHANNEL_PUTTER);
        if (!weir__channel_is_empty(&hosted->channel))
            weir__channel_sleep(&hosted->channel, CHANNEL_PUTTER, WAIT_MS);
    }
    return 0;
}

static const struct weir_stage_type host_sink = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "host.sink",
    .summary = "gives records to the program that runs the pipeline",
    .doc =
        "Its records are taken by a program that links libweir (weir/weir.h, weir_job_sink). Each "
        "comes once, in the order of the run, whatever worker dies. Until the run has ended well "
        "they are those of a run that may still fail. `pipeline run` has nobody to take them, and "
        "refuses it.",
    .options = sink_options,
    .traits = WEIR_SINK | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_HOSTED | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct sink_state),
    .configure = hosted_configure,
    .open = sink_open,
    .process = sink_process,
    .finish = sink_finish,
    .close = hosted_close,
};

const struct weir_stage_type *const *weir_host_types(void)
{
    static const struct weir_stage_type *const types[] = {&host_source, &host_sink, NULL};
    return types;
}
