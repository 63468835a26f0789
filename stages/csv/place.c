/* Where a record of csv.parse stands in its file: worked out only when something is said about it.
 */
#include "csv/parse.h"

#include <string.h>

static void begin_walk(struct parse *parse)
{
    parse->walk = (struct parse_walk){.begun = true,
                                      .line = parse->in->origin.line +
                                              weir__rows_lines(parse->in->bytes, parse->from)};
}

/* Passes one row, with one column a blank line too. Returns where it begins in the text, *ret_end
 * where it ends. */
static size_t next_row(struct parse *parse, uint64_t *ret_line, size_t *ret_end)
{
    struct rows_trace *trace = &parse->walk.trace;
    const struct weir_batch *in = parse->in;
    enum rows_found found;
    size_t begin;
    do {
        size_t used;
        begin = parse->from + trace->offset;
        *ret_line = parse->walk.line + trace->line;
        found =
            weir__rows_next(&parse->rows, trace, in->bytes + begin, in->byte_count - begin, &used);
    } while (found == ROWS_FOUND_BLANK && parse->columns > 1);
    parse->walk.row++;
    *ret_end = parse->from + trace->offset;
    return begin;
}

void weir__parse_find(struct parse *parse, uint32_t row, struct parse_place *ret)
{
    const struct weir_batch *in = parse->in;
    uint64_t line;
    if (!parse->walk.begun || parse->walk.row > row)
        begin_walk(parse);
    do
        ret->begin = next_row(parse, &line, &ret->end);
    while (parse->walk.row <= row && ret->end < in->byte_count);
    size_t end = ret->end;
    while (end > ret->begin && (in->bytes[end - 1] == '\n' || in->bytes[end - 1] == '\r'))
        end--;
    ret->position = (struct weir_position){.file = in->origin.file,
                                           .offset = in->origin.offset + ret->begin,
                                           .line = line,
                                           .raw = in->bytes + ret->begin,
                                           .raw_bytes = end - ret->begin};
}

void weir__parse_locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    struct parse *parse = (struct parse *)(uintptr_t)batch->locate_context;
    struct parse_place place;
    uint32_t row = record;
    for (size_t i = 0; i < parse->bad_count && parse->bad[i].record <= record; i++)
        row++;
    weir__parse_find(parse, row, &place);
    *ret = place.position;
}
