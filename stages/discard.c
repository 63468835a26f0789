/*
 * discard: takes records and forgets them. It is the smallest stage there is, and complete: copy it
 * to begin one of your own.
 *
 * A stage type is a struct of functions and a table of options; weir/stage.h tells when each
 * function is called, in which process, and what it may do. The line in stages/list.c makes the
 * type known to pipeline files, and tests/stages/test_discard.c shows how a stage is tested without
 * the engine.
 */
#include "discard.h"

/* The options of the stage: name, type, default, choices or range, required, help. This one has
 * none. */
static const struct weir_option options[] = {{0}};

/*
 * Called for every batch, in a worker. `in` is borrowed and never changed. The engine counts the
 * records and releases the batch. A stage that looks at them does it like this:
 *
 *     for (uint32_t r = 0; r < in->records; r++) {
 *         struct weir_value value = weir_value(&in->column[0], r);
 *         ... value.data (NULL: the value is null), value.length ...
 *     }
 */
static int discard_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                           struct weir_output *out)
{
    (void)stage, (void)in;
    (void)out;            /* a sink puts nothing out */
    *cursor = UINT64_MAX; /* done with the whole batch */
    return 0;
}

/* Called while planning: which columns of the input are looked at. All are marked false, and so it
 * stays: the stages before then need not even make them. */
static void discard_needs(struct weir_stage *stage, bool *in_needed)
{
    (void)stage, (void)in_needed;
}

const struct weir_stage_type weir_discard = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "discard",
    .summary = "takes records and forgets them",
    .doc = "Takes records, counts them, and forgets them: to see how many there are and whether "
           "they are well-formed, or how fast the stages before it are.",
    .options = options,
    .traits = WEIR_SINK | WEIR_SANDBOX_STRICT,
    .needs = discard_needs,
    .process = discard_process,
};
