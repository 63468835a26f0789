/* url.list: addresses from a list, a text or a sitemap. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/input.h"
#include "file/record.h"
#include "file/text.h"
#include "web/encoding.h"
#include "web/seen.h"
#include "web/url.h"
#include "web/web.h"
#include "web/xml.h"

enum { BATCH_RECORDS = 1024, BATCH_HEAP_SHARE = 8, PIECE = 64 << 10, SITEMAP_MOST = 64 << 20 };

enum column { URL, LASTMOD, COLUMNS };

/* A successor goes through all of it again, so that it knows what was seen, and passes over what is
 * committed. */
struct list_state {
    uint64_t records;
};

struct list {
    const char *file; /* of path or sitemap; NULL: the list counts */
    const char *const *url;
    size_t urls, next; /* of the list */
    bool sitemap, drops;
    struct input input;
    bool opened, ended;
    struct bytes text; /* of a sitemap all, else what is read and not taken; `at` is the next */
    size_t at;
    struct xml *xml;
    struct select_path *loc, *lastmod;
    struct seen seen;
    uint64_t passed; /* records since the beginning */
    struct bytes address, value;
    struct records records;
};

static const struct weir_option options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, false,
     "the file whose lines are the addresses; \"-\" is standard input"},
    {"urls", WEIR_OPT_LIST, NULL, NULL, false, "instead of path: the addresses themselves"},
    {"sitemap", WEIR_OPT_PATH, NULL, NULL, false,
     "instead of path: the sitemap, or index of sitemaps, that has them; \"-\" is standard input"},
    {"duplicates", WEIR_OPT_ENUM, "keep", "keep|drop", false,
     "drop: of addresses that are the same only the first counts"},
    {0}};

/* ---- planning ---- */

static int list_configure(struct weir_stage *stage)
{
    struct list *list = calloc(1, sizeof(*list));
    stage->self = list;
    if (list == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    list->sitemap = weir_option_given(stage, "sitemap");
    list->file = weir_option_string(stage, list->sitemap ? "sitemap" : "path");
    list->urls = weir_option_list(stage, "urls", &list->url);
    list->drops = weir_option_number(stage, "duplicates") == 1;
    stage->irreplaceable = list->file != NULL && strcmp(list->file, "-") == 0;
    stage->memory_bytes = (list->drops ? SEEN_BYTES : 0) + (list->sitemap ? 3u * SITEMAP_MOST : 0);
    if (weir_option_given(stage, "path") + weir_option_given(stage, "urls") + list->sitemap != 1)
        return weir_fail(stage, WEIR_ECONFIG,
                         "the addresses come from one of path, urls and sitemap");
    return 0;
}

static int list_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    const struct list *list = stage->self;
    if (list->file != NULL && !stage->irreplaceable && access(list->file, R_OK) < 0)
        return weir_fail_errno(stage, WEIR_ENOINPUT, "cannot open '%s'", list->file);
    if (weir_schema_add(&ret->schema, "url", WEIR_TEXT) < 0 ||
        (list->sitemap && weir_schema_add(&ret->schema, "lastmod", WEIR_TEXT) < 0))
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    return 0;
}

/* ---- reading ---- */

/* More of the file behind what is there. */
static int read_more(struct weir_stage *stage, struct list *list)
{
    char piece[PIECE];
    ssize_t got = weir__input_next(stage, &list->input, list->file, piece, sizeof(piece));
    if (got < 0)
        return (int)got;
    list->ended = got == 0;
    weir__bytes_add(&list->text, piece, (size_t)got);
    return list->text.failed ? weir_fail(stage, WEIR_EOS, "no memory for %s", list->file) : 0;
}

static int open_sitemap(struct weir_stage *stage, struct list *list)
{
    static const char *const paths[] = {"/urlset/url", "/sitemapindex/sitemap"};
    struct bytes raw;
    while (!list->ended) {
        int rc = read_more(stage, list);
        if (rc < 0)
            return rc;
        if (list->text.count > SITEMAP_MOST)
            return weir_fail(stage, WEIR_EDATA, "%s has more than 64 MiB, which no sitemap has",
                             weir__text_input(list->file));
    }
    raw = list->text;
    list->text = (struct bytes){0};
    weir__bytes_clear(&list->text);
    weir__encoding_load();
    bool decoded = weir__encoding_decode(weir__encoding_of_xml(raw.data, raw.count, NULL, 0),
                                         raw.data, raw.count, &list->text);
    free(raw.data);
    if (!decoded)
        return weir_fail(stage, WEIR_EDATA, "%s is in an encoding that this system does not know",
                         weir__text_input(list->file));
    if (!weir__xml_load())
        return weir_fail(stage, WEIR_EOS, "the library libxml2 (libxml2) is not there");
    list->loc = weir__select_compile("loc");
    list->lastmod = weir__select_compile("lastmod");
    list->xml = weir__xml_open(list->text.data, list->text.count, paths, 2);
    return list->xml == NULL || list->loc == NULL || list->lastmod == NULL
               ? weir_fail(stage, WEIR_EOS, "no memory for %s", list->file)
               : 0;
}

static int list_open(struct weir_stage *stage)
{
    struct list *list = stage->self;
    weir__url_load();
    weir__bytes_clear(&list->text);
    if (weir__records_init(&list->records, list->sitemap ? 2 : 1, BATCH_RECORDS) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for a batch");
    if (list->file == NULL)
        return 0;
    int rc = weir__input_open(stage, list->file, &list->input);
    list->opened = rc == 0;
    return rc == 0 && list->sitemap ? open_sitemap(stage, list) : rc;
}

/* ---- one address after the other: 1 and it is in list->value, 0 at the end, or a code ---- */

static int next_line(struct weir_stage *stage, struct list *list)
{
    const char *end;
    size_t looked = list->at;
    while ((end = memchr(list->text.data + looked, '\n', list->text.count - looked)) == NULL &&
           !list->ended) {
        looked = list->text.count - list->at;
        memmove(list->text.data, list->text.data + list->at, looked);
        weir__bytes_cut(&list->text, looked);
        list->at = 0;
        if (looked > weir_max_record(stage))
            return weir_fail(stage, WEIR_EDATA, "a line of %s is longer than max_record",
                             weir__text_input(list->file));
        int rc = read_more(stage, list);
        if (rc < 0)
            return rc;
    }
    if (list->at == list->text.count)
        return 0;
    const char *begin = list->text.data + list->at;
    size_t n = end == NULL ? list->text.count - list->at : (size_t)(end - begin);
    weir__bytes_clear(&list->value);
    weir__bytes_add(&list->value, begin, n);
    list->at += n + (end != NULL);
    return 1;
}

static int next_in_sitemap(struct weir_stage *stage, struct list *list)
{
    bool there = weir__xml_next(list->xml);
    weir__bytes_clear(&list->value);
    if (there)
        weir__xml_select(list->xml, list->loc, false, &list->value);
    const char *error = weir__xml_error(list->xml);
    if (weir__xml_ran_out(list->xml))
        return weir_fail(stage, WEIR_EOS, "no memory for %s", list->file);
    if (error != NULL)
        return weir_fail(stage, WEIR_EDATA, "%s: %s", weir__text_input(list->file), error);
    return there;
}

static int next(struct weir_stage *stage, struct list *list)
{
    if (list->sitemap)
        return next_in_sitemap(stage, list);
    if (list->file != NULL)
        return next_line(stage, list);
    if (list->next == list->urls)
        return 0;
    weir__bytes_clear(&list->value);
    weir__bytes_say(&list->value, list->url[list->next++]);
    return 1;
}

/* ---- records ---- */

/* The value in normal form, without a fragment, which is not for servers. What is no address stays: whoever
 * fetches it says so. False if there is nothing. */
static bool normalise(struct list *list)
{
    struct bytes *value = &list->value, *address = &list->address;
    if (weir__url_resolve(NULL, value->data, value->count, address)) {
        weir__bytes_cut(address, strcspn(address->data, "#"));
        return true;
    }
    weir__bytes_clear(address);
    const char *begin = value->data, *end = value->data + value->count;
    while (begin < end && (unsigned char)end[-1] <= ' ')
        end--;
    while (begin < end && (unsigned char)*begin <= ' ')
        begin++;
    weir__bytes_add(address, begin, (size_t)(end - begin));
    return begin < end;
}

static int add_record(struct weir_stage *stage, struct list *list)
{
    int rc = 0;
    if (stage->needed[URL])
        rc |= weir__records_set(&list->records, URL, list->address.data, list->address.count);
    if (list->sitemap && stage->needed[LASTMOD]) {
        weir__bytes_clear(&list->value);
        if (weir__xml_select(list->xml, list->lastmod, false, &list->value))
            rc |= weir__records_set(&list->records, LASTMOD, list->value.data, list->value.count);
    }
    weir__records_end(&list->records);
    return rc;
}

/* 1, 0 at the end, or a code. */
static int take_one(struct weir_stage *stage, struct list *list)
{
    struct list_state *state = stage->state;
    int rc = next(stage, list);
    if (rc <= 0 || !normalise(list))
        return rc;
    if (list->value.failed || list->address.failed)
        return weir_fail(stage, WEIR_EOS, "no memory for an address");
    int is_new =
        list->drops ? weir__seen_add(&list->seen, list->address.data, list->address.count) : 1;
    if (is_new < 0)
        return weir_fail(stage, WEIR_EOS,
                         "more than %d different addresses: leave duplicates to the stage distinct",
                         SEEN_MOST);
    if (is_new == 0 || list->passed++ < state->records)
        return 1;
    state->records++;
    return add_record(stage, list) < 0 ? weir_fail(stage, WEIR_EOS, "no memory for a batch") : 1;
}

static int list_produce(struct weir_stage *stage, struct weir_output *out)
{
    struct list *list = stage->self;
    struct records *records = &list->records;
    int more = 1;
    weir__records_clear(records);
    while (more > 0 && records->count < BATCH_RECORDS &&
           records->heap_bytes < out->capacity / BATCH_HEAP_SHARE)
        more = take_one(stage, list);
    if (more < 0)
        return more;
    out->batch = (struct weir_batch){.records = records->count,
                                     .columns = records->columns,
                                     .column = weir__records_columns(records, stage->needed),
                                     .origin = {.file = UINT32_MAX}};
    return more == 0 ? WEIR_DONE : WEIR_MORE;
}

static void list_close(struct weir_stage *stage)
{
    struct list *list = stage->self;
    if (list == NULL)
        return;
    if (list->opened)
        weir__input_close(&list->input);
    weir__xml_close(list->xml);
    weir__select_free(list->loc);
    weir__select_free(list->lastmod);
    weir__seen_release(&list->seen);
    weir__records_release(&list->records);
    free(list->text.data);
    free(list->address.data);
    free(list->value.data);
    free(list);
    stage->self = NULL;
}

const struct weir_stage_type weir_url_list = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "url.list",
    .summary = "lists addresses, from a text, a sitemap or the pipeline file",
    .doc =
        "Gives a record with one column, url, for each address: of the lines of `path`, of the "
        "list `urls`, or of a `sitemap`, which adds a column lastmod. Files may be compressed with "
        "gzip, bzip2, xz or zstd. Empty lines are passed over.\n\n"
        "Addresses of http and https are put into the normal form of the URL Standard, as browsers "
        "understand them: HTTP://Example.COM:80/a/../b c becomes http://example.com/b%20c. What "
        "stands behind a # is left out. What is no such address is passed on as it is: url.fetch "
        "says what is wrong with it.\n\n"
        "An index of sitemaps gives the addresses of these; fetch them with url.fetch, take them "
        "apart with xml.parse, and fetch what is in them.\n\n"
        "With `duplicates: drop` of the same addresses only the first is listed, of up to three "
        "million; there may be more for the stage distinct.",
    .options = options,
    .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_SANDBOX_STRICT | WEIR_CONFINED,
    .state_bytes = sizeof(struct list_state),
    .configure = list_configure,
    .probe = list_probe,
    .open = list_open,
    .produce = list_produce,
    .close = list_close,
};
