#include "csv/parse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES                                                                                \
    ((size_t)64 << 10) /* libcsv's buffer grows by as much; at least PARSE_HEAP_SLACK */
#define EXACT_BYTES     ((size_t)4 << 10) /* parsed by libcsv at a time */
#define BATCH_ENTRIES   ((uint64_t)512 << 10)
#define BATCH_HEAP      ((size_t)4 << 20)
#define SEGMENT_ENTRIES ((size_t)1 << 20)

/* ---- feeding libcsv ---- */

static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

/* The row end behind at + bytes, or parse->end. */
static size_t segment_end(const struct parse *parse, size_t at, size_t bytes)
{
    const char *text = parse->in->bytes;
    for (; parse->end - at > bytes; bytes *= 2) {
        struct rows_scan scan = {0};
        size_t end = at + weir__rows_scan(&parse->rows, &scan, text + at, bytes);
        if (end > at)
            return end + (text[end - 1] == '\r' && text[end] == '\n');
    }
    return parse->end;
}

/* The row in which libcsv met a quote that may not be there ends where it would end for a parser
 * that is not strict. */
static size_t pass_stray(struct parse *parse, size_t stray)
{
    struct parse_place place;
    csv_fini(&parse->parser, NULL, NULL, NULL);
    parse->failed |= !weir__parse_note_bad(parse, 0, stray);
    weir__parse_find(parse, parse->rows_seen, &place);
    parse->rows_seen++;
    parse->heap_used = parse->row_heap;
    parse->field = 0;
    parse->last_end = 0;
    return place.end;
}

static int no_memory(struct weir_stage *stage, const struct parse *parse)
{
    return weir_fail(stage, WEIR_EOS, "no memory to parse a row of %s",
                     weir_file_name(stage, parse->in->origin.file));
}

/* What libcsv gives stands in the heap where its text stood, which is never shorter. */
static int feed(struct weir_stage *stage, struct parse *parse, size_t at, size_t end, bool trims)
{
    struct csv_parser *parser = &parse->parser;
    const char *text = parse->in->bytes;
    /* There may be spaces between a CR and a LF, which are no CRLF then. */
    bool by_line = parse->rows.trims && parse->keeps_blank;
    weir__parse_leave_text(parse);
    if (parse->fast)
        parse->heap_used = parse->row_heap = (uint32_t)at;
    csv_set_space_func(parser, trims ? NULL : never_space);
    while (at < end && !parse->failed) {
        size_t stop = by_line ? at + weir__rows_line(text + at, end - at) : end;
        at += csv_parse(parser, text + at, stop - at, weir__parse_take_field, weir__parse_end_row,
                        parse);
        if (at < stop && csv_error(parser) == CSV_EPARSE)
            at = pass_stray(parse, at);
        else
            parse->failed |= at < stop;
        if (by_line)
            parse->last_end = 0;
    }
    size_t left = parse->in->byte_count - end;
    if (left == 0)
        csv_fini(parser, weir__parse_take_field, weir__parse_end_row, parse);
    else if (parse->fast) /* values are copied with some bytes to spare */
        memcpy(parse->heap + end, text + end, left < PARSE_HEAP_SLACK ? left : PARSE_HEAP_SLACK);
    return parse->failed ? no_memory(stage, parse) : 0;
}

bool weir__parse_is_full(const struct parse *parse)
{
    return !parse->endless && ((uint64_t)parse->records * (parse->needed + 1) >= BATCH_ENTRIES ||
                               (!parse->fast && parse->heap_used >= BATCH_HEAP));
}

/*
 * Takes about so many bytes from *at on, and sets it to where it stopped. libcsv calls a function
 * for every byte to ask whether it is a space, and saying never costs a quarter of the time.
 * Without one it trims spaces; where none stands at an edge there is nothing to trim, and the
 * result is the same.
 */
static int parse_exactly(struct weir_stage *stage, struct parse *parse, size_t bytes, size_t *at)
{
    size_t end = segment_end(parse, *at, bytes), n = end - *at;
    bool trims = parse->rows.trims ||
                 weir__rows_without_edge_spaces(&parse->rows, parse->in->bytes + *at, n) == n;
    int rc = feed(stage, parse, *at, end, trims);
    stage->count.slow_bytes += n;
    *at = end;
    return rc;
}

/*
 * The fast way as far as it goes, then libcsv beyond where that stopped, in turns. Where text is
 * irregular throughout libcsv gets more each time, so that what the fast way does in vain is
 * little. Goes on at *at, up to the next comment, and sets it to where it stopped.
 */
static int take_rows(struct weir_stage *stage, struct parse *parse, size_t *ret_at)
{
    size_t n = parse->end, at = *ret_at;
    size_t most = parse->segment_bytes < EXACT_BYTES ? parse->segment_bytes : EXACT_BYTES;
    size_t exact = parse->fast ? 1 : most;
    int rc = 0;
    while (rc == 0 && at < n && (at == parse->from || !weir__parse_is_full(parse))) {
        size_t begin = at, bytes = exact;
        if (parse->fast) {
            at = weir__parse_fast(parse, at);
            if (parse->failed)
                return no_memory(stage, parse);
            exact = at - begin < 4 * exact ? 2 * exact : 1;
            exact = exact < most ? exact : most;
            bytes = exact + parse->separators.next + 1 - at; /* at may be behind an LF */
        }
        if (at < n && (at == parse->from || !weir__parse_is_full(parse)))
            rc = parse_exactly(stage, parse, bytes, &at);
    }
    *ret_at = at;
    return rc;
}

/* What stands between comments is taken as if there were none. Sets *ret_end to where it stopped. */
static int take_text(struct weir_stage *stage, struct parse *parse, size_t *ret_end)
{
    const char *text = parse->in->bytes;
    size_t n = parse->in->byte_count, at = parse->from;
    int rc = 0;
    while (rc == 0 && at < n && (at == parse->from || !weir__parse_is_full(parse))) {
        parse->end = at + weir__rows_to_comment(&parse->rows, text + at, n - at);
        if (parse->end > at)
            rc = take_rows(stage, parse, &at);
        else
            at += weir__rows_line(text + at, n - at);
        parse->last_end = 0;
    }
    *ret_end = at;
    return rc;
}

/* ---- rows that are rejected ---- */

static int reject_stray(struct weir_stage *stage, const struct parse *parse,
                        const struct parse_bad *bad, const struct parse_place *place)
{
    const char *row = parse->in->bytes + place->begin;
    size_t column = bad->stray - place->begin;
    uint64_t line = place->position.line + weir__rows_lines(row, column);
    while (column > 0 && row[column - 1] != '\n' && row[column - 1] != '\r')
        column--;
    bool quote = (unsigned char)parse->in->bytes[bad->stray] == parse->rows.quote;
    return weir_reject_at(stage, &place->position, NULL,
                          "%s, at line %" PRIu64 ", column %zu; stray_quotes: keep takes it",
                          quote ? "a quote inside a field that is not quoted"
                                : "text behind a closing quote",
                          line, bad->stray - place->begin - column + 1);
}

static int reject_bad(struct weir_stage *stage, struct parse *parse, struct parse_bad *bad,
                      size_t *ret_begin)
{
    struct parse_place place;
    weir__parse_find(parse, bad->row, &place);
    *ret_begin = place.begin;
    if (bad->kind == PARSE_BROKEN)
        return weir__parse_reject_broken(stage, parse, bad, &place.position);
    if (bad->fields == 0)
        return reject_stray(stage, parse, bad, &place);
    return weir_reject_at(stage, &place.position, NULL,
                          "expected %" PRIu32 " field%s, found %" PRIu32, parse->fields,
                          parse->fields == 1 ? "" : "s", bad->fields);
}

/*
 * Rejects the bad rows in order. Stops before one that there is no room for, or that ends the run:
 * then the records before it are the batch, and *end is where the next call begins. The run ends
 * only once nothing stands before such a row.
 */
static int reject_all_bad(struct weir_stage *stage, struct parse *parse, size_t *end)
{
    for (size_t i = 0; i < parse->bad_count; i++) {
        size_t begin;
        int verdict = reject_bad(stage, parse, &parse->bad[i], &begin);
        if (verdict == WEIR_SKIP)
            stage->count.in++;
        if (verdict == WEIR_SKIP || parse->bad[i].kind == PARSE_TAKEN)
            continue;
        if (verdict < 0 && parse->bad[i].record == 0)
            return verdict;
        parse->records = parse->bad[i].record;
        parse->bad_count = i;
        *end = begin;
    }
    weir__parse_drop_broken(parse);
    return 0;
}

/* ---- a batch ---- */

/* Reads " 2 0 1"; field i is column i where nothing is said. */
static void map_fields(struct parse *parse, uint32_t file)
{
    const char *at = file < parse->layout.files ? parse->layout.order[file] : NULL;
    bool told = at != NULL && *at == ' ';
    parse->file = file;
    parse->fields = told ? 0 : parse->columns;
    for (uint32_t column = 0; column < parse->columns; column++) {
        parse->column_of[column] = column;
        parse->lacked[column] = told;
    }
    while (told && *at == ' ' && parse->fields < parse->columns) {
        char *rest;
        unsigned long column = strtoul(at, &rest, 10);
        at = rest;
        if (column < parse->columns) {
            parse->column_of[parse->fields++] = (uint32_t)column;
            parse->lacked[column] = false;
        }
    }
}

/* In the columns that the file lacks. */
static void put_nulls(struct parse *parse)
{
    for (uint32_t c = 0; c < parse->columns; c++) {
        if (!parse->lacked[c] || parse->place[c] == UINT32_MAX)
            continue;
        uint64_t *entry = parse->entries + (size_t)parse->place[c] * parse->capacity;
        for (uint32_t record = 0; record < parse->records; record++)
            entry[record] = weir_entry_null();
    }
}

static int begin(struct weir_stage *stage, struct parse *parse, const struct weir_batch *in,
                 size_t from)
{
    parse->in = in;
    parse->from = from;
    parse->field = parse->records = parse->rows_seen = 0;
    parse->in_text = parse->fast;
    parse->heap_used = parse->row_heap = 0;
    parse->bad_count = 0;
    parse->last_end = 0;
    parse->failed = parse->walk.begun = false;
    size_t bytes = in->byte_count - parse->from;
    size_t heap_bytes = (parse->fast ? in->byte_count : bytes) + PARSE_HEAP_SLACK;
    if (parse->heap_capacity < heap_bytes) {
        free(parse->heap);
        parse->heap = malloc(heap_bytes);
        parse->heap_capacity = parse->heap == NULL ? 0 : heap_bytes;
    }
    uint32_t file = in->origin.file - weir_first_file(stage);
    if (parse->file != file)
        map_fields(parse, file);
    size_t guess = (bytes < parse->segment_bytes ? bytes : parse->segment_bytes) /
                       (8 * (size_t)parse->fields) +
                   4;
    if (parse->heap == NULL || !weir__parse_reserve(parse, (uint32_t)guess))
        return weir_fail(stage, WEIR_EOS, "no memory for a batch of records");
    weir__parse_set_targets(parse);
    return 0;
}

int weir__parse_text(struct weir_stage *stage, struct parse *parse, const struct weir_batch *in,
                     size_t from, size_t *ret_end)
{
    int rc = begin(stage, parse, in, from);
    if (rc == 0)
        rc = take_text(stage, parse, ret_end);
    if (rc == 0 && parse->unites)
        put_nulls(parse);
    return rc;
}

struct weir_column weir__parse_column(const struct parse *parse, uint32_t column)
{
    return (struct weir_column){
        .entry = parse->entries + (size_t)parse->place[column] * parse->capacity,
        .heap = parse->in_text ? parse->in->bytes : parse->heap,
        .heap_bytes = parse->fast ? (uint32_t)parse->in->byte_count : parse->heap_used};
}

static void put_out(struct parse *parse, struct weir_output *out)
{
    for (uint32_t c = 0; c < parse->columns; c++) {
        if (parse->place[c] != UINT32_MAX)
            parse->column[c] = weir__parse_column(parse, c);
    }
    out->batch = (struct weir_batch){.records = parse->records,
                                     .columns = parse->columns,
                                     .column = parse->column,
                                     .origin = parse->in->origin,
                                     .locate = weir__parse_locate,
                                     .locate_context = parse};
}

/* The last row of the batch, which cannot be taken. */
static int process_whole(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor)
{
    struct weir_batch row = *in;
    row.bytes += in->whole_at;
    row.byte_count -= in->whole_at;
    row.origin.offset += in->whole_at;
    row.origin.line += weir__rows_lines(in->bytes, in->whole_at);
    int verdict = weir__parse_reject_whole(stage, &row);
    if (verdict != WEIR_SKIP)
        return verdict < 0 ? verdict : 0;
    stage->count.in++;
    *cursor = UINT64_MAX;
    return 0;
}

static int parse_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct parse *parse = stage->self;
    if (in->whole_bytes != 0 && *cursor >= in->whole_at)
        return process_whole(stage, in, cursor);
    if (in->whole_bytes != 0) {
        parse->before_whole = *in;
        parse->before_whole.byte_count = in->whole_at;
        in = &parse->before_whole;
    }
    size_t end = in->byte_count;
    size_t from = *cursor < end ? (size_t)*cursor : end;
    int rc = weir__parse_text(stage, parse, in, from, &end);
    if (rc == 0 && parse->other != NULL)
        rc = weir__parse_verify(stage, parse, end);
    if (rc == 0 && parse->wants_utf8 && !weir__parse_note_broken(parse))
        rc = no_memory(stage, parse);
    if (rc == 0)
        rc = reject_all_bad(stage, parse, &end);
    if (rc < 0)
        return rc;
    stage->count.in += parse->records;
    put_out(parse, out);
    *cursor = end < in->byte_count || in->whole_bytes != 0 ? end : UINT64_MAX;
    return 0;
}

static size_t parse_first_record(struct weir_stage *stage, const struct weir_batch *in,
                                 uint64_t *ret_lines)
{
    const struct parse *parse = stage->self;
    struct rows_trace trace = {0};
    size_t used = in->byte_count;
    if (in->whole_bytes == 0 || in->whole_at > 0)
        weir__rows_next(&parse->rows, &trace, in->bytes, in->byte_count, &used);
    *ret_lines = trace.line;
    return used;
}

/* ---- the stage ---- */

static int parse_configure(struct weir_stage *stage)
{
    struct parse *parse = calloc(1, sizeof(*parse));
    stage->self = parse;
    if (parse == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    const struct csv_dialect dialect = weir__csv_dialect(stage);
    weir__csv_rows(stage, &dialect, &parse->rows);
    parse->unites = weir_option_number(stage, "union_by_name") == 1;
    parse->null_fill = weir_option_number(stage, "missing_columns") == 1;
    parse->ignore_extra = weir_option_number(stage, "extra_columns") == 1;
    parse->wants_utf8 = weir_option_number(stage, "invalid_utf8") == INVALID_UTF8_ERROR;
    parse->null_values = weir_option_list(stage, "null_values", &parse->null_value);
    parse->fast = weir_option_number(stage, "parser") != PARSER_LIBCSV && !parse->rows.trims;
    return 0;
}

static int parse_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    for (uint32_t c = 0; c < stage->in->columns; c++) {
        if (weir_schema_add(schema, stage->in->column[c].name, stage->in->column[c].type) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    }
    return 0;
}

static int allocate(struct weir_stage *stage, struct parse *parse)
{
    size_t columns = parse->columns = stage->out->columns;
    parse->target = calloc(columns + 1, sizeof(uint64_t *));
    parse->column_of = calloc(columns + 1, sizeof(*parse->column_of));
    parse->lacked = calloc(columns + 1, sizeof(*parse->lacked));
    parse->place = calloc(columns + 1, sizeof(*parse->place));
    parse->column = calloc(columns + 1, sizeof(*parse->column));
    if (parse->target == NULL || parse->column_of == NULL || parse->lacked == NULL ||
        parse->place == NULL || parse->column == NULL ||
        !weir__separators_init(&parse->separators, &parse->rows, columns))
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    parse->keeps_blank = weir_option_given(stage, "blank_lines")
                             ? weir_option_number(stage, "blank_lines") == BLANK_LINES_KEEP
                             : columns == 1;
    parse->separators.blank_stops = parse->keeps_blank;
    for (size_t c = 0; c < columns; c++)
        parse->place[c] = stage->needed[c] ? parse->needed++ : UINT32_MAX;
    /* A row of all its fields has at least a byte for each; one that is filled up with nulls may
     * have a single one. */
    parse->segment_bytes = SEGMENT_ENTRIES;
    if (parse->null_fill || parse->keeps_blank || parse->unites)
        parse->segment_bytes = SEGMENT_ENTRIES / (parse->needed + 1) + 1;
    return 0;
}

/* Makes what each parser has of its own. */
static int open_one(struct weir_stage *stage, struct parse *parse)
{
    int rc = allocate(stage, parse);
    if (rc < 0)
        return rc;
    int flags = CSV_EMPTY_IS_NULL | (parse->keeps_blank ? CSV_REPALL_NL : 0);
    if (weir_option_number(stage, "stray_quotes") == 0)
        flags |= CSV_STRICT;
    csv_init(&parse->parser, (unsigned char)flags);
    csv_set_delim(&parse->parser, parse->rows.delimiter);
    csv_set_quote(&parse->parser, parse->rows.quote);
    csv_set_blk_size(&parse->parser, BLOCK_BYTES);
    map_fields(parse, 0);
    return 0;
}

static int open_other(struct weir_stage *stage, struct parse *parse)
{
    struct parse *other = malloc(sizeof(*other));
    if (other == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    *other = *parse; /* the options, and what the probe found */
    other->fast = false;
    other->endless = true;
    parse->other = other;
    return open_one(stage, other);
}

static int parse_open(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    /* Without it the columns of files that order them otherwise would be mixed up. */
    if (weir_probed(stage) == NULL && weir_probed_files(stage) > 1)
        return weir_fail(stage, WEIR_EINTERNAL, "csv.parse was not told what the probe found");
    int rc = weir__csv_layout_read(stage, &parse->layout);
    if (rc == 0 && weir_option_number(stage, "parser") == PARSER_VERIFY)
        rc = open_other(stage, parse);
    return rc < 0 ? rc : open_one(stage, parse);
}

static void release_one(struct parse *parse)
{
    csv_free(&parse->parser);
    weir__separators_release(&parse->separators);
    free(parse->target);
    free(parse->column_of);
    free(parse->lacked);
    free(parse->place);
    free(parse->column);
    free(parse->entries);
    free(parse->heap);
    free(parse->bad);
    free(parse);
}

static void parse_close(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    if (parse == NULL)
        return;
    weir__csv_layout_release(&parse->layout);
    if (parse->other != NULL)
        release_one(parse->other);
    release_one(parse);
    stage->self = NULL;
}

const struct weir_stage_type weir_csv_parse = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.parse",
    .summary = "takes rows of CSV apart",
    .options = weir__csv_read_options,
    .traits = WEIR_REJECTS | WEIR_INNER | WEIR_SANDBOX_STRICT,
    .configure = parse_configure,
    .bind = parse_bind,
    .open = parse_open,
    .process = parse_process,
    .first_record = parse_first_record,
    .close = parse_close,
};
