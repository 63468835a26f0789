/*
 * fetch.h - many transfers at once, through libcurl's multi interface.
 *
 *     weir__fetch_begin(fetch)                 for each batch
 *     weir__fetch_add(fetch, url, n)           while weir__fetch_has_room()
 *     weir__fetch_run(fetch)                   until the oldest is done
 *     weir__fetch_oldest(fetch), weir__fetch_drop(fetch)
 *
 * Transfers are given back in the order in which they were added, each exactly once.
 */
#ifndef WEIR_WEB_FETCH_H
#define WEIR_WEB_FETCH_H

#include "web/bytes.h"

struct fetch;
struct curl_slist;

struct fetch_options {
    size_t concurrency, per_host;
    uint64_t interval_ms; /* between two requests to the same host */
    uint64_t connect_ms, total_ms, backoff_ms;
    uint64_t max_bytes;
    unsigned max_redirects, attempts;
    const char *user_agent;
    struct curl_slist *headers; /* borrowed; only sent to the host of the URL that was given */
    bool allow_private;
};

struct fetched {
    struct bytes url, final_url, type, body;
    long status; /* 0: no answer */
    unsigned attempts;
    uint64_t took_ms;
    char error[24]; /* a stable word; empty: none */
};

/* NULL: no memory. libcurl must have been loaded. */
struct fetch *weir__fetch_open(const struct fetch_options *options);
void weir__fetch_close(struct fetch *fetch);
/* Forgets all transfers. */
void weir__fetch_begin(struct fetch *fetch);
bool weir__fetch_has_room(const struct fetch *fetch);
/* 0 or WEIR_EOS. */
int weir__fetch_add(struct fetch *fetch, const char *url, size_t n);
/* Until the oldest transfer is done; there must be one. 0 or WEIR_EOS. */
int weir__fetch_run(struct fetch *fetch);
/* The oldest transfer, if it is done; else NULL. */
const struct fetched *weir__fetch_oldest(const struct fetch *fetch);
void weir__fetch_drop(struct fetch *fetch);

#endif
