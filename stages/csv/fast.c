/*
 * The fast way through regular rows: their separators by masks, then column by column only what is
 * used. Values stay where they are in the text. As soon as one does not stand there as it is (a
 * doubled quote, a row that libcsv took) all do so at the same place in a copy of it, which is made
 * in the heap; there they can be changed.
 */
#include "csv/parse.h"

#include <string.h>

/* Rows of these separators that have as many fields as the header, one after the other. */
struct fast_run {
    const uint32_t *separator; /* of the first row */
    const uint32_t *begin;     /* of each row */
    uint32_t first, rows;      /* of the separators' rows */
};

/* ---- values ---- */

void weir__parse_leave_text(struct parse *parse)
{
    if (parse->in_text)
        memcpy(parse->heap + parse->from, parse->in->bytes + parse->from,
               parse->in->byte_count - parse->from);
    parse->in_text = false;
}

/* In place. Returns the new length. */
static uint32_t join_doubled(char *bytes, uint32_t length, char quote)
{
    uint32_t used = 0;
    for (uint32_t at = 0; at < length;) {
        const char *found = memchr(bytes + at, quote, length - at);
        uint32_t end = found == NULL ? length : (uint32_t)(found - bytes) + 1;
        memmove(bytes + used, bytes + at, end - at);
        used += end - at;
        at = end + 1;
    }
    return used;
}

/* Any value, which may have doubled quotes. */
static void take_value(struct parse *parse, uint32_t field, uint32_t record, uint32_t begin,
                       uint32_t end)
{
    const char *text = parse->in->bytes;
    const char quote = (char)parse->rows.quote;
    uint64_t *entry = parse->target[field] + record;
    uint32_t length = end - begin;
    if (length > 0 && text[begin] == quote) {
        begin++;
        length -= 2;
        if (memchr(text + begin, quote, length) != NULL) {
            weir__parse_leave_text(parse);
            length = join_doubled(parse->heap + begin, length, quote);
        }
    } else if (length == 0) {
        *entry = weir_entry_null();
        return;
    }
    *entry = weir_entry(begin, length);
}

static void find_nulls(const struct parse *parse, uint64_t *entry, uint32_t records)
{
    const char *base = parse->in_text ? parse->in->bytes : parse->heap;
    for (uint32_t i = 0; i < records; i++) {
        if (!weir_entry_is_null(entry[i]) &&
            weir__parse_is_null(parse, base + weir_entry_offset(entry[i]),
                                weir_entry_length(entry[i])))
            entry[i] = weir_entry_null();
    }
}

/* Values that stand for null, in so many records from the current one on. */
static void take_nulls(const struct parse *parse, uint32_t records, uint32_t fields)
{
    for (uint32_t field = 0; field < fields && parse->null_values != 0; field++) {
        if (parse->target[field] != NULL)
            find_nulls(parse, parse->target[field] + parse->records, records);
    }
}

/* The hottest loop of all: values as they stand. */
static void take_plain(struct parse *parse, uint32_t field, const struct fast_run *run)
{
    const char *text = parse->in->bytes;
    const char quote = (char)parse->rows.quote;
    const uint32_t *end = run->separator + field;
    uint64_t *entry = parse->target[field] + parse->records;
    for (uint32_t r = 0; r < run->rows; r++, end += parse->fields) {
        uint32_t begin = field == 0 ? run->begin[r] : end[-1] + 1, quoted = text[begin] == quote;
        uint64_t value = weir_entry(begin + quoted, *end - begin - 2 * quoted);
        entry[r] = begin == *end ? weir_entry_null() : value;
    }
}

/* The first fields of a row. */
static void take_fields(struct parse *parse, const uint32_t *separator, uint32_t begin,
                        uint32_t fields, uint32_t record)
{
    for (uint32_t field = 0; field < fields; field++) {
        if (parse->target[field] != NULL)
            take_value(parse, field, record, begin, separator[field]);
        begin = separator[field] + 1;
    }
}

/* Takes those rows again that may have doubled quotes; *at is how many of separators.doubled have
 * been seen to. */
static void take_doubled(struct parse *parse, const struct fast_run *run, size_t *at)
{
    const struct separators *s = &parse->separators;
    uint32_t row = run->first, end = run->first + run->rows;
    for (; *at < s->doubles; (*at)++) {
        const struct separators_rows *doubled = &s->doubled[*at];
        row = row > doubled->first ? row : doubled->first;
        for (; row < end && row <= doubled->last; row++) {
            uint32_t r = row - run->first;
            take_fields(parse, run->separator + (size_t)r * parse->fields, run->begin[r],
                        parse->fields, parse->records + r);
        }
        if (doubled->last >= end)
            break;
    }
}

static void take_run(struct parse *parse, const struct fast_run *run, size_t *doubled)
{
    for (uint32_t field = 0; field < parse->fields; field++) {
        if (parse->target[field] != NULL)
            take_plain(parse, field, run);
    }
    take_doubled(parse, run, doubled);
    take_nulls(parse, run->rows, parse->fields);
    parse->records += run->rows;
    parse->rows_seen += run->rows;
}

/* ---- rows ---- */

/* A row that may have any number of fields. */
static void take_row(struct parse *parse, const uint32_t *separator, uint32_t begin,
                     uint32_t fields)
{
    uint32_t known = fields < parse->fields ? fields : parse->fields;
    take_fields(parse, separator, begin, known, parse->records);
    take_nulls(parse, 1, known);
    parse->field = fields;
    weir__parse_end_row('\n', parse);
}

/* From that row on, which begins behind so many separators. */
static struct fast_run find_run(const struct parse *parse, size_t row, size_t separators)
{
    const struct separators *s = &parse->separators;
    size_t r = row, before = separators;
    for (; r < s->rows && s->last[r] + (size_t)1 - before == parse->fields; r++)
        before += parse->fields;
    return (struct fast_run){.separator = s->at + separators,
                             .begin = s->begin + row,
                             .first = (uint32_t)row,
                             .rows = (uint32_t)(r - row)};
}

static bool take_rows(struct parse *parse)
{
    const struct separators *s = &parse->separators;
    size_t first = 0, doubled = 0;
    if (!weir__parse_reserve(parse, parse->records + (uint32_t)s->rows + 1))
        return false;
    for (size_t r = 0; r < s->rows;) {
        struct fast_run run = find_run(parse, r, first);
        take_run(parse, &run, &doubled);
        r += run.rows;
        first += (size_t)run.rows * parse->fields;
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
    if (s->begins == 0 && end > 0 && end < parse->end && text[end - 1] == '\r' && text[end] == '\n')
        end++;
    return end;
}

size_t weir__parse_fast(struct parse *parse, size_t at)
{
    struct separators *s = &parse->separators;
    bool more = true;
    if (at == 0 && parse->in->notes != NULL)
        weir__separators_begin_known(s, parse->in->notes, parse->end);
    else
        weir__separators_begin(s, at);
    while (more && !weir__parse_is_full(parse)) {
        more = weir__separators_more(s, parse->in->bytes, parse->end);
        if (!take_rows(parse)) {
            parse->failed = true;
            break;
        }
        weir__separators_drop(s);
    }
    parse->last_end = 0;
    return rows_end(parse);
}
