/*
 * The fast way through regular rows: their separators by masks, then column by column only what is
 * used. Values stay where they are in the text. A column that has a value which does not stand
 * there as it is (a doubled quote, a row that libcsv took) goes over to the heap as a whole, for a
 * column has one heap.
 */
#include "csv/parse.h"

#include <string.h>

/* Rows of these separators that have as many fields as there are columns, one after the other. */
struct fast_run {
    const uint32_t *separator; /* of the first row */
    const uint32_t *begin;     /* of each row */
    uint32_t rows;
};

/* ---- columns that go over to the heap ---- */

static void put_copy(struct parse *parse, uint64_t *entry, const char *bytes, uint32_t length)
{
    memcpy(parse->heap + parse->heap_used, bytes, length);
    *entry = weir_entry(parse->heap_used, length);
    parse->heap_used += length;
}

static void leave_text(struct parse *parse, uint32_t column, uint64_t *entry, uint32_t records)
{
    for (uint32_t i = 0; i < records; i++) {
        if (!weir_entry_is_null(entry[i]))
            put_copy(parse, &entry[i], parse->in->bytes + weir_entry_offset(entry[i]),
                     weir_entry_length(entry[i]));
    }
    parse->in_text[column] = false;
}

void weir__parse_leave_text(struct parse *parse)
{
    for (uint32_t field = 0; field < parse->columns; field++) {
        uint32_t column = parse->column_of[field];
        if (parse->target[field] != NULL && parse->in_text[column])
            leave_text(parse, column, parse->target[field], parse->records);
    }
    parse->row_heap = parse->heap_used;
}

/* ---- values ---- */

static uint32_t without_doubled(char *to, const char *bytes, uint32_t length, char quote)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < length; i++) {
        to[used++] = bytes[i];
        i += bytes[i] == quote;
    }
    return used;
}

/* Any value; `records` is which one of the batch. */
static void take_value(struct parse *parse, uint32_t field, uint32_t records, uint32_t begin,
                       uint32_t end)
{
    const char *text = parse->in->bytes, *value = text + begin;
    uint64_t *entry = parse->target[field];
    uint32_t column = parse->column_of[field], length = end - begin;
    const char quote = (char)parse->rows.quote;
    bool quoted = length > 0 && *value == quote, doubled = false;
    if (quoted) {
        value++;
        length -= 2;
        doubled = memchr(value, quote, length) != NULL;
    }
    if (doubled && parse->in_text[column])
        leave_text(parse, column, entry, records);
    if (doubled) {
        char *heap = parse->heap + parse->heap_used;
        length = without_doubled(heap, value, length, quote);
        value = heap;
    }
    if ((length == 0 && !quoted) || weir__parse_is_null(parse, value, length)) {
        entry[records] = weir_entry_null();
    } else if (parse->in_text[column]) {
        entry[records] = weir_entry((uint32_t)(value - text), length);
    } else if (doubled) {
        entry[records] = weir_entry(parse->heap_used, length);
        parse->heap_used += length;
    } else {
        put_copy(parse, &entry[records], value, length);
    }
}

/* The hottest loop of all: values as they stand. True if some are quoted. */
static bool take_plain(struct parse *parse, uint32_t field, const struct fast_run *run)
{
    const char *text = parse->in->bytes;
    const char quote = (char)parse->rows.quote;
    const uint32_t *end = run->separator + field;
    uint64_t *entry = parse->target[field] + parse->records;
    uint32_t any_quoted = 0;
    for (uint32_t r = 0; r < run->rows; r++, end += parse->columns) {
        uint32_t begin = field == 0 ? run->begin[r] : end[-1] + 1, quoted = text[begin] == quote;
        uint64_t value = weir_entry(begin + quoted, *end - begin - 2 * quoted);
        entry[r] = begin == *end ? weir_entry_null() : value;
        any_quoted |= quoted;
    }
    return any_quoted != 0;
}

static void take_run(struct parse *parse, const struct fast_run *run)
{
    for (uint32_t field = 0; field < parse->columns; field++) {
        if (parse->target[field] == NULL)
            continue;
        if (parse->in_text[parse->column_of[field]] && parse->null_values == 0 &&
            (!take_plain(parse, field, run) || !parse->separators.doubled))
            continue;
        const uint32_t *end = run->separator + field;
        for (uint32_t r = 0; r < run->rows; r++, end += parse->columns)
            take_value(parse, field, parse->records + r, field == 0 ? run->begin[r] : end[-1] + 1,
                       *end);
    }
    parse->records += run->rows;
    parse->rows_seen += run->rows;
}

/* ---- rows ---- */

/* A row that may have any number of fields. */
static void take_row(struct parse *parse, const uint32_t *separator, uint32_t begin,
                     uint32_t fields)
{
    for (uint32_t field = 0; field < fields && field < parse->columns; field++) {
        if (parse->target[field] != NULL)
            take_value(parse, field, parse->records, begin, separator[field]);
        begin = separator[field] + 1;
    }
    parse->field = fields;
    parse->row_heap = parse->heap_used; /* columns may have gone over to the heap in this row */
    weir__parse_end_row('\n', parse);
}

static bool take_rows(struct parse *parse)
{
    const struct separators *s = &parse->separators;
    size_t first = 0; /* separator of row r */
    if (!weir__parse_reserve(parse, parse->records + (uint32_t)s->rows + 1))
        return false;
    for (size_t r = 0; r < s->rows;) {
        struct fast_run run = {s->at + first, s->begin + r, 0};
        while (r < s->rows && s->last[r] + (size_t)1 - first == parse->columns) {
            first += parse->columns;
            run.rows++;
            r++;
        }
        take_run(parse, &run);
        if (r == s->rows)
            break;
        take_row(parse, s->at + first, s->begin[r], (uint32_t)(s->last[r] + 1 - first));
        first = s->last[r++] + (size_t)1;
    }
    return !parse->failed;
}

/* Where the first row begins that has not been taken. */
static size_t rows_end(const struct parse *parse)
{
    const struct separators *s = &parse->separators;
    size_t end = s->begins > 0 ? s->begin[0] : s->next;
    const char *text = parse->in->bytes;
    if (s->begins == 0 && end > 0 && end < parse->in->byte_count && text[end - 1] == '\r' &&
        text[end] == '\n')
        end++;
    return end;
}

size_t weir__parse_fast(struct parse *parse, size_t at)
{
    struct separators *s = &parse->separators;
    bool more = true;
    weir__separators_begin(s, at);
    while (more && !weir__parse_is_full(parse)) {
        more = weir__separators_more(s, parse->in->bytes, parse->in->byte_count);
        if (!take_rows(parse)) {
            parse->failed = true;
            break;
        }
        weir__separators_drop(s);
    }
    parse->last_end = 0;
    return rows_end(parse);
}
