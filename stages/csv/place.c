/* Where a record of csv.parse stands in its file: worked out only when something is said about it.
 */
#include "csv/parse.h"

#include <inttypes.h>
#include <string.h>

#include "file/text.h"

#define SHOWN 60 /* bytes of a bad row in a message */

static void begin_walk(struct parse *parse)
{
    parse->walk = (struct parse_walk){.begun = true,
                                      .line = parse->in->origin.line +
                                              weir__rows_lines(parse->in->bytes, parse->from)};
}

/* Passes one row, or a blank line that is a record. Returns where it begins in the text, *ret_end
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
    } while (found == ROWS_FOUND_COMMENT || (found == ROWS_FOUND_BLANK && !parse->keeps_blank));
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

/* How much of the line at `begin` to show: not beyond its end, and no half character. */
static int line_shown(const char *begin, size_t rest)
{
    size_t n = rest < SHOWN ? rest : SHOWN;
    const char *end = memchr(begin, '\n', n);
    if (end != NULL)
        return (int)(end - begin);
    while (n > 0 && n < rest && (begin[n] & 0xc0) == 0x80)
        n--;
    return (int)n;
}

static int reject_unclosed(struct weir_stage *stage, const struct weir_position *position,
                           const struct rows_trace *trace)
{
    char size[TEXT_FIGURE], line[TEXT_FIGURE];
    const char *begin = position->raw + (trace->quote_offset - trace->quote_column);
    return weir_reject_at(
        stage, position, NULL,
        "the quote opened at line %s, column %" PRIu64
        " is never closed; %s up to the end of the file were one field. The line begins: %.*s",
        weir__text_count(position->line + trace->quote_line, line), trace->quote_column + 1,
        weir__text_bytes(position->raw_bytes - trace->quote_offset, size),
        line_shown(begin, (size_t)(position->raw + position->raw_bytes - begin)), begin);
}

static int reject_large(struct weir_stage *stage, const struct weir_position *position,
                        const struct rows_trace *trace, uint64_t whole_bytes)
{
    char size[TEXT_FIGURE], limit[TEXT_FIGURE], line[TEXT_FIGURE], quote[100] = "";
    if (trace->state == ROWS_QUOTED)
        snprintf(quote, sizeof(quote), "; a quote is open from line %s, column %" PRIu64 " on",
                 weir__text_count(position->line + trace->quote_line, line),
                 trace->quote_column + 1);
    return weir_reject_at(stage, position, NULL, "a row of %s is larger than max_record (%s)%s",
                          weir__text_bytes(whole_bytes, size),
                          weir__text_limit(weir_max_record(stage), limit), quote);
}

int weir__parse_reject_whole(struct weir_stage *stage, const struct weir_batch *in)
{
    const struct parse *parse = stage->self;
    struct weir_position position = in->origin;
    struct rows_trace trace = {0};
    size_t used;
    position.raw = in->bytes;
    position.raw_bytes = in->byte_count;
    weir__rows_next(&parse->rows, &trace, in->bytes, in->byte_count, &used);
    if (in->whole_bytes == in->byte_count && trace.state == ROWS_QUOTED)
        return reject_unclosed(stage, &position, &trace);
    return reject_large(stage, &position, &trace, in->whole_bytes);
}
