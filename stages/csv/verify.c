/* parser: verify - what the fast way and libcsv made of the same text, compared. */
#include "csv/parse.h"

#include <inttypes.h>
#include <string.h>

static bool same_value(struct weir_value a, struct weir_value b)
{
    if (a.data == NULL || b.data == NULL)
        return a.data == b.data;
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* The first of so many records in which the columns differ. */
static uint32_t first_other(const struct weir_column *a, const struct weir_column *b,
                            uint32_t records)
{
    uint32_t record = 0;
    while (record < records && same_value(weir_value(a, record), weir_value(b, record)))
        record++;
    return record;
}

static uint32_t row_of(const struct parse *parse, uint32_t record)
{
    uint32_t row = record;
    for (size_t i = 0; i < parse->bad_count && parse->bad[i].record <= record; i++)
        row++;
    return row;
}

bool weir__parse_same(const struct parse *a, const struct parse *b, uint32_t *ret_row)
{
    uint32_t records = a->records < b->records ? a->records : b->records, record = records;
    size_t bads = a->bad_count < b->bad_count ? a->bad_count : b->bad_count, bad = 0;
    for (uint32_t c = 0; c < a->columns; c++) {
        if (a->place[c] == UINT32_MAX)
            continue;
        struct weir_column one = weir__parse_column(a, c), two = weir__parse_column(b, c);
        record = first_other(&one, &two, record);
    }
    while (bad < bads && memcmp(&a->bad[bad], &b->bad[bad], sizeof(*a->bad)) == 0)
        bad++;
    if (record == a->records && record == b->records && bad == a->bad_count && bad == b->bad_count)
        return true;
    *ret_row = row_of(a, record);
    if (bad < a->bad_count && a->bad[bad].row < *ret_row)
        *ret_row = a->bad[bad].row;
    if (bad < b->bad_count && b->bad[bad].row < *ret_row)
        *ret_row = b->bad[bad].row;
    return false;
}

int weir__parse_verify(struct weir_stage *stage, struct parse *parse, size_t end)
{
    struct parse_place place;
    struct weir_batch part = *parse->in;
    size_t part_end = part.byte_count = end;
    uint32_t row;
    uint64_t slow_bytes = stage->count.slow_bytes;
    int rc = weir__parse_text(stage, parse->other, &part, parse->from, &part_end);
    stage->count.slow_bytes = slow_bytes; /* what is done to compare does not count */
    if (rc < 0 || weir__parse_same(parse, parse->other, &row))
        return rc;
    weir__parse_find(parse, row, &place);
    return weir_fail(stage, WEIR_EINTERNAL,
                     "%s:%" PRIu64 ": the fast parser and libcsv differ; this is a defect, please "
                     "report the row. parser: libcsv goes round it",
                     weir_file_name(stage, place.position.file), place.position.line);
}
