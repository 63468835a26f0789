#include "csv/parse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_SLACK      32 /* behind the heap: short values are copied in fixed sizes */
#define BLOCK_BYTES     ((size_t)64 << 10) /* libcsv's buffer grows by as much; at least HEAP_SLACK */
#define DIRTY_BYTES     ((size_t)4 << 10) /* parsed at a time where spaces stand at edges */
#define BATCH_ENTRIES   ((uint64_t)512 << 10)
#define BATCH_HEAP      ((size_t)4 << 20)
#define SEGMENT_ENTRIES ((size_t)1 << 20)

/* ---- libcsv's callbacks ---- */

static bool stands_for_null(const struct parse *parse, const char *bytes, size_t length)
{
    for (size_t i = 0; i < parse->null_values; i++) {
        if (strlen(parse->null_value[i]) == length &&
            memcmp(parse->null_value[i], bytes, length) == 0)
            return true;
    }
    return false;
}

/* Most values are short. libcsv's buffer and the heap both have HEAP_SLACK bytes to spare. */
static inline void copy_value(char *to, const char *from, size_t length)
{
    if (length <= 16) {
        memcpy(to, from, 16);
    } else if (length <= HEAP_SLACK) {
        memcpy(to, from, 16);
        memcpy(to + 16, from + 16, 16);
    } else {
        memcpy(to, from, length);
    }
}

static void take_field(void *bytes, size_t length, void *context)
{
    struct parse *parse = context;
    uint32_t field = parse->field++;
    if (field >= parse->columns)
        return;
    uint64_t *entry = parse->target[field];
    if (entry == NULL)
        return;
    if (bytes == NULL || (parse->null_values != 0 && stands_for_null(parse, bytes, length))) {
        entry[parse->records] = weir_entry_null();
        return;
    }
    uint32_t at = parse->heap_used;
    copy_value(parse->heap + at, bytes, length);
    entry[parse->records] = weir_entry(at, (uint32_t)length);
    parse->heap_used = at + (uint32_t)length;
}

static void set_targets(struct parse *parse)
{
    for (uint32_t field = 0; field < parse->columns; field++) {
        uint32_t place = parse->place[parse->column_of[field]];
        parse->target[field] =
            place == UINT32_MAX ? NULL : parse->entries + (size_t)place * parse->capacity;
    }
}

/* Room for at least that many records; what is there is kept. */
static bool reserve(struct parse *parse, uint32_t capacity)
{
    if (capacity <= parse->capacity)
        return true;
    uint64_t *entries = calloc((size_t)capacity * parse->needed + 1, sizeof(*entries));
    if (entries == NULL)
        return false;
    for (size_t i = 0; parse->records > 0 && i < parse->needed; i++)
        memcpy(entries + i * capacity, parse->entries + i * parse->capacity,
               parse->records * sizeof(*entries));
    free(parse->entries);
    parse->entries = entries;
    parse->capacity = capacity;
    set_targets(parse);
    return true;
}

static bool note_bad(struct parse *parse, uint32_t fields, size_t stray)
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

/* True if a row with so many fields is a record all the same. */
static bool even_out(struct parse *parse, uint32_t fields)
{
    if (fields > parse->columns)
        return parse->ignore_extra;
    if (!parse->null_fill)
        return false;
    for (uint32_t field = fields; field < parse->columns; field++) {
        if (parse->target[field] != NULL)
            parse->target[field][parse->records] = weir_entry_null();
    }
    return true;
}

/* With one column libcsv reports blank lines too, and the LF of a CRLF as one. False for such a LF.
 */
static bool take_blank_line(struct parse *parse, int end)
{
    if (end == '\n' && parse->last_end == '\r')
        return false;
    if (parse->target[0] != NULL)
        parse->target[0][parse->records] = weir_entry_null();
    return true;
}

static void end_row(int end, void *context)
{
    struct parse *parse = context;
    uint32_t fields = parse->field;
    parse->field = 0;
    if (__builtin_expect(fields == 0, 0)) {
        bool record = take_blank_line(parse, end);
        parse->last_end = end;
        if (!record)
            return;
        fields = 1;
    }
    parse->last_end = end;
    if (__builtin_expect(fields != parse->columns && !even_out(parse, fields), 0)) {
        parse->failed |= !note_bad(parse, fields, 0);
        parse->heap_used = parse->row_heap;
    } else if (++parse->records == parse->capacity && !reserve(parse, 2 * parse->capacity)) {
        parse->failed = true;
        parse->records--;
    }
    parse->row_heap = parse->heap_used;
    parse->rows_seen++;
}

/* ---- feeding libcsv ---- */

static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

/* The row end behind at + bytes, or n. */
static size_t segment_end(const struct parse *parse, size_t at, size_t n, size_t bytes)
{
    const char *text = parse->in->bytes;
    for (; n - at > bytes; bytes *= 2) {
        struct rows_scan scan = {0};
        size_t end = at + weir__rows_scan(&parse->rows, &scan, text + at, bytes);
        if (end > at)
            return end + (text[end - 1] == '\r' && text[end] == '\n');
    }
    return n;
}

/* The row in which libcsv met a quote that may not be there ends where it would end for a parser
 * that is not strict. */
static size_t pass_stray(struct parse *parse, size_t stray)
{
    struct parse_place place;
    csv_fini(&parse->parser, NULL, NULL, NULL);
    parse->failed |= !note_bad(parse, 0, stray);
    weir__parse_find(parse, parse->rows_seen, &place);
    parse->rows_seen++;
    parse->heap_used = parse->row_heap;
    parse->field = 0;
    parse->last_end = 0;
    return place.end;
}

static int feed(struct weir_stage *stage, struct parse *parse, size_t at, size_t end, bool trims)
{
    struct csv_parser *parser = &parse->parser;
    const char *text = parse->in->bytes;
    csv_set_space_func(parser, trims ? NULL : never_space);
    while (at < end && !parse->failed) {
        at += csv_parse(parser, text + at, end - at, take_field, end_row, parse);
        if (at < end && csv_error(parser) == CSV_EPARSE)
            at = pass_stray(parse, at);
        else
            parse->failed |= at < end;
    }
    if (end == parse->in->byte_count)
        csv_fini(parser, take_field, end_row, parse);
    if (parse->failed)
        return weir_fail(stage, WEIR_EOS, "no memory to parse a row of %s",
                         weir_file_name(stage, parse->in->origin.file));
    return 0;
}

static bool is_full(const struct parse *parse)
{
    return (uint64_t)parse->records * (parse->needed + 1) >= BATCH_ENTRIES ||
           parse->heap_used >= BATCH_HEAP;
}

/*
 * libcsv calls a function for every byte to ask whether it is a space, and saying never costs a
 * quarter of the time. Without one it trims spaces; where none stands at an edge there is nothing
 * to trim, and the result is the same. Sets *ret_end to where it stopped.
 */
static int parse_text(struct weir_stage *stage, struct parse *parse, size_t *ret_end)
{
    size_t n = parse->in->byte_count, at = parse->from, clean = at;
    while (at < n && (at == parse->from || !is_full(parse))) {
        if (at >= clean)
            clean =
                at + weir__rows_without_edge_spaces(&parse->rows, parse->in->bytes + at, n - at);
        bool trims = clean > at;
        size_t bytes =
            trims || parse->segment_bytes < DIRTY_BYTES ? parse->segment_bytes : DIRTY_BYTES;
        size_t end = segment_end(parse, at, trims ? clean : n, bytes);
        int rc = feed(stage, parse, at, end, trims);
        if (rc < 0)
            return rc;
        at = end;
    }
    *ret_end = at;
    return 0;
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

static int reject_bad(struct weir_stage *stage, struct parse *parse, const struct parse_bad *bad,
                      size_t *ret_begin)
{
    struct parse_place place;
    weir__parse_find(parse, bad->row, &place);
    *ret_begin = place.begin;
    if (bad->fields == 0)
        return reject_stray(stage, parse, bad, &place);
    return weir_reject_at(stage, &place.position, NULL,
                          "expected %" PRIu32 " field%s, found %" PRIu32, parse->columns,
                          parse->columns == 1 ? "" : "s", bad->fields);
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
        if (verdict == WEIR_SKIP) {
            stage->count.in++;
            continue;
        }
        if (verdict < 0 && parse->bad[i].record == 0)
            return verdict;
        parse->records = parse->bad[i].record;
        parse->bad_count = i;
        *end = begin;
    }
    return 0;
}

/* ---- a batch ---- */

/* Reads " 2 0 1"; field i is column i where nothing is said. */
static void map_fields(struct parse *parse, uint32_t file)
{
    const char *at = file < parse->layout.files ? parse->layout.order[file] : NULL;
    for (uint32_t field = 0; field < parse->columns; field++) {
        parse->column_of[field] = field;
        if (at == NULL || *at != ' ')
            continue;
        char *rest;
        unsigned long column = strtoul(at, &rest, 10);
        at = rest;
        if (column < parse->columns)
            parse->column_of[field] = (uint32_t)column;
    }
    parse->file = file;
}

static int begin(struct weir_stage *stage, struct parse *parse, const struct weir_batch *in,
                 uint64_t cursor)
{
    parse->in = in;
    parse->from = cursor < in->byte_count ? (size_t)cursor : in->byte_count;
    parse->field = parse->records = parse->heap_used = parse->row_heap = parse->rows_seen = 0;
    parse->bad_count = 0;
    parse->last_end = 0;
    parse->failed = parse->walk.begun = false;
    size_t bytes = in->byte_count - parse->from;
    if (parse->heap_capacity < bytes + HEAP_SLACK) {
        free(parse->heap);
        parse->heap = malloc(bytes + HEAP_SLACK);
        parse->heap_capacity = parse->heap == NULL ? 0 : bytes + HEAP_SLACK;
    }
    size_t guess = (bytes < parse->segment_bytes ? bytes : parse->segment_bytes) /
                       (8 * (size_t)parse->columns) +
                   4;
    if (parse->heap == NULL || !reserve(parse, (uint32_t)guess))
        return weir_fail(stage, WEIR_EOS, "no memory for a batch of records");
    if (parse->file != in->origin.file)
        map_fields(parse, in->origin.file);
    set_targets(parse);
    return 0;
}

static void put_out(struct parse *parse, struct weir_output *out)
{
    for (uint32_t c = 0; c < parse->columns; c++) {
        uint32_t place = parse->place[c];
        if (place == UINT32_MAX)
            continue;
        parse->column[c] =
            (struct weir_column){.entry = parse->entries + (size_t)place * parse->capacity,
                                 .heap = parse->heap,
                                 .heap_bytes = parse->heap_used};
    }
    out->batch = (struct weir_batch){.records = parse->records,
                                     .columns = parse->columns,
                                     .column = parse->column,
                                     .origin = parse->in->origin,
                                     .locate = weir__parse_locate,
                                     .locate_context = parse};
}

static int parse_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct parse *parse = stage->self;
    size_t end = in->byte_count;
    int rc = begin(stage, parse, in, *cursor);
    if (rc == 0)
        rc = parse_text(stage, parse, &end);
    if (rc == 0)
        rc = reject_all_bad(stage, parse, &end);
    if (rc < 0)
        return rc;
    stage->count.in += parse->records;
    put_out(parse, out);
    *cursor = end < in->byte_count ? end : UINT64_MAX;
    return 0;
}

/* ---- the stage ---- */

static int parse_configure(struct weir_stage *stage)
{
    struct parse *parse = calloc(1, sizeof(*parse));
    stage->self = parse;
    if (parse == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    weir__csv_rows(stage, &parse->rows);
    parse->null_fill = weir_option_number(stage, "missing_columns") == 1;
    parse->ignore_extra = weir_option_number(stage, "extra_columns") == 1;
    parse->null_values = weir_option_list(stage, "null_values", &parse->null_value);
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
    parse->place = calloc(columns + 1, sizeof(*parse->place));
    parse->column = calloc(columns + 1, sizeof(*parse->column));
    if (parse->target == NULL || parse->column_of == NULL || parse->place == NULL ||
        parse->column == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    for (size_t c = 0; c < columns; c++)
        parse->place[c] = stage->needed[c] ? parse->needed++ : UINT32_MAX;
    /* A row of all its fields has at least a byte for each; one that is filled up with nulls may
     * have a single one. */
    parse->segment_bytes = SEGMENT_ENTRIES;
    if (parse->null_fill)
        parse->segment_bytes = SEGMENT_ENTRIES / (parse->needed + 1) + 1;
    return 0;
}

static int parse_open(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    int rc = allocate(stage, parse);
    if (rc == 0)
        rc = weir__csv_layout_read(stage, &parse->layout);
    if (rc < 0)
        return rc;
    int flags = CSV_EMPTY_IS_NULL | (parse->columns == 1 ? CSV_REPALL_NL : 0);
    if (weir_option_number(stage, "stray_quotes") == 0)
        flags |= CSV_STRICT;
    csv_init(&parse->parser, (unsigned char)flags);
    csv_set_delim(&parse->parser, parse->rows.delimiter);
    csv_set_quote(&parse->parser, parse->rows.quote);
    csv_set_blk_size(&parse->parser, BLOCK_BYTES);
    map_fields(parse, 0);
    return 0;
}

static void parse_close(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    if (parse == NULL)
        return;
    csv_free(&parse->parser);
    weir__csv_layout_release(&parse->layout);
    free(parse->target);
    free(parse->column_of);
    free(parse->place);
    free(parse->column);
    free(parse->entries);
    free(parse->heap);
    free(parse->bad);
    free(parse);
    stage->self = NULL;
}

const struct weir_stage_type weir_csv_parse = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.parse",
    .summary = "takes rows of CSV apart",
    .options = weir__csv_read_options,
    .traits = WEIR_REJECTS | WEIR_INNER,
    .configure = parse_configure,
    .bind = parse_bind,
    .open = parse_open,
    .process = parse_process,
    .close = parse_close,
};
