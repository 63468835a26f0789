/* html.parse: takes out of pages what is asked for. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/css.h"
#include "web/encoding.h"
#include "web/made.h"
#include "web/page.h"
#include "web/select.h"
#include "web/web.h"

/* How much of what was made may wait in a worker: half of what fits the smallest slot would be too few records. */
enum { CALL_RECORDS = 64, CALL_BYTES = 1 << 20 };

enum ready { TITLE, LINKS, META, JSONLD, TEXT, READY };
static const struct {
    const char *name;
    enum weir_type type;
} ready[READY] = {[TITLE] = {"title", WEIR_TEXT},
                  [LINKS] = {"links", WEIR_JSON},
                  [META] = {"meta", WEIR_JSON},
                  [JSONLD] = {"jsonld", WEIR_JSON},
                  [TEXT] = {"text", WEIR_TEXT}};

struct field {
    const char *name;
    bool all;
    struct select_path *path;
};

struct parse {
    enum ready extract[READY];
    size_t extracts;
    struct field *field;
    size_t fields;
    int body, type, address, earlier; /* columns of the input; -1: not there */
    bool tree;                        /* more is wanted than a page's outline */
    struct made made;                 /* with extract, fields, error added */
    struct bytes text, value, base;
};

static const struct weir_option options[] = {
    {"extract", WEIR_OPT_LIST, NULL, NULL, false,
     "what to take that is ready-made: title, links, meta, jsonld, text"},
    {"fields", WEIR_OPT_MAP, NULL, NULL, false,
     "columns to take by a selector: {price: 'css: .price', images: 'all css: img::attr(src)', "
     "first: 'xpath: //p[1]'}"},
    {"keep", WEIR_OPT_LIST, NULL, NULL, false,
     "the input's columns that stay; all but the page if not given"},
    {"body", WEIR_OPT_STRING, "body", NULL, false, "the column that holds the page"},
    {0}};

/* ---- planning ---- */

static int read_extract(struct weir_stage *stage, struct parse *parse)
{
    const char *const *name;
    size_t n = weir_option_list(stage, "extract", &name);
    for (size_t i = 0; i < n; i++) {
        enum ready found = TITLE;
        while (found < READY && strcmp(ready[found].name, name[i]) != 0)
            found++;
        if (found == READY)
            return weir_option_error(stage, "extract", name[i], 0, 0,
                                     "there are title, links, meta, jsonld and text",
                                     "there is no '%s' to extract", name[i]);
        for (size_t e = 0; e < parse->extracts; e++)
            if (parse->extract[e] == found)
                return weir_option_error(stage, "extract", name[i], 0, 0, NULL,
                                         "'%s' is there already", name[i]);
        parse->extract[parse->extracts++] = found;
    }
    return 0;
}

static int parse_configure(struct weir_stage *stage)
{
    struct parse *parse = calloc(1, sizeof(*parse));
    const struct weir_pair *pair;
    stage->self = parse;
    if (parse == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    if (!weir_option_given(stage, "extract") && !weir_option_given(stage, "fields"))
        return weir_fail(stage, WEIR_ECONFIG, "'extract' or 'fields' should say what to take");
    parse->fields = weir_option_map(stage, "fields", &pair);
    parse->field = calloc(parse->fields + 1, sizeof(*parse->field));
    if (parse->field == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    return read_extract(stage, parse);
}

static size_t blanks(const char *text)
{
    return strspn(text, " \t\n");
}

/* "[all] css: SELECTOR" or "[all] xpath: PATH". */
static int compile_field(struct weir_stage *stage, const struct weir_pair *pair,
                         struct field *field)
{
    struct bytes xpath = {0};
    const char *at = pair->value + blanks(pair->value), *why = NULL;
    size_t offset = 0;
    field->name = pair->key;
    field->all = strncmp(at, "all ", 4) == 0;
    at += field->all ? 4 + blanks(at + 4) : 0;
    bool css = strncmp(at, "css:", 4) == 0;
    if (!css && strncmp(at, "xpath:", 6) != 0)
        return weir_option_error(stage, "fields", pair->key, 0, 0,
                                 "like 'css: h1', 'xpath: //h1' or 'all css: a::attr(href)'",
                                 "this says neither css nor xpath");
    at += css ? 4 : 6;
    at += blanks(at);
    if (css)
        why = weir__css_translate(at, &xpath, &offset);
    else
        weir__bytes_say(&xpath, at);
    if (why == NULL && !xpath.failed)
        field->path = weir__select_compile(xpath.data);
    free(xpath.data);
    if (field->path != NULL)
        return 0;
    return weir_option_error(stage, "fields", pair->key, (size_t)(at - pair->value) + offset, 1,
                             NULL, "%s", why != NULL ? why : "this is no XPath");
}

static int compile_fields(struct weir_stage *stage, struct parse *parse)
{
    const struct weir_pair *pair;
    size_t n = weir_option_map(stage, "fields", &pair);
    int rc = 0;
    for (size_t i = 0; i < n; i++)
        if (compile_field(stage, &pair[i], &parse->field[i]) < 0)
            rc = WEIR_ECONFIG;
    return rc;
}

static int add_columns(struct weir_stage *stage, struct parse *parse, struct weir_schema *schema)
{
    uint32_t n = 0;
    struct made_column *added = calloc(parse->extracts + parse->fields + 1, sizeof(*added));
    if (added == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    for (size_t i = 0; i < parse->extracts; i++)
        added[n++] =
            (struct made_column){ready[parse->extract[i]].name, ready[parse->extract[i]].type};
    for (size_t i = 0; i < parse->fields; i++)
        added[n++] =
            (struct made_column){parse->field[i].name, parse->field[i].all ? WEIR_JSON : WEIR_TEXT};
    added[n++] = (struct made_column){"error", WEIR_TEXT};
    int rc = weir__made_bind(stage, &parse->made, parse->body, added, n, schema);
    free(added);
    return rc;
}

static int parse_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct parse *parse = stage->self;
    const char *body = weir_option_string(stage, "body");
    parse->body = weir_schema_find(stage->in, body);
    if (stage->in->raw || parse->body < 0)
        return weir_fail(stage, WEIR_ECONFIG, "it wants a column '%s', and there is none", body);
    if (!weir__page_load())
        return weir_fail(stage, WEIR_EOS, "the library libxml2 (libxml2) is not there");
    parse->type = weir_schema_find(stage->in, "content_type");
    parse->address = weir_schema_find(stage->in, "final_url");
    if (parse->address < 0)
        parse->address = weir_schema_find(stage->in, "url");
    parse->earlier = weir_schema_find(stage->in, "error");
    int rc = compile_fields(stage, parse);
    return rc < 0 ? rc : add_columns(stage, parse, schema);
}

static void parse_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct parse *parse = stage->self;
    const int own[] = {parse->body, parse->type, parse->address, parse->earlier};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i] >= 0)
            in_needed[own[i]] = true;
    weir__made_needs(stage, &parse->made, in_needed);
}

static int parse_open(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    for (uint32_t i = 0; i < parse->extracts + parse->fields; i++)
        if (i >= parse->extracts || parse->extract[i] == JSONLD || parse->extract[i] == TEXT)
            parse->tree = parse->tree || weir__made_wants(stage, &parse->made, i);
    weir__encoding_load();
    return weir__made_open(stage, &parse->made, CALL_RECORDS);
}

/* ---- one page ---- */

static struct weir_value input(const struct weir_batch *in, int column, uint32_t record)
{
    return column < 0 ? (struct weir_value){NULL, 0} : weir_value(&in->column[column], record);
}

static bool take_ready(struct page *page, enum ready what, struct bytes *to)
{
    switch (what) {
    case TITLE: return weir__page_title(page, to);
    case LINKS: weir__page_links(page, to); break;
    case META: weir__page_meta(page, to); break;
    case JSONLD: weir__page_jsonld(page, to); break;
    case TEXT: weir__page_text(page, to); break;
    case READY: break;
    }
    return true;
}

static bool take_field(struct page *page, const struct field *field, struct bytes *to)
{
    return weir__page_select(page, field->path, field->all, to);
}

static int take_all(struct weir_stage *stage, struct page *page)
{
    struct parse *parse = stage->self;
    struct bytes *value = &parse->value;
    int rc = 0;
    for (uint32_t i = 0; i < parse->extracts + parse->fields; i++) {
        if (!weir__made_wants(stage, &parse->made, i))
            continue;
        weir__bytes_clear(value);
        bool there = i < parse->extracts
                         ? take_ready(page, parse->extract[i], value)
                         : take_field(page, &parse->field[i - parse->extracts], value);
        if (value->failed)
            rc = WEIR_EOS;
        else if (there)
            rc |= weir__records_set(&parse->made.added, i, value->data, value->count);
    }
    return rc;
}

static int set_error(struct parse *parse, const char *error, size_t n)
{
    return weir__records_set(&parse->made.added, parse->made.added.columns - 1, error, n);
}

static int take_page(struct weir_stage *stage, struct weir_value body, struct weir_value type,
                     struct weir_value address)
{
    struct parse *parse = stage->self;
    const struct encoding *encoding =
        weir__encoding_of_page(body.data, body.length, type.data, type.length);
    weir__bytes_clear(&parse->text);
    weir__bytes_clear(&parse->base);
    if (!weir__encoding_decode(encoding, body.data, body.length, &parse->text)) {
        stage->count.failed++;
        return set_error(parse, "encoding", strlen("encoding"));
    }
    if (address.data != NULL)
        weir__bytes_add(&parse->base, address.data, address.length);
    struct page *page =
        parse->text.failed || parse->base.failed
            ? NULL
            : weir__page_parse(parse->text.data, parse->text.count,
                               address.data == NULL ? NULL : parse->base.data, parse->tree);
    if (page == NULL)
        return WEIR_EOS;
    int rc = take_all(stage, page);
    const char *limit = weir__page_limit(page);
    if (limit != NULL) {
        rc |= set_error(parse, limit, strlen(limit));
        stage->count.failed++;
    }
    weir__page_free(page);
    return rc;
}

static int add_record(struct weir_stage *stage, const struct weir_batch *in, uint32_t record)
{
    struct parse *parse = stage->self;
    struct weir_value body = input(in, parse->body, record);
    struct weir_value earlier = input(in, parse->earlier, record);
    int rc = 0;
    if (earlier.data != NULL)
        rc = set_error(parse, earlier.data, earlier.length);
    else if (body.data != NULL)
        rc = take_page(stage, body, input(in, parse->type, record),
                       input(in, parse->address, record));
    weir__made_end(&parse->made, record);
    return rc;
}

/* ---- records ---- */

static int parse_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct parse *parse = stage->self;
    const struct records *added = &parse->made.added;
    uint32_t record = (uint32_t)*cursor;
    weir__made_begin(&parse->made, in);
    for (; record < in->records && added->count < CALL_RECORDS && added->heap_bytes < CALL_BYTES;
         record++)
        if (add_record(stage, in, record) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory for a page");
    weir__made_batch(stage, &parse->made, &out->batch);
    *cursor = record < in->records ? record : UINT64_MAX;
    return 0;
}

static void parse_close(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    if (parse == NULL)
        return;
    for (size_t i = 0; parse->field != NULL && i < parse->fields; i++)
        weir__select_free(parse->field[i].path);
    weir__made_release(&parse->made);
    free(parse->field);
    free(parse->text.data);
    free(parse->value.data);
    free(parse->base.data);
    free(parse);
    stage->self = NULL;
}

const struct weir_stage_type weir_html_parse = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "html.parse",
    .summary = "takes titles, links and whatever selectors name out of pages",
    .doc =
        "Parses the page that stands in the column `body`, through libxml2, and adds a column for "
        "each thing that is asked for. Every record is passed on. What is not in a page is null; "
        "links, meta, jsonld and fields with `all` are JSON.\n\n"
        "A field is `css: SELECTOR` or `xpath: PATH`, which takes the first that is found, or with "
        "`all` before it a list of all. An element gives its text with single spaces, "
        "`::attr(NAME)` an attribute, `::text` the element's own texts. Of CSS it knows types, "
        ".class, #id, attributes, the four combinators, lists, :first-child, :last-child, "
        ":only-child, "
        ":nth-child(), :empty and :not().\n\n"
        "links has url (absolute, by the column final_url or url and the page's base element), rel "
        "and text of each; meta what meta elements say by name or property, and canonical; jsonld "
        "the blocks that are JSON; text what is shown of the page.\n\n"
        "The encoding is found as browsers do, but for guessing: the byte order mark, the column "
        "content_type, what the page declares, else windows-1252. What cannot be decoded becomes "
        "U+FFFD.\n\n"
        "error is that of the input if there is one; the page is not looked at then. Else it says "
        "which limit a page met, behind which there may be more that is not in the record: "
        "too_deep (more than 256 elements in each other), text_too_long (10 MB in one piece), "
        "too_many_meta (256), xpath_limit (10 million steps), parser; or encoding, if the system "
        "cannot decode it. Such pages are counted as failed.",
    .options = options,
    .traits = WEIR_SANDBOX_STRICT | WEIR_CONFINED,
    .configure = parse_configure,
    .bind = parse_bind,
    .needs = parse_needs,
    .open = parse_open,
    .process = parse_process,
    .close = parse_close,
};
