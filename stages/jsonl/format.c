/*
 * jsonl.format: records in, lines of JSON out. The cursor is the record to go on with in its low 32
 * bits, and above them how many bytes of that record's line were put out already.
 */
#include "jsonl/write.h"

#include <stdlib.h>
#include <string.h>

#include "file/json_lines.h"

struct format {
    struct json_lines lines; /* set_null: what on_error made null */
    /* A line that does not fit what is left of the output, and the record that it is of. */
    char *line;
    size_t line_bytes, line_capacity;
    uint64_t line_cursor;
};

/* ---- lines ---- */

static const char *kind(enum weir_type type)
{
    return type == WEIR_BOOLEAN ? "boolean" : type == WEIR_JSON ? "JSON" : "number";
}

/* As weir__json_line_put, having asked about each value that is not what its type says. 0 with *ret_end, or
 * NULL there if the record is left out; WEIR_FULL; a code. */
static int make_line(struct weir_stage *stage, const struct weir_batch *in, uint32_t record,
                     char *to, char **ret_end)
{
    struct format *format = stage->self;
    bool asked = false;
    int verdict = WEIR_SET_NULL;
    uint32_t column = 0;
    while (verdict == WEIR_SET_NULL &&
           (*ret_end = weir__json_line_put(&format->lines, in, record, to, &column)) == NULL) {
        const struct weir_field *field = &stage->in->column[column];
        verdict =
            weir_reject(stage, in, record, field->name, "the value is no %s", kind(field->type));
        format->lines.set_null[column] = asked = true;
    }
    if (asked)
        memset(format->lines.set_null, 0, in->columns * sizeof(*format->lines.set_null));
    return verdict == WEIR_SET_NULL || verdict == WEIR_SKIP ? 0 : verdict;
}

/* ---- lines that may not fit ---- */

static bool reserve(struct format *format, size_t capacity)
{
    if (capacity <= format->line_capacity)
        return true;
    free(format->line);
    format->line = malloc(capacity);
    format->line_capacity = format->line == NULL ? 0 : capacity;
    return format->line != NULL;
}

/* Puts out what fits of the line, from *cursor on, and moves that. As make_line returns. */
static int put_piece(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                     struct weir_output *out)
{
    struct format *format = stage->self;
    uint32_t record = (uint32_t)*cursor;
    size_t done = (size_t)(*cursor >> 32), room = out->capacity - out->used;
    if (done == 0 || format->line_cursor != *cursor) {
        char *end;
        if (!reserve(format, weir__json_line_most(&format->lines, in, record)))
            return weir_fail(stage, WEIR_EOS, "no memory for a line");
        int rc = make_line(stage, in, record, format->line, &end);
        if (rc != 0)
            return rc;
        format->line_bytes = end == NULL ? 0 : (size_t)(end - format->line);
    }
    if (done > format->line_bytes)
        return weir_fail(stage, WEIR_EINTERNAL, "its cursor is damaged");
    size_t n = format->line_bytes - done;
    n = n < room ? n : room;
    memcpy(out->bytes + out->used, format->line + done, n);
    out->used += n;
    if (done + n < format->line_bytes) {
        *cursor = format->line_cursor = (uint64_t)record | (uint64_t)(done + n) << 32;
        return 0;
    }
    out->records += format->line_bytes > 0;
    *cursor = record + UINT64_C(1);
    return 0;
}

/* ---- batches ---- */

static int put_whole(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                     struct weir_output *out)
{
    char *end;
    int rc = make_line(stage, in, (uint32_t)*cursor, out->bytes + out->used, &end);
    if (rc != 0)
        return rc;
    if (end != NULL) {
        out->used = (size_t)(end - out->bytes);
        out->records++;
    }
    ++*cursor;
    return 0;
}

static int format_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    const struct format *format = stage->self;
    uint64_t first = *cursor;
    int rc = 0;
    while (rc == 0 && (uint32_t)*cursor < in->records && out->used < out->capacity) {
        bool fits =
            *cursor >> 32 == 0 && weir__json_line_most(&format->lines, in, (uint32_t)*cursor) <=
                                      out->capacity - out->used;
        rc = fits ? put_whole(stage, in, cursor, out) : put_piece(stage, in, cursor, out);
    }
    /* What stands before a record that ends the run goes on first. */
    if (rc < 0 && *cursor == first)
        return rc;
    if ((uint32_t)*cursor >= in->records)
        *cursor = UINT64_MAX;
    return 0;
}

/* ---- the stage ---- */

static int format_configure(struct weir_stage *stage)
{
    struct format *format = calloc(1, sizeof(*format));
    stage->self = format;
    if (format == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    format->lines.omit_nulls = weir_option_number(stage, "nulls") == 1;
    return 0;
}

static int format_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct format *format = stage->self;
    bool ok = weir__json_lines_make(&format->lines, stage->in);
    schema->raw = true;
    for (uint32_t c = 0; ok && c < stage->in->columns; c++)
        ok = weir_schema_add(schema, stage->in->column[c].name, stage->in->column[c].type) == 0;
    return ok ? 0 : weir_fail(stage, WEIR_EOS, "no memory for the columns");
}

static void format_close(struct weir_stage *stage)
{
    struct format *format = stage->self;
    if (format == NULL)
        return;
    weir__json_lines_release(&format->lines);
    free(format->line);
    free(format);
    stage->self = NULL;
}

const struct weir_stage_type weir_jsonl_format = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "jsonl.format",
    .summary = "makes lines of JSON of records",
    .options = weir__jsonl_write_options,
    .traits = WEIR_REJECTS | WEIR_INNER | WEIR_SANDBOX_STRICT,
    .configure = format_configure,
    .bind = format_bind,
    .process = format_process,
    .close = format_close,
};
