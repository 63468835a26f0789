/*
 * lines.format: one column in, lines out. The cursor is the record to go on with in its low 32
 * bits, and above them how many bytes of that record's line were put out already.
 */
#include "lines/lines.h"

#include <stdlib.h>
#include <string.h>

struct format {
    uint32_t column;
    const char *line_end;
    size_t line_end_bytes;
};

static int format_configure(struct weir_stage *stage)
{
    struct format *format = calloc(1, sizeof(*format));
    stage->self = format;
    if (format == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    bool crlf = weir_option_number(stage, "line_ending") == 1;
    format->line_end = crlf ? "\r\n" : "\n";
    format->line_end_bytes = crlf ? 2 : 1;
    return 0;
}

static int find_column(struct weir_stage *stage, uint32_t *ret)
{
    const char *name = weir_option_string(stage, "column");
    *ret = 0;
    if (name == NULL && stage->in->columns != 1)
        return weir_option_error(stage, "column", NULL, 0, 0, "say which one with column",
                                 "lines.write writes one column, and there are %u",
                                 stage->in->columns);
    if (name == NULL)
        return 0;
    int found = weir_schema_find(stage->in, name);
    if (found < 0) {
        const char *near = weir_schema_nearest(stage->in, name);
        char note[200] = "";
        if (near != NULL)
            snprintf(note, sizeof(note), "did you mean '%s'?", near);
        return weir_option_error(stage, "column", NULL, 0, 0, near != NULL ? note : NULL,
                                 "no column '%s'", name);
    }
    *ret = (uint32_t)found;
    return 0;
}

static int format_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct format *format = stage->self;
    schema->raw = true;
    int rc = find_column(stage, &format->column);
    if (rc < 0)
        return rc;
    const struct weir_field *field = &stage->in->column[format->column];
    if (weir_schema_add(schema, field->name, field->type) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    return 0;
}

static void format_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct format *format = stage->self;
    in_needed[format->column] = true;
}

/* The value to write. WEIR_SKIP: leave the record out; WEIR_FULL or a code: stop; else 3. */
static int take_value(struct weir_stage *stage, const struct weir_batch *in, uint32_t record,
                      struct weir_value *ret)
{
    enum { TAKEN = 3 };
    const struct format *format = stage->self;
    *ret = weir_value(&in->column[format->column], record);
    if (ret->length == 0 || memchr(ret->data, '\n', ret->length) == NULL)
        return TAKEN;
    int verdict = weir_reject(stage, in, record, stage->in->column[format->column].name,
                              "the value has a line end in it");
    if (verdict != WEIR_SET_NULL)
        return verdict;
    *ret = (struct weir_value){0};
    return TAKEN;
}

/* Copies what fits of value and line end, from *done on. True if that was all. */
static bool put_line(const struct format *format, const struct weir_value *value, size_t *done,
                     struct weir_output *out)
{
    size_t room = out->capacity - out->used, length = value->length;
    if (*done < length) {
        size_t n = length - *done < room ? length - *done : room;
        memcpy(out->bytes + out->used, value->data + *done, n);
        *done += n;
        out->used += n;
        room -= n;
    }
    size_t rest = length + format->line_end_bytes - *done;
    if (*done < length || rest > room)
        return false;
    memcpy(out->bytes + out->used, format->line_end + format->line_end_bytes - rest, rest);
    out->used += rest;
    out->records++;
    return true;
}

static int format_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    const struct format *format = stage->self;
    uint32_t first = (uint32_t)*cursor, record = first;
    size_t done = (size_t)(*cursor >> 32);
    for (; record < in->records; record++) {
        struct weir_value value;
        int taken = take_value(stage, in, record, &value);
        if (taken < 0 && record == first)
            return taken;
        if (taken < 0 || taken == WEIR_FULL)
            break;
        if (taken == WEIR_SKIP)
            continue;
        if (done > value.length + format->line_end_bytes)
            return weir_fail(stage, WEIR_EINTERNAL, "its cursor is damaged");
        if (!put_line(format, &value, &done, out))
            break;
        done = 0;
    }
    *cursor = record < in->records ? (uint64_t)record | (uint64_t)done << 32 : UINT64_MAX;
    return 0;
}

static void format_close(struct weir_stage *stage)
{
    free(stage->self);
    stage->self = NULL;
}

const struct weir_stage_type weir_lines_format = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "lines.format",
    .summary = "makes lines of records",
    .options = weir__lines_write_options,
    .traits = WEIR_REJECTS | WEIR_INNER | WEIR_SANDBOX_STRICT,
    .configure = format_configure,
    .bind = format_bind,
    .needs = format_needs,
    .process = format_process,
    .close = format_close,
};
