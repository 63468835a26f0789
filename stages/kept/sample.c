#include "kept/sample.h"

#include "file/choice.h"
#include "file/hash.h"
#include "kept/place.h"

static const struct weir_option options[] = {
    {"share", WEIR_OPT_PERCENT, NULL, "0%..100%", true, "how many of the records to pass: 1%"},
    {"seed", WEIR_OPT_COUNT, "0", NULL, false, "another one gives another sample"},
    {0}};

enum { WHOLE = 1000000 }; /* as PERCENT counts */

struct sample {
    uint64_t share, seed;
    struct choice choice;
};

static int sample_configure(struct weir_stage *stage)
{
    struct sample *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    self->share = (uint64_t)weir_option_number(stage, "share");
    self->seed = (uint64_t)weir_option_number(stage, "seed");
    stage->self = self;
    return 0;
}

static int sample_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    return weir_schema_copy(ret, stage->in) == 0 ? 0 : weir_fail(stage, WEIR_EOS, "out of memory");
}

static void sample_needs(struct weir_stage *stage, bool *in_needed)
{
    memcpy(in_needed, stage->needed, stage->in->columns * sizeof(*in_needed));
}

/* By where the record stands, not by when it comes. */
static bool is_chosen(const struct sample *self, const struct place_state *place, uint32_t record)
{
    uint64_t hash = hash_mix(self->seed, place->number);
    return hash_mix(hash, place->records + record) % WHOLE < self->share;
}

static int sample_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct sample *self = stage->self;
    struct place_state *place = stage->state;
    uint32_t records = 0;
    place_begin(stage, place);
    int code = weir__choice_begin(stage, &self->choice, in);
    if (code < 0)
        return code;
    for (uint32_t r = 0; r < in->records; r++) {
        self->choice.kept[records] = r;
        records += is_chosen(self, place, r);
    }
    weir__choice_put(stage, &self->choice, records, out);
    stage->count.dropped += in->records - records;
    place_end(place, in);
    *cursor = UINT64_MAX;
    return 0;
}

static void sample_close(struct weir_stage *stage)
{
    struct sample *self = stage->self;
    if (self == NULL)
        return;
    weir__choice_release(&self->choice);
    free(self);
    stage->self = NULL;
}

const struct weir_stage_type weir_sample = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "sample",
    .summary = "passes a share of the records, by chance",
    .doc =
        "Passes each record with the chance `share`. Where a record stands in the input decides, "
        "and `seed`: the same input with the same settings of `run` gives the same sample, for "
        "any number of workers.",
    .options = options,
    .traits = WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct place_state),
    .configure = sample_configure,
    .bind = sample_bind,
    .needs = sample_needs,
    .process = sample_process,
    .close = sample_close,
};
