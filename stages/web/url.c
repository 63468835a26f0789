#include "web/url.h"

#include <string.h>
#include <strings.h>

#include "web/curl.h"

/* The bytes of the scheme, or 0. */
static size_t scheme_bytes(const char *text, size_t n)
{
    static const char *const others = "0123456789+-.";
    size_t i = 0;
    for (; i < n && text[i] != ':'; i++) {
        char c = (char)(text[i] | 0x20);
        bool other = i > 0 && memchr(others, text[i], strlen(others)) != NULL;
        if (!(c >= 'a' && c <= 'z') && !other)
            return 0;
    }
    return i < n ? i : 0;
}

static void trim(const char **text, size_t *n)
{
    while (*n > 0 && (unsigned char)**text <= ' ')
        ++*text, --*n;
    while (*n > 0 && (unsigned char)(*text)[*n - 1] <= ' ')
        --*n;
}

static bool is_http(const char *text, size_t scheme)
{
    return (scheme == 4 || scheme == 5) && strncasecmp(text, "https", scheme) == 0;
}

bool weir__url_is_foreign(const char *text, size_t n)
{
    trim(&text, &n);
    size_t scheme = scheme_bytes(text, n);
    return scheme > 0 && !is_http(text, scheme);
}

/* As browsers take it: no tabs and line ends, and slashes where backslashes stand. */
static void add_cleaned(struct bytes *to, const char *text, size_t n)
{
    bool path = true;
    for (size_t i = 0; i < n; i++) {
        path = path && text[i] != '?' && text[i] != '#';
        if (text[i] != '\t' && text[i] != '\n' && text[i] != '\r')
            weir__bytes_add(to, path && text[i] == '\\' ? "/" : &text[i], 1);
    }
}

static bool set_url(const struct curl_library *curl, CURLU *url, const char *base, const char *text)
{
    if (base != NULL && curl->curl_url_set(url, CURLUPART_URL, base, 0) != CURLUE_OK)
        return false;
    if (*text == '\0')
        return base != NULL && curl->curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK;
    if (base != NULL && *text == '#')
        return curl->curl_url_set(url, CURLUPART_FRAGMENT, text + 1, CURLU_URLENCODE) == CURLUE_OK;
    return curl->curl_url_set(url, CURLUPART_URL, text, CURLU_URLENCODE) == CURLUE_OK;
}

/* libcurl 7.88 leaves the host as it is written. */
static bool lower_host(const struct curl_library *curl, CURLU *url)
{
    char *host = NULL;
    if (curl->curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return false;
    for (char *c = host; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    bool set = curl->curl_url_set(url, CURLUPART_HOST, host, 0) == CURLUE_OK;
    curl->curl_free(host);
    return set;
}

bool weir__url_resolve(const char *base, const char *text, size_t n, struct bytes *to)
{
    const struct curl_library *curl = weir__curl();
    CURLU *url = curl->curl_url();
    char *whole = NULL;
    weir__bytes_clear(to);
    trim(&text, &n);
    if (url == NULL || memchr(text, '\0', n) != NULL ||
        (base == NULL && !is_http(text, scheme_bytes(text, n)))) {
        curl->curl_url_cleanup(url);
        return false;
    }
    add_cleaned(to, text, n);
    bool good = !to->failed && set_url(curl, url, base, to->data) && lower_host(curl, url) &&
                curl->curl_url_get(url, CURLUPART_URL, &whole, CURLU_NO_DEFAULT_PORT) == CURLUE_OK;
    good = good && is_http(whole, scheme_bytes(whole, strlen(whole)));
    weir__bytes_clear(to);
    if (good)
        weir__bytes_say(to, whole);
    curl->curl_free(whole);
    curl->curl_url_cleanup(url);
    return good;
}
