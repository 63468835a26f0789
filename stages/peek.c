#include "peek.h"

#include <stdio.h>

static const struct weir_option options[] = {
    {"count", WEIR_OPT_COUNT, "10", "1..", false, "how many records to print"}, {0}};

enum { VALUE_BYTES = 60, LINE_BYTES = 1000 };

/* Committed with each batch. */
struct peek_state {
    uint64_t seen; /* records, at most count */
};

static int peek_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    return weir_schema_copy(ret, stage->in) == 0 ? 0 : weir_fail(stage, WEIR_EOS, "out of memory");
}

static size_t add_value(char *to, size_t room, struct weir_value value)
{
    if (value.data == NULL)
        return (size_t)snprintf(to, room, "null");
    size_t n = value.length > VALUE_BYTES ? VALUE_BYTES : value.length, at = 0;
    if (room < n + 8)
        return 0;
    to[at++] = '\'';
    for (size_t i = 0; i < n; i++) /* one line a record, and nothing that a terminal obeys */
        to[at++] = (unsigned char)value.data[i] < ' ' || value.data[i] == 127 ? ' ' : value.data[i];
    return at + (size_t)snprintf(to + at, room - at, "'%s", n < value.length ? "..." : "");
}

static void print(const struct weir_stage *stage, const struct weir_batch *in, uint32_t record)
{
    char line[LINE_BYTES];
    size_t used = 0;
    for (uint32_t c = 0; c < in->columns && used + 2 * VALUE_BYTES < sizeof(line); c++) {
        int n = snprintf(line + used, sizeof(line) - used, "%s%.*s: ", c == 0 ? "" : ", ",
                         VALUE_BYTES / 2, stage->in->column[c].name);
        used += (size_t)n;
        used += add_value(line + used, sizeof(line) - used, weir_value(&in->column[c], record));
    }
    fprintf(stderr, "%s\n", line);
}

static int peek_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct peek_state *state = stage->state;
    uint64_t count = (uint64_t)weir_option_number(stage, "count");
    for (uint32_t r = 0; r < in->records && state->seen < count; r++, state->seen++)
        print(stage, in, r);
    out->batch = *in;
    *cursor = UINT64_MAX;
    return 0;
}

const struct weir_stage_type weir_peek = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "peek",
    .summary = "prints the first records on standard error, and passes all on",
    .doc =
        "Prints the first `count` records on standard error, a line each, with what each column "
        "holds at this place of the pipeline, and passes all records on. A worker that is killed "
        "meanwhile is replaced, and its successor may print some of them again.",
    .options = options,
    .traits = WEIR_ONE_SEAT | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct peek_state),
    .bind = peek_bind,
    .process = peek_process,
};
