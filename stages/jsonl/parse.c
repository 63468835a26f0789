/*
 * jsonl.parse: a record for each line. Values stay where they are in the input; with the first one
 * that has escapes the text is copied, and what they stand for goes behind the copy. The cursor is a
 * byte offset in the input.
 */
#include "jsonl/read.h"

#include <stdlib.h>
#include <string.h>

#include <weir/json.h>

#include "file/lines.h"
#include "file/types.h"

#define BATCH_RECORDS ((uint32_t)64 << 10)
#define HEAP_MAX      ((size_t)WEIR_ENTRY_MAX)

struct parse {
    const struct weir_pair *field; /* a column's name, and its path */
    uint32_t columns;
    struct weir_column *column;
    uint64_t *entry; /* column by column, capacity each */
    uint32_t *begin; /* of each record, its line in the input */
    uint32_t capacity, records;
    char *heap; /* heap_used 0: the input itself is the values' heap */
    size_t heap_used, heap_capacity;
    const struct weir_batch *in;
};

static int parse_configure(struct weir_stage *stage)
{
    struct parse *parse = calloc(1, sizeof(*parse));
    stage->self = parse;
    if (parse == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    parse->columns = (uint32_t)weir_option_map(stage, "fields", &parse->field);
    parse->column = calloc(parse->columns, sizeof(*parse->column));
    return parse->column == NULL ? weir_fail(stage, WEIR_EOS, "no memory for the columns") : 0;
}

static int parse_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    const struct parse *parse = stage->self;
    for (uint32_t c = 0; c < parse->columns; c++)
        if (weir_schema_add(schema, parse->field[c].key, WEIR_UNTYPED) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    return weir__types_set(stage, schema);
}

/* ---- room ---- */

static bool make_room(struct parse *parse, const char *bytes, size_t n)
{
    uint64_t lines = weir__lines_count(bytes, n) + 1;
    uint32_t capacity = lines < BATCH_RECORDS ? (uint32_t)lines : BATCH_RECORDS;
    if (capacity <= parse->capacity)
        return true;
    free(parse->entry);
    free(parse->begin);
    parse->entry = malloc((size_t)capacity * parse->columns * sizeof(*parse->entry));
    parse->begin = malloc((size_t)capacity * sizeof(*parse->begin));
    parse->capacity = parse->entry == NULL || parse->begin == NULL ? 0 : capacity;
    return parse->capacity > 0;
}

/* Room for n bytes more behind the copy of the input's text. */
static bool reserve(struct parse *parse, size_t n)
{
    size_t begin = parse->heap_used == 0 ? parse->in->byte_count : parse->heap_used;
    if (begin + n > HEAP_MAX)
        return false;
    if (begin + n > parse->heap_capacity) {
        size_t capacity = 2 * (begin + n);
        char *heap = realloc(parse->heap, capacity);
        if (heap == NULL)
            return false;
        parse->heap = heap;
        parse->heap_capacity = capacity;
    }
    if (parse->heap_used == 0)
        memcpy(parse->heap, parse->in->bytes, begin);
    parse->heap_used = begin;
    return true;
}

/* ---- records ---- */

static bool take_value(struct parse *parse, struct weir_value json, uint32_t column)
{
    bool escaped;
    uint64_t *entry = parse->entry + (size_t)column * parse->capacity + parse->records;
    struct weir_value value = weir_json_find(json, parse->field[column].value, &escaped);
    if (value.data == NULL) {
        *entry = weir_entry_null();
    } else if (!escaped) {
        *entry = weir_entry((uint32_t)(value.data - parse->in->bytes), value.length);
    } else {
        if (!reserve(parse, value.length))
            return false;
        uint32_t n = weir_json_unescape(value, parse->heap + parse->heap_used);
        *entry = weir_entry((uint32_t)parse->heap_used, n);
        parse->heap_used += n;
    }
    return true;
}

static int refuse(struct weir_stage *stage, struct weir_value line, const char *reason)
{
    const struct parse *parse = stage->self;
    const struct weir_batch *in = parse->in;
    struct weir_position position = in->origin;
    size_t at = (size_t)(line.data - in->bytes);
    position.offset += at;
    position.line += weir__lines_count(in->bytes, at);
    position.raw = line.data;
    position.raw_bytes = line.length;
    return weir_reject_at(stage, &position, NULL, "%s", reason);
}

/* The line without the blanks that JSON allows around a value. */
static struct weir_value strip(struct weir_value line)
{
    static const char blanks[] = " \t\r";
    while (line.length > 0 && memchr(blanks, line.data[0], 3) != NULL) {
        line.data++;
        line.length--;
    }
    while (line.length > 0 && memchr(blanks, line.data[line.length - 1], 3) != NULL)
        line.length--;
    return line;
}

/* A verdict, or a code. */
static int take_line(struct weir_stage *stage, struct weir_value line)
{
    struct parse *parse = stage->self;
    struct weir_value json = strip(line);
    if (json.length == 0)
        return 0;
    int verdict = WEIR_SKIP;
    if (!weir_json_is_valid(json))
        verdict = refuse(stage, line, "the line is not JSON");
    else if (json.data[0] != '{' && json.data[0] != '[')
        verdict = refuse(stage, line, "the line is neither an object nor an array");
    else {
        for (uint32_t c = 0; c < parse->columns; c++)
            if (stage->needed[c] && !take_value(parse, json, c))
                return weir_fail(stage, WEIR_EOS, "no memory for a batch of values");
        parse->begin[parse->records++] = (uint32_t)(line.data - parse->in->bytes);
    }
    if (verdict == WEIR_SKIP)
        stage->count.in++;
    return verdict;
}

static void locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    const struct parse *parse = batch->locate_context;
    const struct weir_batch *in = parse->in;
    size_t at = parse->begin[record];
    const char *end = memchr(in->bytes + at, '\n', in->byte_count - at);
    *ret = (struct weir_position){.file = in->origin.file,
                                  .offset = in->origin.offset + at,
                                  .line = in->origin.line + weir__lines_count(in->bytes, at),
                                  .raw = in->bytes + at,
                                  .raw_bytes = end == NULL ? in->byte_count - at
                                                           : (size_t)(end - in->bytes) - at};
}

/* ---- batches ---- */

static void give_batch(struct weir_stage *stage, struct weir_output *out)
{
    struct parse *parse = stage->self;
    bool copied = parse->heap_used > 0;
    for (uint32_t c = 0; c < parse->columns; c++)
        parse->column[c] = (struct weir_column){
            .entry = stage->needed[c] ? parse->entry + (size_t)c * parse->capacity : NULL,
            .heap = copied ? parse->heap : parse->in->bytes,
            .heap_bytes = (uint32_t)(copied ? parse->heap_used : parse->in->byte_count)};
    out->batch = (struct weir_batch){.records = parse->records,
                                     .columns = parse->columns,
                                     .column = parse->column,
                                     .origin = parse->in->origin,
                                     .locate = locate,
                                     .locate_context = parse};
}

static int parse_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct parse *parse = stage->self;
    size_t at = (size_t)*cursor, n = in->whole_bytes != 0 ? in->whole_at : in->byte_count;
    int rc = 0;
    if (in->whole_bytes != 0 && at >= n)
        return weir__lines_reject_large(stage, in, cursor);
    parse->in = in;
    parse->records = 0;
    parse->heap_used = 0;
    if (!make_room(parse, in->bytes + at, n - at))
        return weir_fail(stage, WEIR_EOS, "no memory for a batch of lines");
    while (at < n && parse->records < parse->capacity) {
        const char *begin = in->bytes + at;
        const char *end = memchr(begin, '\n', n - at);
        size_t length = end == NULL ? n - at : (size_t)(end - begin);
        rc = take_line(stage, (struct weir_value){begin, (uint32_t)length});
        if (rc != WEIR_SKIP)
            break;
        at += length + (end != NULL);
    }
    /* What stands before a line that ends the run goes on first. */
    if (rc < 0 && at == (size_t)*cursor)
        return rc;
    give_batch(stage, out);
    *cursor = at < in->byte_count ? at : UINT64_MAX;
    return 0;
}

static void parse_close(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    if (parse == NULL)
        return;
    free(parse->column);
    free(parse->entry);
    free(parse->begin);
    free(parse->heap);
    free(parse);
    stage->self = NULL;
}

const struct weir_stage_type weir_jsonl_parse = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "jsonl.parse",
    .summary = "makes a record of each line of JSON",
    .options = weir__jsonl_read_options,
    .traits = WEIR_REJECTS | WEIR_INNER | WEIR_SANDBOX_STRICT,
    .configure = parse_configure,
    .bind = parse_bind,
    .process = parse_process,
    .first_record = weir__lines_first_record,
    .close = parse_close,
};
