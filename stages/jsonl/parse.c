/* jsonl.parse: a record for each line. The cursor is a byte offset in the input. */
#include "jsonl/read.h"

#include <stdlib.h>
#include <string.h>

#include "file/json_lines.h"
#include "file/lines.h"
#include "file/types.h"

#define BATCH_RECORDS ((uint32_t)64 << 10)

struct parse {
    const struct weir_pair *field; /* a column's name, and its path */
    uint32_t columns;
    struct weir_column *column;
    struct json_values values;
    uint32_t *begin; /* of each record, its line in the input */
    uint32_t capacity, records;
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
    const struct weir_batch *in = parse->in;
    if (!weir__json_values_begin(&parse->values, in->bytes, in->byte_count, parse->columns,
                                 capacity))
        return false;
    if (capacity <= parse->capacity)
        return true;
    free(parse->begin);
    parse->begin = malloc((size_t)capacity * sizeof(*parse->begin));
    parse->capacity = parse->begin == NULL ? 0 : capacity;
    return parse->capacity > 0;
}

/* ---- records ---- */

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

/* A verdict, or a code. */
static int take_line(struct weir_stage *stage, struct weir_value line)
{
    struct parse *parse = stage->self;
    struct weir_value json = line;
    const char *wrong = weir__json_line_check(&json);
    if (json.length == 0)
        return 0;
    int verdict = wrong == NULL ? WEIR_SKIP : refuse(stage, line, wrong);
    for (uint32_t c = 0; wrong == NULL && c < parse->columns; c++)
        if (stage->needed[c] &&
            !weir__json_values_take(&parse->values, parse->records, c, json, parse->field[c].value))
            return weir_fail(stage, WEIR_EOS, "no memory for a batch of values");
    if (wrong == NULL)
        parse->begin[parse->records++] = (uint32_t)(line.data - parse->in->bytes);
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
    for (uint32_t c = 0; c < parse->columns; c++)
        parse->column[c] = stage->needed[c] ? weir__json_values_column(&parse->values, c)
                                            : (struct weir_column){0};
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
    free(parse->begin);
    weir__json_values_release(&parse->values);
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
