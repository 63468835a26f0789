/* json.parse: the records of JSON documents, such as what an interface on the web answers. */
#include <stdlib.h>
#include <string.h>

#include <weir/json.h>

#include "web/bytes.h"
#include "web/made.h"
#include "web/web.h"

enum { CALL_RECORDS = 256, CALL_BYTES = 1 << 20 };

struct parse {
    const char *records;
    const struct weir_pair *field;
    size_t fields;
    int body, earlier; /* columns of the input; -1: not there */
    struct made made;  /* with fields and error added */
    struct bytes value;
    const char *valid; /* a document that goes on in this call, and is known to be JSON */
};

static const struct weir_option options[] = {
    {"records", WEIR_OPT_STRING, "$", NULL, false,
     "where in the document the records are: a list of them, or one; /data/items"},
    {"fields", WEIR_OPT_MAP, NULL, NULL, true,
     "columns to take of a record: {id: /id, city: /address/city, first: '/tags/0'}"},
    {"keep", WEIR_OPT_LIST, NULL, NULL, false,
     "the input's columns that stay; all but the document if not given"},
    {"body", WEIR_OPT_STRING, "body", NULL, false, "the column that holds the document"},
    {0}};

/* ---- planning ---- */

static int parse_configure(struct weir_stage *stage)
{
    struct parse *parse = calloc(1, sizeof(*parse));
    int rc = 0;
    stage->self = parse;
    if (parse == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    parse->records = weir_option_string(stage, "records");
    parse->fields = weir_option_map(stage, "fields", &parse->field);
    if (!weir_json_path_is_known(parse->records))
        rc = weir_option_error(stage, "records", NULL, 0, 0, "like /data/items or $.data.items",
                               "this is no path into JSON");
    for (size_t i = 0; i < parse->fields; i++)
        if (!weir_json_path_is_known(parse->field[i].value))
            rc = weir_option_error(stage, "fields", parse->field[i].key, 0, 0,
                                   "like /address/city or $.address.city",
                                   "this is no path into JSON");
    return rc;
}

static int parse_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct parse *parse = stage->self;
    const char *body = weir_option_string(stage, "body");
    uint32_t n = 0;
    parse->body = weir_schema_find(stage->in, body);
    if (stage->in->raw || parse->body < 0)
        return weir_fail(stage, WEIR_ECONFIG, "it wants a column '%s', and there is none", body);
    parse->earlier = weir_schema_find(stage->in, "error");
    struct made_column *added = calloc(parse->fields + 1, sizeof(*added));
    if (added == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    for (; n < parse->fields; n++)
        added[n] = (struct made_column){parse->field[n].key, WEIR_UNTYPED};
    added[n++] = (struct made_column){"error", WEIR_TEXT};
    int rc = weir__made_bind(stage, &parse->made, parse->body, added, n, schema);
    free(added);
    return rc;
}

static void parse_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct parse *parse = stage->self;
    in_needed[parse->body] = true;
    if (parse->earlier >= 0)
        in_needed[parse->earlier] = true;
    weir__made_needs(stage, &parse->made, in_needed);
}

static int parse_open(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    return weir__made_open(stage, &parse->made, CALL_RECORDS);
}

/* ---- one document ---- */

static int set_error(struct parse *parse, const char *error, size_t n)
{
    return weir__records_set(&parse->made.added, (uint32_t)parse->fields, error, n);
}

/* The record says what is wrong with its document. */
static int add_failed(struct weir_stage *stage, uint32_t record, const char *error)
{
    struct parse *parse = stage->self;
    int rc = set_error(parse, error, strlen(error));
    weir__made_end(&parse->made, record);
    stage->count.failed++;
    return rc;
}

static int set_field(struct parse *parse, uint32_t field, struct weir_value value, bool escaped)
{
    if (!escaped)
        return weir__records_set(&parse->made.added, field, value.data, value.length);
    weir__bytes_clear(&parse->value);
    weir__bytes_add(&parse->value, value.data, value.length);
    if (parse->value.failed)
        return WEIR_EOS;
    uint32_t n = weir_json_unescape(value, parse->value.data);
    return weir__records_set(&parse->made.added, field, parse->value.data, n);
}

static int add_record(struct weir_stage *stage, uint32_t record, struct weir_value json)
{
    struct parse *parse = stage->self;
    int rc = 0;
    for (uint32_t i = 0; i < parse->fields; i++) {
        bool escaped;
        struct weir_value value = {NULL, 0};
        if (weir__made_wants(stage, &parse->made, i))
            value = weir_json_find(json, parse->field[i].value, &escaped);
        if (value.data != NULL)
            rc |= set_field(parse, i, value, escaped);
    }
    weir__made_end(&parse->made, record);
    return rc;
}

static bool has_room(const struct parse *parse)
{
    const struct records *added = &parse->made.added;
    return added->count < CALL_RECORDS && added->heap_bytes < CALL_BYTES;
}

/* The records of a document from the place *at of their list on; *at is 0 when it is done. */
static int take_records(struct weir_stage *stage, uint32_t record, struct weir_value document,
                        uint32_t *at)
{
    struct parse *parse = stage->self;
    if (document.length >= 3 && memcmp(document.data, "\xEF\xBB\xBF", 3) == 0)
        document = (struct weir_value){document.data + 3, document.length - 3};
    bool known = *at > 0 && parse->valid == document.data;
    if (!known && !weir_json_is_valid(document))
        return add_failed(stage, record, "malformed");
    parse->valid = document.data;
    struct weir_value records = weir_json_at(document, parse->records), one;
    if (records.data == NULL || records.data[0] == 'n')
        return add_failed(stage, record, "no_records");
    if (records.data[0] != '[')
        return add_record(stage, record, records);
    int rc = 0;
    while (rc == 0 && has_room(parse)) {
        if (!weir_json_next(records, at, &one)) {
            *at = 0;
            return 0;
        }
        rc = add_record(stage, record, one);
    }
    return rc;
}

/* A record whose fetching failed is passed on. */
static int pass_on(struct parse *parse, uint32_t record, struct weir_value earlier)
{
    int rc = earlier.data == NULL ? 0 : set_error(parse, earlier.data, earlier.length);
    weir__made_end(&parse->made, record);
    return rc;
}

/* ---- records ---- */

/* The cursor is the record of the input, and where in the list of its records to go on. */
static int parse_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct parse *parse = stage->self;
    uint32_t record = (uint32_t)(*cursor >> 32), at = (uint32_t)*cursor;
    int rc = 0;
    weir__made_begin(&parse->made, in);
    while (rc == 0 && record < in->records && has_room(parse)) {
        struct weir_value body = weir_value(&in->column[parse->body], record), earlier = {NULL, 0};
        if (parse->earlier >= 0)
            earlier = weir_value(&in->column[parse->earlier], record);
        if (earlier.data != NULL || body.data == NULL)
            rc = pass_on(parse, record, earlier);
        else
            rc = take_records(stage, record, body, &at);
        record += at == 0;
    }
    if (rc < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for a document");
    weir__made_batch(stage, &parse->made, &out->batch);
    *cursor = record < in->records ? (uint64_t)record << 32 | at : UINT64_MAX;
    return 0;
}

static void parse_close(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    if (parse == NULL)
        return;
    weir__made_release(&parse->made);
    free(parse->value.data);
    free(parse);
    stage->self = NULL;
}

const struct weir_stage_type weir_json_parse = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "json.parse",
    .summary = "takes the records out of JSON documents",
    .doc =
        "Parses the document that stands in the column `body`, and makes a record of each element "
        "of the list that `records` leads to, or one of what is no list. A field is a path from "
        "the "
        "record on: /address/city (RFC 6901) or $.address.city. A string gives its text, what is "
        "missing or null gives null, all else stands as the document has it.\n\n"
        "A document that is not JSON, or has nothing where the records should be, gives one record "
        "whose error says so: malformed, no_records. It is counted as failed. A record whose "
        "column "
        "error is set already is passed on.",
    .options = options,
    .traits = WEIR_SANDBOX_STRICT | WEIR_CONFINED,
    .configure = parse_configure,
    .bind = parse_bind,
    .needs = parse_needs,
    .open = parse_open,
    .process = parse_process,
    .close = parse_close,
};
