/* lines.split: a record for each line. The values stay where they are in the input; the cursor is a
 * byte offset in it. */
#include "lines/lines.h"

#include <stdlib.h>
#include <string.h>

#include "file/lines.h"

#define BATCH_RECORDS ((uint32_t)64 << 10)

struct split {
    uint64_t *entry;
    uint32_t capacity;
    struct weir_column column;
    const struct weir_batch *in;
    size_t from;
};

static int split_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct split));
    return stage->self == NULL ? weir_fail(stage, WEIR_EOS, "no memory") : 0;
}

static int split_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    if (weir_schema_add(schema, "line", WEIR_TEXT) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    return 0;
}

static bool reserve(struct split *split, uint32_t records)
{
    if (records < split->capacity)
        return true;
    uint32_t capacity = 2 * split->capacity + 1024;
    uint64_t *entry = realloc(split->entry, capacity * sizeof(*entry));
    if (entry == NULL)
        return false;
    split->entry = entry;
    split->capacity = capacity;
    return true;
}

static void locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    const struct split *split = batch->locate_context;
    const struct weir_batch *in = split->in;
    uint32_t at = weir_entry_offset(split->entry[record]);
    *ret = (struct weir_position){.file = in->origin.file,
                                  .offset = in->origin.offset + at,
                                  .line = in->origin.line +
                                          weir__lines_count(in->bytes, split->from) + record,
                                  .raw = in->bytes + at,
                                  .raw_bytes = weir_entry_length(split->entry[record])};
}

static int split_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct split *split = stage->self;
    uint32_t records = 0;
    size_t at = (size_t)*cursor, n = in->whole_bytes != 0 ? in->whole_at : in->byte_count;
    if (in->whole_bytes != 0 && at >= n)
        return weir__lines_reject_large(stage, in, cursor);
    split->in = in;
    split->from = at;
    while (at < n && records < BATCH_RECORDS) {
        if (!reserve(split, records))
            return weir_fail(stage, WEIR_EOS, "no memory for a batch of lines");
        const char *begin = in->bytes + at;
        const char *end = memchr(begin, '\n', n - at);
        size_t length = end == NULL ? n - at : (size_t)(end - begin);
        bool crlf = end != NULL && length > 0 && begin[length - 1] == '\r';
        split->entry[records++] = weir_entry((uint32_t)at, (uint32_t)(length - crlf));
        at += length + (end != NULL);
    }
    split->column = (struct weir_column){.entry = stage->needed[0] ? split->entry : NULL,
                                         .heap = in->bytes,
                                         .heap_bytes = (uint32_t)in->byte_count};
    out->batch = (struct weir_batch){.records = records,
                                     .columns = 1,
                                     .column = &split->column,
                                     .origin = in->origin,
                                     .locate = locate,
                                     .locate_context = split};
    stage->count.in += records;
    *cursor = at < in->byte_count ? at : UINT64_MAX;
    return 0;
}

static void split_close(struct weir_stage *stage)
{
    struct split *split = stage->self;
    if (split == NULL)
        return;
    free(split->entry);
    free(split);
    stage->self = NULL;
}

const struct weir_stage_type weir_lines_split = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "lines.split",
    .summary = "makes a record of each line",
    .options = weir__lines_read_options,
    .traits = WEIR_REJECTS | WEIR_INNER | WEIR_SANDBOX_STRICT,
    .configure = split_configure,
    .bind = split_bind,
    .process = split_process,
    .first_record = weir__lines_first_record,
    .close = split_close,
};
