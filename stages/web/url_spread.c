/* url.spread: sends each address to the worker of its host, so that connections are used again and a
 * host gets what per_host and rate allow it from all of them together. */
#include <stdlib.h>
#include <string.h>

#include "file/hash.h"
#include "file/subset.h"
#include "web/web.h"

enum { WORKERS_MOST = 16 };

struct url_spread {
    int url; /* the column */
    struct subset subset[WORKERS_MOST];
};

static bool spread_wanted(const struct weir_stage *stage)
{
    return weir_workers(stage) > 1;
}

static int spread_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct url_spread));
    return stage->self == NULL ? weir_fail(stage, WEIR_EOS, "no memory") : 0;
}

static uint32_t spread_outputs(const struct weir_stage *stage, const char *const **ret)
{
    static const char *const name[WORKERS_MOST] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7",
                                                   "8", "9", "10", "11", "12", "13", "14", "15"};
    uint32_t workers = weir_workers(stage);
    *ret = name;
    return workers < WORKERS_MOST ? workers : WORKERS_MOST;
}

static int spread_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct url_spread *self = stage->self;
    const char *url = weir_option_string(stage, "url");
    self->url = weir_schema_find(stage->in, url);
    if (weir_workers(stage) > WORKERS_MOST)
        return weir_fail(stage, WEIR_ECONFIG, "at most %d workers can share the hosts out",
                         WORKERS_MOST);
    if (stage->in->raw || self->url < 0)
        return weir_fail(stage, WEIR_ECONFIG, "it wants a column '%s', and there is none", url);
    return weir_schema_copy(ret, stage->in);
}

static void spread_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct url_spread *self = stage->self;
    in_needed[self->url] = true;
    for (uint32_t i = 0; weir_output_needed(stage, i) != NULL; i++)
        for (uint32_t c = 0; c < stage->in->columns; c++)
            in_needed[c] = in_needed[c] || weir_output_needed(stage, i)[c];
}

/* Where it says the host and port, in small letters: what is no URL goes anywhere, always the same
 * way. */
static uint64_t host_of(const char *url, size_t n)
{
    char host[256];
    const char *end = url + n, *at = memmem(url, n, "://", 3);
    at = at == NULL ? url : at + 3;
    size_t bytes = 0;
    for (; at < end && strchr("/?#\\", *at) == NULL; at++) {
        if (*at == '@')
            bytes = 0; /* that was a user's name */
        else if (bytes < sizeof(host))
            host[bytes++] = (char)(*at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at);
    }
    return hash_bytes(0, host, bytes);
}

static int spread_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct url_spread *self = stage->self;
    uint32_t workers = weir_workers(stage);
    for (uint32_t i = 0; i < workers; i++)
        if (!weir__subset_begin(&self->subset[i], in))
            return weir_fail(stage, WEIR_EOS, "no memory");
    for (uint32_t r = 0; r < in->records; r++) {
        struct weir_value url = weir_value(&in->column[self->url], r);
        uint64_t host = url.data == NULL ? 0 : host_of(url.data, url.length);
        weir__subset_add(&self->subset[host % workers], r);
    }
    for (uint32_t i = 0; i < workers; i++)
        if (!weir__subset_batch(&self->subset[i], weir_output_needed(stage, i), &out->other[i]))
            return weir_fail(stage, WEIR_EOS, "no memory");
    *cursor = UINT64_MAX;
    return 0;
}

static void spread_close(struct weir_stage *stage)
{
    struct url_spread *self = stage->self;
    if (self == NULL)
        return;
    for (uint32_t i = 0; i < WORKERS_MOST; i++)
        weir__subset_release(&self->subset[i]);
    free(self);
    stage->self = NULL;
}

const struct weir_stage_type weir_url_spread = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "url.spread",
    .summary = "sends addresses to the worker of their host",
    .options = weir__url_fetch_options,
    .traits = WEIR_INNER | WEIR_ROUTES | WEIR_SPREADS | WEIR_SANDBOX_STRICT,
    .wanted = spread_wanted,
    .configure = spread_configure,
    .outputs = spread_outputs,
    .bind = spread_bind,
    .needs = spread_needs,
    .process = spread_process,
    .close = spread_close,
};
