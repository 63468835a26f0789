#include "count.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "file/write.h"

static const struct weir_option options[] = {
    {"path", WEIR_OPT_PATH, "-", NULL, false, "the file to write; \"-\" is standard output"}, {0}};

/* ---- count.partial: one number a seat, put out at its end ---- */

struct partial_state {
    uint64_t records;
};

static int partial_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    (void)stage;
    ret->raw = true;
    return 0;
}

static void partial_needs(struct weir_stage *stage, bool *in_needed)
{
    (void)stage, (void)in_needed; /* no column is looked at */
}

static int partial_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                           struct weir_output *out)
{
    struct partial_state *state = stage->state;
    (void)out;
    state->records += in->records;
    *cursor = UINT64_MAX;
    return 0;
}

static int partial_finish(struct weir_stage *stage, struct weir_output *out)
{
    const struct partial_state *state = stage->state;
    memcpy(out->bytes, &state->records, sizeof(state->records));
    out->used = sizeof(state->records);
    return 0;
}

const struct weir_stage_type weir_count_partial = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "count.partial",
    .summary = "counts records",
    .options = options,
    .traits = WEIR_INNER | WEIR_TOTALS | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct partial_state),
    .bind = partial_bind,
    .needs = partial_needs,
    .process = partial_process,
    .finish = partial_finish,
};

/* ---- count.total: file.write with the sum as its one line ---- */

struct total_state {
    struct file_write_state file; /* file.write's own, which takes it for the whole */
    uint64_t records;
};

static int total_configure(struct weir_stage *stage)
{
    return weir_file_write.configure(stage);
}

static int total_open(struct weir_stage *stage)
{
    return weir_file_write.open(stage);
}

static int total_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct total_state *state = stage->state;
    uint64_t records;
    (void)out;
    if (in->byte_count != sizeof(records))
        return weir_fail(stage, WEIR_EINTERNAL, "a number is damaged");
    memcpy(&records, in->bytes, sizeof(records));
    state->records += records;
    *cursor = UINT64_MAX;
    return 0;
}

static int total_finish(struct weir_stage *stage, struct weir_output *out)
{
    const struct total_state *state = stage->state;
    uint64_t cursor = 0;
    char line[24];
    int bytes = snprintf(line, sizeof(line), "%" PRIu64 "\n", state->records);
    const struct weir_batch text = {.bytes = line, .byte_count = (size_t)bytes};
    int rc = weir_file_write.process(stage, &text, &cursor, out);
    if (rc == WEIR_ENOUGH)
        return 0; /* nobody reads standard output any more */
    return rc < 0 ? rc : weir_file_write.finish(stage, out);
}

static int total_publish(struct weir_stage *stage, bool keep, const char **ret_path)
{
    return weir_file_write.publish(stage, keep, ret_path);
}

static void total_close(struct weir_stage *stage)
{
    weir_file_write.close(stage);
}

const struct weir_stage_type weir_count_total = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "count.total",
    .summary = "adds up numbers of records and writes the sum to a file",
    .options = options,
    .traits = WEIR_SINK | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER | WEIR_SANDBOX_FILES,
    .state_bytes = sizeof(struct total_state),
    .configure = total_configure,
    .open = total_open,
    .process = total_process,
    .finish = total_finish,
    .publish = total_publish,
    .close = total_close,
};

/* ---- both ---- */

static const struct weir_stage_type *const inner[] = {&weir_count_partial, &weir_count_total, NULL};

const struct weir_stage_type weir_count = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "count",
    .summary = "counts records and writes their number",
    .doc =
        "Counts records and, when the input has ended, writes their number as one line. What was "
        "rejected, set aside or left out before it is not counted. No column is looked at, so "
        "that the stages before it need not make any.\n\n"
        "A file appears under its name when the whole run has succeeded, as csv.write's does. On "
        "standard output the number appears when everything has been counted.",
    .options = options,
    .traits = WEIR_SINK,
    .inner = inner,
};
