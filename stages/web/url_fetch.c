/* url.fetch: what stands at addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/record.h"
#include "web/curl.h"
#include "web/fetch.h"
#include "web/web.h"

/* What one call hands on at most. */
enum { CALL_RECORDS = 64, CALL_BYTES = 1 << 20 };

enum added { FINAL_URL, STATUS, CONTENT_TYPE, BODY, TIME_MS, ATTEMPTS, ERROR, ADDED };
static const struct {
    const char *name;
    enum weir_type type;
} added[ADDED] = {[FINAL_URL] = {"final_url", WEIR_TEXT},
                  [STATUS] = {"status", WEIR_INTEGER},
                  [CONTENT_TYPE] = {"content_type", WEIR_TEXT},
                  [BODY] = {"body", WEIR_TEXT},
                  [TIME_MS] = {"time_ms", WEIR_INTEGER},
                  [ATTEMPTS] = {"attempts", WEIR_INTEGER},
                  [ERROR] = {"error", WEIR_TEXT}};

struct url_fetch {
    struct fetch_options options;
    struct fetch *fetch;
    int url;        /* the input's column */
    uint32_t *kept; /* the input's columns, but for those that are made here */
    uint32_t keeps; /* the first columns of the output */
    uint32_t next;  /* record of the input to begin with */
    struct records records;
    struct weir_column *column;
    const struct weir_batch *in; /* during a call and until the next: for locate */
    uint32_t first;
};

const struct weir_option weir__url_fetch_options[] = {
    {"url", WEIR_OPT_STRING, "url", NULL, false, "the column that holds the addresses"},
    {"concurrency", WEIR_OPT_COUNT, "100", "1..1000", false, "how many transfers go on at once"},
    {"per_host", WEIR_OPT_COUNT, "4", "1..", false, "how many of them with the same host and port"},
    {"rate", WEIR_OPT_RATE, NULL, NULL, false, "how many requests a host gets"},
    {"connect_timeout", WEIR_OPT_DURATION, "10s", NULL, false,
     "how long finding a host and connecting to it may take"},
    {"timeout", WEIR_OPT_DURATION, "60s", NULL, false, "how long a request may take"},
    {"max_bytes", WEIR_OPT_BYTES, "8MiB", "1..", false,
     "the largest body that is taken, after decompression"},
    {"max_redirects", WEIR_OPT_COUNT, "10", "0..100", false, "how many redirects are followed"},
    {"attempts", WEIR_OPT_COUNT, "3", "1..100", false,
     "how often to ask where the network or the server may do better the next time"},
    {"backoff", WEIR_OPT_DURATION, "1s", NULL, false,
     "the pause before the second attempt; it doubles for each further one"},
    {"user_agent", WEIR_OPT_STRING, "weir/0.1", NULL, false, "what the servers are told"},
    {"headers", WEIR_OPT_MAP, NULL, NULL, false,
     "further headers, which no other host gets that a redirect leads to"},
    {"allow_private", WEIR_OPT_BOOL, "false", NULL, false,
     "connect to loopback, private and other special addresses too"},
    {0}};

/* ---- planning ---- */

static int refuse_line_ends(struct weir_stage *stage, const char *option, const char *key,
                            const char *value)
{
    if (strpbrk(value, "\r\n") == NULL)
        return 0;
    return weir_option_error(stage, option, key, 0, 0, NULL, "a header has no line ends");
}

static int check_headers(struct weir_stage *stage)
{
    const struct weir_pair *pair;
    size_t n = weir_option_map(stage, "headers", &pair);
    int rc = refuse_line_ends(stage, "user_agent", NULL, weir_option_string(stage, "user_agent"));
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = refuse_line_ends(stage, "headers", pair[i].key, pair[i].value);
        if (rc == 0)
            rc = refuse_line_ends(stage, "headers", pair[i].key, pair[i].key);
    }
    return rc;
}

static int fetch_configure(struct weir_stage *stage)
{
    struct url_fetch *self = calloc(1, sizeof(*self));
    int64_t rate = weir_option_number(stage, "rate"); /* in thousandths */
    stage->self = self;
    if (self == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    self->options = (struct fetch_options){
        .concurrency = (size_t)weir_option_number(stage, "concurrency"),
        .per_host = (size_t)weir_option_number(stage, "per_host"),
        .interval_ms = rate > 0 ? (uint64_t)(1000000 / rate) : 0,
        .connect_ms = (uint64_t)weir_option_number(stage, "connect_timeout"),
        .total_ms = (uint64_t)weir_option_number(stage, "timeout"),
        .backoff_ms = (uint64_t)weir_option_number(stage, "backoff"),
        .max_bytes = (uint64_t)weir_option_number(stage, "max_bytes"),
        .max_redirects = (unsigned)weir_option_number(stage, "max_redirects"),
        .attempts = (unsigned)weir_option_number(stage, "attempts"),
        .user_agent = weir_option_string(stage, "user_agent"),
        .allow_private = weir_option_number(stage, "allow_private") == 1};
    return check_headers(stage);
}

static bool is_added(const char *name)
{
    for (enum added a = 0; a < ADDED; a++)
        if (strcmp(added[a].name, name) == 0)
            return true;
    return false;
}

static int fetch_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct url_fetch *self = stage->self;
    const char *url = weir_option_string(stage, "url");
    int rc = 0;
    self->url = weir_schema_find(stage->in, url);
    if (stage->in->raw || self->url < 0)
        return weir_fail(stage, WEIR_ECONFIG, "it wants a column '%s', and there is none", url);
    self->kept = calloc(stage->in->columns, sizeof(*self->kept));
    if (self->kept == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    for (uint32_t c = 0; c < stage->in->columns; c++)
        if (!is_added(stage->in->column[c].name)) {
            self->kept[self->keeps++] = c;
            rc |= weir_schema_add(schema, stage->in->column[c].name, stage->in->column[c].type);
        }
    for (enum added a = 0; a < ADDED; a++)
        rc |= weir_schema_add(schema, added[a].name, added[a].type);
    return rc < 0 ? weir_fail(stage, WEIR_EOS, "no memory for the columns") : 0;
}

static void fetch_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct url_fetch *self = stage->self;
    in_needed[self->url] = true;
    for (uint32_t k = 0; k < self->keeps; k++)
        if (stage->needed[k])
            in_needed[self->kept[k]] = true;
}

static int make_headers(struct weir_stage *stage, const struct curl_library *curl)
{
    struct url_fetch *self = stage->self;
    const struct weir_pair *pair;
    size_t n = weir_option_map(stage, "headers", &pair);
    for (size_t i = 0; i < n; i++) {
        char *line;
        if (asprintf(&line, "%s: %s", pair[i].key, pair[i].value) < 0)
            return WEIR_EOS;
        struct curl_slist *longer = curl->curl_slist_append(self->options.headers, line);
        free(line);
        if (longer == NULL)
            return WEIR_EOS;
        self->options.headers = longer;
    }
    return 0;
}

static int fetch_open(struct weir_stage *stage)
{
    struct url_fetch *self = stage->self;
    const struct curl_library *curl = weir__curl();
    size_t largest = weir_max_record(stage) / 2; /* the other half is for the other columns */
    if (curl == NULL)
        return weir_fail(stage, WEIR_EOS, "the library libcurl (libcurl4) is not there");
    if (self->options.max_bytes > largest)
        self->options.max_bytes = largest;
    self->column = calloc(stage->out->columns, sizeof(*self->column));
    if (self->column == NULL || make_headers(stage, curl) < 0 ||
        weir__records_init(&self->records, ADDED, CALL_RECORDS) < 0 ||
        (self->fetch = weir__fetch_open(&self->options)) == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory to fetch");
    return 0;
}

/* ---- records ---- */

static int set_bytes(struct records *records, enum added column, const struct bytes *bytes)
{
    return bytes->count == 0 ? 0 : weir__records_set(records, column, bytes->data, bytes->count);
}

static int add_record(struct weir_stage *stage, const struct fetched *fetched)
{
    struct url_fetch *self = stage->self;
    struct records *records = &self->records;
    int rc = set_bytes(records, FINAL_URL, &fetched->final_url);
    rc |= set_bytes(records, CONTENT_TYPE, &fetched->type);
    if (stage->needed[self->keeps + BODY])
        rc |= set_bytes(records, BODY, &fetched->body);
    if (fetched->status > 0)
        rc |= weir__records_set_number(records, STATUS, (uint64_t)fetched->status);
    rc |= weir__records_set_number(records, TIME_MS, fetched->took_ms);
    rc |= weir__records_set_number(records, ATTEMPTS, fetched->attempts);
    if (fetched->error[0] != '\0') {
        rc |= weir__records_set(records, ERROR, fetched->error, strlen(fetched->error));
        stage->count.failed++;
    }
    weir__records_end(records);
    return rc;
}

static int begin_transfers(struct url_fetch *self, const struct weir_batch *in)
{
    int rc = 0;
    for (; rc == 0 && self->next < in->records && weir__fetch_has_room(self->fetch); self->next++) {
        struct weir_value url = weir_value(&in->column[self->url], self->next);
        rc = weir__fetch_add(self->fetch, url.data == NULL ? "" : url.data, url.length);
    }
    return rc;
}

static void fetch_locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    const struct url_fetch *self = batch->locate_context;
    self->in->locate(self->in, self->first + record, ret);
}

static const struct weir_column *join_columns(struct weir_stage *stage, const struct weir_batch *in)
{
    struct url_fetch *self = stage->self;
    for (uint32_t k = 0; k < self->keeps; k++) {
        self->column[k] = in->column[self->kept[k]];
        if (self->column[k].entry != NULL)
            self->column[k].entry += self->first;
        if (!stage->needed[k])
            self->column[k].entry = NULL;
    }
    memcpy(self->column + self->keeps,
           weir__records_columns(&self->records, stage->needed + self->keeps),
           ADDED * sizeof(*self->column));
    return self->column;
}

/* Transfers go on from call to call of the same batch. Records are handed on in the order of the input, so that the
 * successor of a worker that died, for which pages may have changed, still gives each URL its one record. */
static int fetch_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct url_fetch *self = stage->self;
    uint32_t record = self->first = (uint32_t)*cursor;
    int rc = 0;
    self->in = in;
    if (record == 0) {
        weir__fetch_begin(self->fetch);
        self->next = 0;
    }
    weir__records_clear(&self->records);
    while (rc == 0 && record < in->records && self->records.count < CALL_RECORDS &&
           self->records.heap_bytes < CALL_BYTES) {
        rc = begin_transfers(self, in);
        if (rc == 0 && weir__fetch_oldest(self->fetch) == NULL) {
            if (self->records.count > 0)
                break;
            rc = weir__fetch_run(self->fetch);
        }
        if (rc == 0) {
            rc = add_record(stage, weir__fetch_oldest(self->fetch));
            weir__fetch_drop(self->fetch);
            record++;
        }
    }
    if (rc < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for a page");
    out->batch = (struct weir_batch){.records = self->records.count,
                                     .columns = stage->out->columns,
                                     .column = join_columns(stage, in),
                                     .origin = in->origin,
                                     .locate = in->locate == NULL ? NULL : fetch_locate,
                                     .locate_context = self};
    *cursor = record < in->records ? record : UINT64_MAX;
    return 0;
}

static void fetch_close(struct weir_stage *stage)
{
    struct url_fetch *self = stage->self;
    if (self == NULL)
        return;
    weir__fetch_close(self->fetch);
    if (self->options.headers != NULL)
        weir__curl()->curl_slist_free_all(self->options.headers);
    weir__records_release(&self->records);
    free(self->kept);
    free(self->column);
    free(self);
    stage->self = NULL;
}

const struct weir_stage_type weir_url_get = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "url.get",
    .summary = "fetches what stands at addresses",
    .options = weir__url_fetch_options,
    .traits = WEIR_INNER | WEIR_ONE_SEAT | WEIR_NO_FUSE,
    .configure = fetch_configure,
    .bind = fetch_bind,
    .needs = fetch_needs,
    .open = fetch_open,
    .process = fetch_process,
    .close = fetch_close,
};

static const struct weir_stage_type *const inner[] = {&weir_url_spread, &weir_url_get, NULL};

const struct weir_stage_type weir_url_fetch = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "url.fetch",
    .summary = "fetches what stands at addresses, many at once",
    .doc =
        "Fetches the address in the column `url` by HTTP or HTTPS, through libcurl, and adds the "
        "columns final_url, status, content_type, body, time_ms, attempts and error. Every record "
        "is passed on, "
        "in order; that of a page that failed has the reason in error, and is counted as "
        "failed.\n\n"
        "error is null or one of: bad_url, dns, refused, unreachable, timeout, tls, closed (in the "
        "middle of it, or before it said anything), truncated, encoding (a body that cannot be "
        "unpacked), "
        "protocol, too_large, headers_too_large (256 KiB), too_many_redirects, forbidden_scheme (a "
        "redirect to "
        "something else than http and https), forbidden_address, and http_404 and the like, with "
        "whose body is kept. A body may have max_bytes, and half of the run's max_record.\n\n"
        "Certificates are verified. Addresses of loopback, private networks, links and other "
        "special "
        "uses are not connected to, whatever name or redirect leads there. Proxies of the "
        "environment "
        "are not used. robots.txt is not looked at: that is up to you.\n\n"
        "timeout, refused, closed, truncated and the statuses 429, 502, 503 and 504 are tried "
        "again; "
        "Retry-After is heeded up to a minute, and more is taken for a no.\n\n"
        "There is one worker, if the file asks for no more. Several share the hosts out, so that "
        "per_host and rate hold for all of them together; concurrency is each worker's own, and "
        "the "
        "records come in any order. A slow page holds up "
        "those behind it, but up to a thousand of them, or 64 MiB, are fetched meanwhile. A worker "
        "that dies makes "
        "its successor fetch the pages again that have not been handed on.",
    .options = weir__url_fetch_options,
    .inner = inner,
};
