/*
 * json.format: records in, lines of JSON out. The cursor is the record to go on with in its low 32
 * bits, and above them how many bytes of that record's line were put out already.
 */
#include "json/jsonl.h"

#include <stdlib.h>

#include "file/object.h"

struct format {
    struct line line;
};

static int format_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct format));
    return stage->self == NULL ? weir_fail(stage, WEIR_EOS, "no memory") : 0;
}

static int format_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    if (weir_schema_copy(schema, stage->in) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    schema->raw = true;
    return 0;
}

static int format_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct format *format = stage->self;
    uint32_t record = (uint32_t)*cursor;
    size_t done = (size_t)(*cursor >> 32);
    for (; record < in->records; record++, done = 0) {
        format->line.used = 0;
        if (!weir__object_add(&format->line, stage->in, in, record))
            return weir_fail(stage, WEIR_EOS, "no memory for a line");
        if (done > format->line.used)
            return weir_fail(stage, WEIR_EINTERNAL, "its cursor is damaged");
        /* Short lines are not cut. */
        bool fits = format->line.used - done <= out->capacity - out->used;
        if ((!fits && out->used > 0) || !weir__line_put(&format->line, &done, out))
            break;
    }
    *cursor = record < in->records ? (uint64_t)record | (uint64_t)done << 32 : UINT64_MAX;
    return 0;
}

static void format_close(struct weir_stage *stage)
{
    struct format *format = stage->self;
    if (format == NULL)
        return;
    free(format->line.bytes);
    free(format);
    stage->self = NULL;
}

const struct weir_stage_type weir_json_format = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "json.format",
    .summary = "makes lines of JSON of records",
    .options = weir__jsonl_write_options,
    .traits = WEIR_INNER,
    .configure = format_configure,
    .bind = format_bind,
    .process = format_process,
    .close = format_close,
};
