#include "file/json_lines.h"

#include <stdlib.h>
#include <string.h>

#include <weir/json.h>

#include "file/json.h"

#define HEAP_MAX ((size_t)WEIR_ENTRY_MAX)

/* ---- writing ---- */

static bool make_key(struct json_key *key, const char *name)
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

bool weir__json_lines_make(struct json_lines *lines, const struct weir_schema *schema)
{
    uint32_t columns = schema->columns;
    lines->schema = schema;
    lines->key = calloc(columns + 1u, sizeof(*lines->key));
    lines->set_null = calloc(columns + 1u, sizeof(*lines->set_null));
    bool ok = lines->key != NULL && lines->set_null != NULL;
    for (uint32_t c = 0; ok && c < columns; c++) {
        ok = make_key(&lines->key[c], schema->column[c].name);
        lines->keys_bytes += lines->key[c].bytes;
    }
    return ok;
}

void weir__json_lines_release(struct json_lines *lines)
{
    for (uint32_t c = 0; lines->key != NULL && c < lines->schema->columns; c++)
        free(lines->key[c].text);
    free(lines->key);
    free(lines->set_null);
    *lines = (struct json_lines){0};
}

size_t weir__json_line_most(const struct json_lines *lines, const struct weir_batch *in,
                            uint32_t record)
{
    size_t most = lines->keys_bytes + 3; /* {} and the line end */
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

char *weir__json_line_put(const struct json_lines *lines, const struct weir_batch *in,
                          uint32_t record, char *to, uint32_t *ret_column)
{
    char separator = '{';
    for (uint32_t c = 0; c < in->columns; c++) {
        struct weir_value value = weir_value(&in->column[c], record);
        bool null = value.data == NULL || lines->set_null[c];
        if (null && lines->omit_nulls)
            continue;
        *to++ = separator;
        separator = ',';
        memcpy(to, lines->key[c].text, lines->key[c].bytes);
        to += lines->key[c].bytes;
        if (null) {
            memcpy(to, "null", 4);
            to += 4;
            continue;
        }
        char *end = put_value(to, &value, lines->schema->column[c].type);
        if (end == NULL && lines->lenient)
            end = weir__json_put_string(to, value.data, value.length);
        *ret_column = c;
        if (end == NULL)
            return NULL;
        to = end;
    }
    if (separator == '{')
        *to++ = '{';
    memcpy(to, "}\n", 2);
    return to + 2;
}

/* ---- reading ---- */

bool weir__json_values_begin(struct json_values *values, const char *text, size_t bytes,
                             uint32_t columns, uint32_t records)
{
    values->text = text;
    values->text_bytes = bytes;
    values->columns = columns;
    values->heap_used = 0;
    if (records <= values->capacity)
        return true;
    free(values->entry);
    values->entry = malloc((size_t)records * columns * sizeof(*values->entry));
    values->capacity = values->entry == NULL ? 0 : records;
    return values->capacity > 0;
}

/* Room for n bytes more behind the copy of the text. */
static bool reserve(struct json_values *values, size_t n)
{
    size_t begin = values->heap_used == 0 ? values->text_bytes : values->heap_used;
    if (begin + n > HEAP_MAX)
        return false;
    if (begin + n > values->heap_capacity) {
        size_t capacity = 2 * (begin + n);
        char *heap = realloc(values->heap, capacity);
        if (heap == NULL)
            return false;
        values->heap = heap;
        values->heap_capacity = capacity;
    }
    if (values->heap_used == 0)
        memcpy(values->heap, values->text, begin);
    values->heap_used = begin;
    return true;
}

bool weir__json_values_take(struct json_values *values, uint32_t record, uint32_t column,
                            struct weir_value json, const char *path)
{
    bool escaped;
    uint64_t *entry = values->entry + (size_t)column * values->capacity + record;
    struct weir_value value = weir_json_find(json, path, &escaped);
    if (value.data == NULL) {
        *entry = weir_entry_null();
    } else if (!escaped) {
        *entry = weir_entry((uint32_t)(value.data - values->text), value.length);
    } else {
        if (!reserve(values, value.length))
            return false;
        uint32_t n = weir_json_unescape(value, values->heap + values->heap_used);
        *entry = weir_entry((uint32_t)values->heap_used, n);
        values->heap_used += n;
    }
    return true;
}

struct weir_column weir__json_values_column(const struct json_values *values, uint32_t column)
{
    bool copied = values->heap_used > 0;
    return (struct weir_column){.entry = values->entry + (size_t)column * values->capacity,
                                .heap = copied ? values->heap : values->text,
                                .heap_bytes =
                                    (uint32_t)(copied ? values->heap_used : values->text_bytes)};
}

void weir__json_values_release(struct json_values *values)
{
    free(values->entry);
    free(values->heap);
    *values = (struct json_values){0};
}

const char *weir__json_line_check(struct weir_value *line)
{
    static const char blanks[] = " \t\r";
    while (line->length > 0 && memchr(blanks, line->data[0], 3) != NULL) {
        line->data++;
        line->length--;
    }
    while (line->length > 0 && memchr(blanks, line->data[line->length - 1], 3) != NULL)
        line->length--;
    if (line->length == 0)
        return NULL;
    if (!weir_json_is_valid(*line))
        return "the line is not JSON";
    if (line->data[0] != '{' && line->data[0] != '[')
        return "the line is neither an object nor an array";
    return NULL;
}
