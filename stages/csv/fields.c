/* Where csv.parse puts the fields that libcsv finds: its callbacks, the hottest functions of all.
 */
#include "csv/parse.h"

#include <stdlib.h>
#include <string.h>

bool weir__parse_is_null(const struct parse *parse, const char *bytes, size_t length)
{
    for (size_t i = 0; i < parse->null_values; i++) {
        if (strlen(parse->null_value[i]) == length &&
            memcmp(parse->null_value[i], bytes, length) == 0)
            return true;
    }
    return false;
}

/* Most values are short. libcsv's buffer and the heap both have PARSE_HEAP_SLACK bytes to spare. */
static inline void copy_value(char *to, const char *from, size_t length)
{
    if (length <= 16) {
        memcpy(to, from, 16);
    } else if (length <= PARSE_HEAP_SLACK) {
        memcpy(to, from, 16);
        memcpy(to + 16, from + 16, 16);
    } else {
        memcpy(to, from, length);
    }
}

void weir__parse_take_field(void *bytes, size_t length, void *context)
{
    struct parse *parse = context;
    uint32_t field = parse->field++;
    if (field >= parse->fields)
        return;
    uint64_t *entry = parse->target[field];
    if (entry == NULL)
        return;
    if (bytes == NULL || (parse->null_values != 0 && weir__parse_is_null(parse, bytes, length))) {
        entry[parse->records] = weir_entry_null();
        return;
    }
    uint32_t at = parse->heap_used;
    copy_value(parse->heap + at, bytes, length);
    entry[parse->records] = weir_entry(at, (uint32_t)length);
    parse->heap_used = at + (uint32_t)length;
}

void weir__parse_set_targets(struct parse *parse)
{
    for (uint32_t field = 0; field < parse->fields; field++) {
        uint32_t place = parse->place[parse->column_of[field]];
        parse->target[field] =
            place == UINT32_MAX ? NULL : parse->entries + (size_t)place * parse->capacity;
    }
}

bool weir__parse_reserve(struct parse *parse, uint32_t capacity)
{
    if (capacity <= parse->capacity)
        return true;
    if (capacity < 2 * parse->capacity)
        capacity = 2 * parse->capacity;
    uint64_t *entries = calloc((size_t)capacity * parse->needed + 1, sizeof(*entries));
    if (entries == NULL)
        return false;
    for (size_t i = 0; parse->records > 0 && i < parse->needed; i++)
        memcpy(entries + i * capacity, parse->entries + i * parse->capacity,
               parse->records * sizeof(*entries));
    free(parse->entries);
    parse->entries = entries;
    parse->capacity = capacity;
    weir__parse_set_targets(parse);
    return true;
}

bool weir__parse_note_bad(struct parse *parse, uint32_t fields, size_t stray)
{
    if (parse->bad_count == parse->bad_capacity) {
        size_t capacity = 2 * parse->bad_capacity + 64;
        struct parse_bad *bad = realloc(parse->bad, capacity * sizeof(*bad));
        if (bad == NULL)
            return false;
        parse->bad = bad;
        parse->bad_capacity = capacity;
    }
    parse->bad[parse->bad_count++] = (struct parse_bad){.record = parse->records,
                                                        .row = parse->rows_seen,
                                                        .fields = fields,
                                                        .stray = (uint32_t)stray};
    return true;
}

/* Null for the fields from that one on. */
static void fill_up(struct parse *parse, uint32_t field)
{
    for (; field < parse->fields; field++) {
        if (parse->target[field] != NULL)
            parse->target[field][parse->records] = weir_entry_null();
    }
}

/* True if a row with so many fields is a record all the same. */
static bool even_out(struct parse *parse, uint32_t fields)
{
    if (fields > parse->fields)
        return parse->ignore_extra;
    if (parse->null_fill)
        fill_up(parse, fields);
    return parse->null_fill;
}

void weir__parse_end_row(int end, void *context)
{
    struct parse *parse = context;
    uint32_t fields = parse->field;
    parse->field = 0;
    if (__builtin_expect(fields == 0, 0)) {
        bool half = end == '\n' && parse->last_end == '\r';
        parse->last_end = end;
        if (half) /* libcsv reports the LF of a CRLF as well, where it reports blank lines */
            return;
        fill_up(parse, 0);
        fields = parse->fields;
    }
    parse->last_end = end;
    if (__builtin_expect(fields != parse->fields && !even_out(parse, fields), 0)) {
        parse->failed |= !weir__parse_note_bad(parse, fields, 0);
        parse->heap_used = parse->row_heap;
    } else if (++parse->records == parse->capacity &&
               !weir__parse_reserve(parse, parse->capacity + 1)) {
        parse->failed = true;
        parse->records--;
    }
    parse->row_heap = parse->heap_used;
    parse->rows_seen++;
}
