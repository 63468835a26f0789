/* xml.parse: the records of feeds, sitemaps and other XML. */
#include <stdlib.h>
#include <string.h>

#include "web/encoding.h"
#include "web/gunzip.h"
#include "web/made.h"
#include "web/web.h"
#include "web/xml.h"

enum { CALL_RECORDS = 256, CALL_BYTES = 1 << 20, UNPACKED_MOST = 64 << 20 };

struct field {
    const char *name;
    bool all;
    struct select_path *path;
};

struct parse {
    const char *const *records;
    size_t paths;
    struct field *field;
    size_t fields;
    int body, type, earlier; /* columns of the input; -1: not there */
    struct made made;        /* with fields and error added */
    struct bytes unpacked, text, value;
    struct xml *xml;    /* the document in hand; NULL: none */
    uint64_t continues; /* the cursor that goes on with it */
};

static const struct weir_option options[] = {
    {"records", WEIR_OPT_LIST, NULL, NULL, true,
     "the path or paths of the elements that are records: item, channel/item, /urlset/url"},
    {"fields", WEIR_OPT_MAP, NULL, NULL, true,
     "columns to take of a record by XPath: {title: title, link: 'link/@href', tags: 'all "
     "category'}"},
    {"keep", WEIR_OPT_LIST, NULL, NULL, false,
     "the input's columns that stay; all but the document if not given"},
    {"body", WEIR_OPT_STRING, "body", NULL, false, "the column that holds the document"},
    {0}};

/* ---- planning ---- */

static int parse_configure(struct weir_stage *stage)
{
    struct parse *parse = calloc(1, sizeof(*parse));
    const struct weir_pair *pair;
    int rc = 0;
    stage->self = parse;
    if (parse == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    parse->fields = weir_option_map(stage, "fields", &pair);
    parse->field = calloc(parse->fields + 1, sizeof(*parse->field));
    if (parse->field == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    parse->paths = weir_option_list(stage, "records", &parse->records);
    for (size_t i = 0; i < parse->paths; i++)
        if (!weir__xml_path_is_good(parse->records[i]))
            rc = weir_option_error(stage, "records", parse->records[i], 0, 0,
                                   "like item, channel/item, or from the root /urlset/url",
                                   "this is no path of elements");
    return rc;
}

static int compile_fields(struct weir_stage *stage, struct parse *parse)
{
    const struct weir_pair *pair;
    int rc = 0;
    weir_option_map(stage, "fields", &pair);
    for (size_t i = 0; i < parse->fields; i++) {
        struct field *field = &parse->field[i];
        field->name = pair[i].key;
        field->all = strncmp(pair[i].value, "all ", 4) == 0;
        field->path = weir__select_compile(pair[i].value + (field->all ? 4 : 0));
        if (field->path == NULL)
            rc =
                weir_option_error(stage, "fields", pair[i].key, 0, 0,
                                  "like title, 'link/@href' or 'all category'", "this is no XPath");
    }
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
    if (!weir__xml_load())
        return weir_fail(stage, WEIR_EOS, "the library libxml2 (libxml2) is not there");
    parse->type = weir_schema_find(stage->in, "content_type");
    parse->earlier = weir_schema_find(stage->in, "error");
    int rc = compile_fields(stage, parse);
    if (rc < 0)
        return rc;
    struct made_column *added = calloc(parse->fields + 1, sizeof(*added));
    if (added == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    for (; n < parse->fields; n++)
        added[n] =
            (struct made_column){parse->field[n].name, parse->field[n].all ? WEIR_JSON : WEIR_TEXT};
    added[n++] = (struct made_column){"error", WEIR_TEXT};
    rc = weir__made_bind(stage, &parse->made, parse->body, added, n, schema);
    free(added);
    return rc;
}

static void parse_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct parse *parse = stage->self;
    const int own[] = {parse->body, parse->type, parse->earlier};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i] >= 0)
            in_needed[own[i]] = true;
    weir__made_needs(stage, &parse->made, in_needed);
}

static int parse_open(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    weir__encoding_load();
    return weir__made_open(stage, &parse->made, CALL_RECORDS);
}

/* ---- one document ---- */

static void end_document(struct parse *parse)
{
    weir__xml_close(parse->xml);
    parse->xml = NULL;
}

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

/* 0, or WEIR_EOS. What cannot be begun is a record with an error. */
static int begin_document(struct weir_stage *stage, struct weir_value body, struct weir_value type,
                          uint32_t record)
{
    struct parse *parse = stage->self;
    weir__bytes_clear(&parse->unpacked);
    weir__bytes_clear(&parse->text);
    if (weir__gunzip_is_packed(body.data, body.length)) {
        const char *why = weir__gunzip(body.data, body.length, UNPACKED_MOST, &parse->unpacked);
        if (why != NULL)
            return add_failed(stage, record, why);
        body.data = parse->unpacked.data;
        body.length = (uint32_t)parse->unpacked.count;
    }
    const struct encoding *encoding =
        weir__encoding_of_xml(body.data, body.length, type.data, type.length);
    if (!weir__encoding_decode(encoding, body.data, body.length, &parse->text))
        return add_failed(stage, record, "encoding");
    if (!parse->unpacked.failed && !parse->text.failed)
        parse->xml =
            weir__xml_open(parse->text.data, parse->text.count, parse->records, parse->paths);
    return parse->xml == NULL ? WEIR_EOS : 0;
}

static struct weir_value input(const struct weir_batch *in, int column, uint32_t record)
{
    return column < 0 ? (struct weir_value){NULL, 0} : weir_value(&in->column[column], record);
}

/* Of a record of the input: passes it on if it failed before, or begins its document. */
static int begin_record(struct weir_stage *stage, const struct weir_batch *in, uint32_t record)
{
    struct parse *parse = stage->self;
    struct weir_value earlier = input(in, parse->earlier, record),
                      body = input(in, parse->body, record);
    if (earlier.data == NULL && body.data != NULL)
        return begin_document(stage, body, input(in, parse->type, record), record);
    int rc = earlier.data == NULL ? 0 : set_error(parse, earlier.data, earlier.length);
    weir__made_end(&parse->made, record);
    return rc;
}

static int take_fields(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    struct bytes *value = &parse->value;
    int rc = 0;
    for (uint32_t i = 0; i < parse->fields; i++) {
        const struct field *field = &parse->field[i];
        if (!weir__made_wants(stage, &parse->made, i))
            continue;
        weir__bytes_clear(value);
        bool there = weir__xml_select(parse->xml, field->path, field->all, value);
        if (value->failed)
            rc = WEIR_EOS;
        else if (there)
            rc |= weir__records_set(&parse->made.added, i, value->data, value->count);
    }
    return rc;
}

/* The document's next record, or its end. */
static int take_next(struct weir_stage *stage, uint32_t record)
{
    struct parse *parse = stage->self;
    int rc = 0;
    bool there = weir__xml_next(parse->xml);
    if (there)
        rc = take_fields(stage);
    const char *error = weir__xml_error(parse->xml);
    if (weir__xml_ran_out(parse->xml))
        return WEIR_EOS;
    if (error != NULL)
        rc |= add_failed(stage, record, error);
    else if (there)
        weir__made_end(&parse->made, record);
    if (error != NULL || !there)
        end_document(parse);
    return rc;
}

/* ---- records ---- */

/* The cursor is the record of the input, and how many were made of it. */
static uint64_t cursor_of(uint32_t record, uint32_t made)
{
    return (uint64_t)record << 32 | made;
}

static int parse_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct parse *parse = stage->self;
    struct records *added = &parse->made.added;
    uint32_t record = (uint32_t)(*cursor >> 32), made = (uint32_t)*cursor;
    int rc = 0;
    weir__made_begin(&parse->made, in);
    if (parse->xml != NULL && (*cursor == 0 || *cursor != parse->continues))
        end_document(parse);
    if (parse->xml == NULL && made > 0 && (rc = begin_record(stage, in, record)) == 0)
        for (uint32_t i = 0; i < made && parse->xml != NULL; i++)
            weir__xml_next(parse->xml);
    while (rc == 0 && record < in->records && added->count < CALL_RECORDS &&
           added->heap_bytes < CALL_BYTES) {
        if (parse->xml == NULL)
            rc = begin_record(stage, in, record);
        if (rc == 0 && parse->xml != NULL)
            rc = take_next(stage, record);
        made++;
        if (parse->xml == NULL)
            record++, made = 0;
    }
    if (rc < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for a document");
    weir__made_batch(stage, &parse->made, &out->batch);
    parse->continues = cursor_of(record, made);
    *cursor = record < in->records ? parse->continues : UINT64_MAX;
    return 0;
}

static void parse_close(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    if (parse == NULL)
        return;
    end_document(parse);
    for (size_t i = 0; parse->field != NULL && i < parse->fields; i++)
        weir__select_free(parse->field[i].path);
    weir__made_release(&parse->made);
    free(parse->field);
    free(parse->unpacked.data);
    free(parse->text.data);
    free(parse->value.data);
    free(parse);
    stage->self = NULL;
}

const struct weir_stage_type weir_xml_parse = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "xml.parse",
    .summary = "takes the records out of feeds, sitemaps and other XML",
    .doc =
        "Parses the document that stands in the column `body`, through libxml2, and makes a record "
        "of each element that a path of `records` leads to. Only the record in hand is held in "
        "memory. `item` is an element wherever it stands, `channel/item` one inside another, "
        "`/rss/channel/item` begins at the root; `*` is any element.\n\n"
        "A field is an XPath from the record's element on, which takes the first that is found, "
        "or with `all` before it a JSON list of all. An element gives its text with single spaces, "
        "`link/@href` an attribute. Names with a prefix are written with the prefix of the "
        "document, like dc:date; those without one as they are, whatever their namespace.\n\n"
        "This reads feeds of both kinds: `records: [item, entry]`, `fields: {title: title, link: "
        "'link/@href | link[not(@href)]'}`; and this sitemaps and their indexes: `records: "
        "[/urlset/url, /sitemapindex/sitemap]`, `fields: {url: loc, lastmod: lastmod}`.\n\n"
        "A document that is compressed with gzip is unpacked, up to 64 MiB; more than "
        "20 MB in one document want a larger worker_memory. The encoding is that "
        "of the byte order mark, the column content_type or the document, else UTF-8.\n\n"
        "A document without records gives none. One that breaks off gives those before, and then "
        "a record whose error says why: `malformed: line 3: ...`, entities (the document defines "
        "some, which is refused), too_deep (256 elements in each other), text_too_long (10 MB in "
        "one piece), xpath_limit (10 million steps), encoding, too_large, truncated or corrupt "
        "(gzip). Such documents are counted as failed. A record whose column error is set already "
        "is passed on.",
    .options = options,
    .traits = WEIR_SANDBOX_STRICT | WEIR_CONFINED,
    .configure = parse_configure,
    .bind = parse_bind,
    .needs = parse_needs,
    .open = parse_open,
    .process = parse_process,
    .close = parse_close,
};
