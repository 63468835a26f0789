/*
 * jsonl.format: records in, lines of JSON out. The cursor is the record to go on with in its low 32
 * bits, and above them how many bytes of that record's line were put out already.
 */
#include "jsonl/write.h"

#include <stdlib.h>
#include <string.h>

#include "file/json.h"

struct key {
    char *text; /* "name": with its quotes and the colon */
    size_t bytes;
};

struct format {
    bool omit_nulls;
    struct key *key;
    size_t keys_bytes;
    uint32_t columns;
    bool *set_null; /* columns of the record in hand that on_error made null */
    /* A line that does not fit what is left of the output, and the record that it is of. */
    char *line;
    size_t line_bytes, line_capacity;
    uint64_t line_cursor;
};

/* ---- lines ---- */

/* Room for the record's line, whatever its values. */
static size_t line_most(const struct format *format, const struct weir_batch *in, uint32_t record)
{
    size_t most = format->keys_bytes + 3; /* {} and the line end */
    for (uint32_t c = 0; c < in->columns; c++)
        most += JSON_VALUE_MAX(weir_value(&in->column[c], record).length) + 1;
    return most;
}

static char *put_value(char *to, const struct weir_value *value, enum weir_type type)
{
    switch (type) {
    case WEIR_INTEGER:
    case WEIR_DECIMAL:
    case WEIR_DOUBLE: return weir__json_put_number(to, value->data, value->length);
    case WEIR_JSON: return weir__json_put_json(to, value->data, value->length);
    case WEIR_BOOLEAN: return weir__json_put_truth(to, value->data, value->length);
    default: return weir__json_put_string(to, value->data, value->length);
    }
}

/* Writes a line to `to`, which has room for line_most. NULL: the value of *ret_column is not what
 * its type says. */
static char *put_line(const struct weir_stage *stage, const struct weir_batch *in, uint32_t record,
                      char *to, uint32_t *ret_column)
{
    const struct format *format = stage->self;
    char separator = '{';
    for (uint32_t c = 0; c < in->columns; c++) {
        struct weir_value value = weir_value(&in->column[c], record);
        bool null = value.data == NULL || format->set_null[c];
        if (null && format->omit_nulls)
            continue;
        *to++ = separator;
        separator = ',';
        memcpy(to, format->key[c].text, format->key[c].bytes);
        to += format->key[c].bytes;
        if (null) {
            memcpy(to, "null", 4);
            to += 4;
            continue;
        }
        to = put_value(to, &value, stage->in->column[c].type);
        *ret_column = c;
        if (to == NULL)
            return NULL;
    }
    if (separator == '{')
        *to++ = '{';
    memcpy(to, "}\n", 2);
    return to + 2;
}

static const char *kind(enum weir_type type)
{
    return type == WEIR_BOOLEAN ? "boolean" : type == WEIR_JSON ? "JSON" : "number";
}

/* As put_line, having asked about each value that is not what its type says. 0 with *ret_end, or
 * NULL there if the record is left out; WEIR_FULL; a code. */
static int make_line(struct weir_stage *stage, const struct weir_batch *in, uint32_t record,
                     char *to, char **ret_end)
{
    struct format *format = stage->self;
    bool asked = false;
    int verdict = WEIR_SET_NULL;
    uint32_t column = 0;
    while (verdict == WEIR_SET_NULL &&
           (*ret_end = put_line(stage, in, record, to, &column)) == NULL) {
        const struct weir_field *field = &stage->in->column[column];
        verdict =
            weir_reject(stage, in, record, field->name, "the value is no %s", kind(field->type));
        format->set_null[column] = asked = true;
    }
    if (asked)
        memset(format->set_null, 0, format->columns * sizeof(*format->set_null));
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
        if (!reserve(format, line_most(format, in, record)))
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
        bool fits = *cursor >> 32 == 0 &&
                    line_most(format, in, (uint32_t)*cursor) <= out->capacity - out->used;
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
    format->omit_nulls = weir_option_number(stage, "nulls") == 1;
    return 0;
}

static bool make_key(struct key *key, const char *name)
{
    size_t length = strlen(name);
    key->text = malloc(JSON_VALUE_MAX(length) + 1);
    if (key->text == NULL)
        return false;
    char *end = weir__json_put_string(key->text, name, length);
    *end++ = ':';
    key->bytes = (size_t)(end - key->text);
    return true;
}

static int format_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct format *format = stage->self;
    uint32_t columns = stage->in->columns;
    format->key = calloc(columns + 1u, sizeof(*format->key));
    format->set_null = calloc(columns + 1u, sizeof(*format->set_null));
    bool ok = format->key != NULL && format->set_null != NULL;
    format->columns = ok ? columns : 0;
    schema->raw = true;
    for (uint32_t c = 0; ok && c < columns; c++) {
        const struct weir_field *field = &stage->in->column[c];
        ok = make_key(&format->key[c], field->name) &&
             weir_schema_add(schema, field->name, field->type) == 0;
        format->keys_bytes += format->key[c].bytes;
    }
    return ok ? 0 : weir_fail(stage, WEIR_EOS, "no memory for the columns");
}

static void format_close(struct weir_stage *stage)
{
    struct format *format = stage->self;
    if (format == NULL)
        return;
    for (uint32_t c = 0; c < format->columns; c++)
        free(format->key[c].text);
    free(format->key);
    free(format->set_null);
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
