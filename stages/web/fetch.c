#include "web/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <weir/err.h>

#include "web/address.h"
#include "web/curl.h"
#include "web/url.h"

enum { HOSTS = 4096, WINDOW = 1024, LONGEST_WAIT_MS = 60000, TICK_MS = 1000 };
#define HEADER_BYTES ((size_t)256 << 10)
#define HELD_BYTES   ((size_t)64 << 20) /* of bodies; above it no more transfers begin */

/*
 *     WAITING -> ACTIVE -> DONE
 *        ^---------'         a redirect, or another attempt
 */
enum state { WAITING, ACTIVE, DONE };

struct host {
    struct host *next; /* with the same hash */
    size_t active;
    uint64_t due_ms; /* of the next request */
    char name[];
};

struct transfer {
    struct fetched result;
    struct fetch *fetch;
    enum state state;
    CURL *easy;
    struct host *host;
    uint64_t due_ms, begun_ms;
    size_t header_bytes;
    unsigned redirects;
    bool left_host;          /* a redirect led to another one */
    const char *refused_for; /* why we ended it ourselves, as the error's word */
};

struct fetch {
    struct fetch_options options;
    const struct curl_library *curl;
    CURLM *multi;
    struct host *host[HOSTS];
    struct transfer *transfer[WINDOW]; /* a ring: `first` is the oldest */
    size_t first, count, active, held;
    bool failed;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct transfer *at(const struct fetch *fetch, size_t i)
{
    return fetch->transfer[(fetch->first + i) % WINDOW];
}

/* ---- hosts ---- */

/* NULL: no memory. */
static struct host *find_host(struct fetch *fetch, const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *c = name; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    struct host **bucket = &fetch->host[hash % HOSTS];
    for (struct host *host = *bucket; host != NULL; host = host->next)
        if (strcmp(host->name, name) == 0)
            return host;
    struct host *host = calloc(1, sizeof(*host) + strlen(name) + 1);
    if (host == NULL)
        return NULL;
    strcpy(host->name, name);
    host->next = *bucket;
    return *bucket = host;
}

/* "host:port" of a URL in normal form; freed by the caller. */
static char *host_name(const char *url)
{
    const char *begin = strstr(url, "://") + 3;
    const char *user = memchr(begin, '@', strcspn(begin, "/?#"));
    begin = user == NULL ? begin : user + 1;
    return strndup(begin, strcspn(begin, "/?#"));
}

/* Sets the transfer's host from its address. */
static bool set_host(struct fetch *fetch, struct transfer *transfer)
{
    char *name = host_name(transfer->result.final_url.data);
    struct host *host = name == NULL ? NULL : find_host(fetch, name);
    free(name);
    transfer->left_host = transfer->host != NULL && (transfer->left_host || transfer->host != host);
    transfer->host = host;
    return host != NULL;
}

/* ---- what libcurl calls ---- */

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = context;
    (void)purpose;
    if (!transfer->fetch->options.allow_private && !weir__address_is_public(&address->addr)) {
        transfer->refused_for = "forbidden_address";
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_body(char *data, size_t size, size_t n, void *context)
{
    struct transfer *transfer = context;
    struct bytes *body = &transfer->result.body;
    n *= size;
    if (body->count + n > transfer->fetch->options.max_bytes) {
        transfer->refused_for = "too_large";
        return 0;
    }
    weir__bytes_add(body, data, n);
    transfer->fetch->held += n;
    return body->failed ? 0 : n;
}

static size_t take_header(char *data, size_t size, size_t n, void *context)
{
    struct transfer *transfer = context;
    (void)data;
    transfer->header_bytes += n * size;
    if (transfer->header_bytes <= HEADER_BYTES)
        return n * size;
    transfer->refused_for = "headers_too_large";
    return 0;
}

/* ---- beginning ---- */

static bool set_options(const struct fetch *fetch, struct transfer *transfer)
{
    const struct fetch_options *options = &fetch->options;
    __typeof__(curl_easy_setopt) *set = fetch->curl->curl_easy_setopt;
    CURL *easy = transfer->easy;
    unsigned bad = 0;
    bad |= set(easy, CURLOPT_URL, transfer->result.final_url.data);
    bad |= set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    bad |= set(easy, CURLOPT_PROXY, ""); /* nor one from the environment */
    bad |= set(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= set(easy, CURLOPT_PRIVATE, transfer);
    bad |= set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    bad |= set(easy, CURLOPT_ACCEPT_ENCODING, "");
    bad |= set(easy, CURLOPT_USERAGENT, options->user_agent);
    bad |= set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_ms);
    bad |= set(easy, CURLOPT_TIMEOUT_MS, (long)options->total_ms);
    bad |= set(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    bad |= set(easy, CURLOPT_OPENSOCKETDATA, transfer);
    bad |= set(easy, CURLOPT_WRITEFUNCTION, take_body);
    bad |= set(easy, CURLOPT_WRITEDATA, transfer);
    bad |= set(easy, CURLOPT_HEADERFUNCTION, take_header);
    bad |= set(easy, CURLOPT_HEADERDATA, transfer);
    bad |= set(easy, CURLOPT_HTTPHEADER, transfer->left_host ? NULL : options->headers);
    return bad == 0;
}

static void drop_body(struct transfer *transfer)
{
    transfer->fetch->held -= transfer->result.body.count;
    weir__bytes_clear(&transfer->result.body);
}

static void begin(struct fetch *fetch, struct transfer *transfer, uint64_t now)
{
    if (transfer->easy == NULL)
        transfer->easy = fetch->curl->curl_easy_init();
    drop_body(transfer);
    transfer->header_bytes = 0;
    transfer->refused_for = NULL;
    if (transfer->easy == NULL || !set_options(fetch, transfer) ||
        fetch->curl->curl_multi_add_handle(fetch->multi, transfer->easy) != CURLM_OK) {
        fetch->failed = true;
        return;
    }
    transfer->result.attempts += transfer->redirects == 0;
    if (transfer->begun_ms == 0)
        transfer->begun_ms = now;
    transfer->state = ACTIVE;
    transfer->host->active++;
    transfer->host->due_ms = now + fetch->options.interval_ms;
    fetch->active++;
}

/* Begins what may begin. Returns how long nothing else will. */
static uint64_t begin_all(struct fetch *fetch, uint64_t now)
{
    uint64_t wait = TICK_MS;
    for (size_t i = 0; i < fetch->count && fetch->active < fetch->options.concurrency; i++) {
        struct transfer *transfer = at(fetch, i);
        if (transfer->state != WAITING || transfer->host->active >= fetch->options.per_host ||
            (fetch->held > HELD_BYTES && fetch->active > 0))
            continue;
        uint64_t due =
            transfer->due_ms > transfer->host->due_ms ? transfer->due_ms : transfer->host->due_ms;
        if (due <= now)
            begin(fetch, transfer, now);
        else if (due - now < wait)
            wait = due - now;
    }
    return wait;
}

/* ---- ending ---- */

static const char *word_of(const struct fetch *fetch, const struct transfer *transfer,
                           CURLcode code)
{
    long error = 0;
    switch (code) {
    case CURLE_OK: return "";
    case CURLE_COULDNT_RESOLVE_HOST: return "dns";
    case CURLE_COULDNT_CONNECT:
        fetch->curl->curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
        return error == ECONNREFUSED ? "refused" : "unreachable";
    case CURLE_OPERATION_TIMEDOUT: return "timeout";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return "tls";
    case CURLE_PARTIAL_FILE: return "truncated";
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return "closed";
    case CURLE_BAD_CONTENT_ENCODING: return "encoding";
    case CURLE_URL_MALFORMAT: return "bad_url";
    case CURLE_OUT_OF_MEMORY: return "headers_too_large"; /* what it says of a line of 100 KB */
    default: return "protocol";
    }
}

static void finish(struct transfer *transfer, const char *error)
{
    snprintf(transfer->result.error, sizeof(transfer->result.error), "%s", error);
    transfer->result.took_ms = transfer->begun_ms == 0 ? 0 : now_ms() - transfer->begun_ms;
    transfer->fetch->curl->curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
    transfer->state = DONE;
}

static bool is_worth_another(const char *error)
{
    static const char *const words[] = {"timeout",  "refused",  "closed",   "truncated",
                                        "http_429", "http_502", "http_503", "http_504"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], error) == 0)
            return true;
    return false;
}

/* False if it is to be left at this. */
static bool try_again(struct fetch *fetch, struct transfer *transfer, const char *error)
{
    curl_off_t asked = 0;
    unsigned attempts = transfer->result.attempts;
    if (!is_worth_another(error) || attempts >= fetch->options.attempts)
        return false;
    uint64_t wait = fetch->options.backoff_ms << (attempts < 16 ? attempts - 1 : 15);
    fetch->curl->curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &asked);
    if (asked > LONGEST_WAIT_MS / 1000)
        return false;
    if (wait < (uint64_t)asked * 1000)
        wait = (uint64_t)asked * 1000;
    transfer->due_ms = now_ms() + (wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS);
    /* From the beginning: a redirect may lead elsewhere now. */
    weir__bytes_clear(&transfer->result.final_url);
    weir__bytes_add(&transfer->result.final_url, transfer->result.url.data,
                    transfer->result.url.count);
    transfer->redirects = 0;
    transfer->host = NULL;
    transfer->state = WAITING;
    fetch->failed = fetch->failed || !set_host(fetch, transfer);
    return true;
}

static void redirect(struct fetch *fetch, struct transfer *transfer, const char *to)
{
    if (transfer->redirects++ >= fetch->options.max_redirects) {
        finish(transfer, "too_many_redirects");
    } else if (!weir__url_resolve(NULL, to, strlen(to), &transfer->result.final_url)) {
        drop_body(transfer);
        finish(transfer, "forbidden_scheme");
    } else {
        transfer->state = WAITING;
        transfer->due_ms = 0;
        fetch->failed = fetch->failed || !set_host(fetch, transfer);
    }
}

static void end(struct fetch *fetch, struct transfer *transfer, CURLcode code)
{
    struct fetched *result = &transfer->result;
    const char *type = NULL, *to = NULL;
    char status[24];
    __typeof__(curl_easy_getinfo) *get = fetch->curl->curl_easy_getinfo;
    fetch->curl->curl_multi_remove_handle(fetch->multi, transfer->easy);
    fetch->active--;
    transfer->host->active--;
    fetch->failed = fetch->failed || result->body.failed;
    get(transfer->easy, CURLINFO_RESPONSE_CODE, &result->status);
    get(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
    get(transfer->easy, CURLINFO_REDIRECT_URL, &to);
    weir__bytes_clear(&result->type);
    weir__bytes_say(&result->type, type == NULL ? "" : type);
    if (code == CURLE_OK && to != NULL) {
        redirect(fetch, transfer, to);
        return;
    }
    const char *error = code != CURLE_OK && transfer->refused_for != NULL
                            ? transfer->refused_for
                            : word_of(fetch, transfer, code);
    if (code == CURLE_OK && result->status >= 400) {
        snprintf(status, sizeof(status), "http_%ld", result->status);
        error = status;
    }
    if (try_again(fetch, transfer, error))
        return;
    if (code != CURLE_OK)
        drop_body(transfer);
    finish(transfer, error);
}

int weir__fetch_run(struct fetch *fetch)
{
    while (!fetch->failed && at(fetch, 0)->state != DONE) {
        int running, left;
        uint64_t wait = begin_all(fetch, now_ms());
        if (fetch->curl->curl_multi_perform(fetch->multi, &running) != CURLM_OK)
            return WEIR_EOS;
        for (CURLMsg *message;
             (message = fetch->curl->curl_multi_info_read(fetch->multi, &left)) != NULL;) {
            struct transfer *transfer = NULL;
            CURLcode code = message->data.result;
            fetch->curl->curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
            end(fetch, transfer, code);
            wait = 0;
        }
        if (wait > 0)
            fetch->curl->curl_multi_poll(fetch->multi, NULL, 0, (int)wait, NULL);
    }
    return fetch->failed ? WEIR_EOS : 0;
}

/* ---- the window ---- */

bool weir__fetch_has_room(const struct fetch *fetch)
{
    return fetch->count < WINDOW && (fetch->held <= HELD_BYTES || fetch->count == 0);
}

int weir__fetch_add(struct fetch *fetch, const char *url, size_t n)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));
    if (transfer == NULL)
        return WEIR_EOS;
    fetch->transfer[(fetch->first + fetch->count++) % WINDOW] = transfer;
    transfer->fetch = fetch;
    if (!weir__url_resolve(NULL, url, n, &transfer->result.final_url)) {
        finish(transfer, "bad_url");
        return 0;
    }
    weir__bytes_add(&transfer->result.url, transfer->result.final_url.data,
                    transfer->result.final_url.count);
    return transfer->result.url.failed || !set_host(fetch, transfer) ? WEIR_EOS : 0;
}

const struct fetched *weir__fetch_oldest(const struct fetch *fetch)
{
    return fetch->count > 0 && at(fetch, 0)->state == DONE ? &at(fetch, 0)->result : NULL;
}

void weir__fetch_drop(struct fetch *fetch)
{
    struct transfer *transfer = at(fetch, 0);
    if (transfer->state == ACTIVE) {
        fetch->curl->curl_multi_remove_handle(fetch->multi, transfer->easy);
        transfer->host->active--;
        fetch->active--;
    }
    fetch->held -= transfer->result.body.count;
    fetch->curl->curl_easy_cleanup(transfer->easy);
    free(transfer->result.url.data);
    free(transfer->result.final_url.data);
    free(transfer->result.type.data);
    free(transfer->result.body.data);
    free(transfer);
    fetch->first = (fetch->first + 1) % WINDOW;
    fetch->count--;
}

void weir__fetch_begin(struct fetch *fetch)
{
    while (fetch->count > 0)
        weir__fetch_drop(fetch);
}

struct fetch *weir__fetch_open(const struct fetch_options *options)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));
    if (fetch == NULL)
        return NULL;
    fetch->options = *options;
    fetch->curl = weir__curl();
    fetch->multi = fetch->curl->curl_multi_init();
    if (fetch->multi == NULL) {
        free(fetch);
        return NULL;
    }
    fetch->curl->curl_multi_setopt(fetch->multi, CURLMOPT_MAXCONNECTS, (long)options->concurrency);
    return fetch;
}

void weir__fetch_close(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    weir__fetch_begin(fetch);
    for (size_t i = 0; i < HOSTS; i++)
        for (struct host *host = fetch->host[i], *next; host != NULL; host = next) {
            next = host->next;
            free(host);
        }
    fetch->curl->curl_multi_cleanup(fetch->multi);
    free(fetch);
}
