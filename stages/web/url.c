#include "web/url.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <idn2.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the library ---- */

static struct {
    bool tried;
    __typeof__(idn2_lookup_u8) *lookup; /* NULL: it is not there */
    __typeof__(idn2_free) *free;
} library;

void weir__url_load(void)
{
    if (library.tried)
        return;
    library.tried = true;
    void *handle = dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return;
    library.free = (__typeof__(library.free))(uintptr_t)dlsym(handle, "idn2_free");
    if (library.free != NULL)
        library.lookup = (__typeof__(library.lookup))(uintptr_t)dlsym(handle, "idn2_lookup_u8");
}

/* ---- pieces of text ---- */

struct piece {
    const char *at, *end;
};

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static const char *find_any(struct piece piece, const char *characters)
{
    while (piece.at < piece.end && (*piece.at == '\0' || strchr(characters, *piece.at) == NULL))
        piece.at++;
    return piece.at;
}

static bool begins(struct piece piece, char c)
{
    return piece.at < piece.end && *piece.at == c;
}

static void trim(const char **text, size_t *n)
{
    while (*n > 0 && (unsigned char)**text <= ' ')
        ++*text, --*n;
    while (*n > 0 && (unsigned char)(*text)[*n - 1] <= ' ')
        --*n;
}

/* The bytes of the scheme, or 0. */
static size_t scheme_bytes(struct piece text)
{
    static const char *const others = "0123456789+-.";
    const char *at = text.at;
    for (; at < text.end && *at != ':'; at++) {
        char c = (char)(*at | 0x20);
        bool other = at > text.at && *at != '\0' && strchr(others, *at) != NULL;
        if (!(c >= 'a' && c <= 'z') && !other)
            return 0;
    }
    return at < text.end ? (size_t)(at - text.at) : 0;
}

static bool is_http(struct piece text, size_t scheme)
{
    return (scheme == 4 || scheme == 5) && strncasecmp(text.at, "https", scheme) == 0;
}

/* Without what browsers pass over. */
static struct piece clean(const char *text, size_t n, struct bytes *room)
{
    trim(&text, &n);
    weir__bytes_clear(room);
    for (size_t i = 0; i < n; i++)
        if (text[i] != '\t' && text[i] != '\n' && text[i] != '\r')
            weir__bytes_add(room, &text[i], 1);
    return (struct piece){room->data, room->data + room->count};
}

bool weir__url_is_foreign(const char *text, size_t n)
{
    struct bytes room = {0};
    struct piece url = clean(text, n, &room);
    size_t scheme = room.failed ? 0 : scheme_bytes(url);
    bool foreign = scheme > 0 && !is_http(url, scheme);
    free(room.data);
    return foreign;
}

/* ---- percent signs ---- */

/* What is encoded beside blanks, controls and what is not ASCII. */
static const char in_path[] = "\"#<>?`{}", in_query[] = "\"#<>'", in_fragment[] = "\"<>`",
                  in_user[] = "\"#<>?`{}/:;=@[\\]^|";

static void add_encoded(struct bytes *to, struct piece piece, const char *set)
{
    for (; piece.at < piece.end; piece.at++) {
        unsigned char c = (unsigned char)*piece.at;
        char escape[4];
        if (c > ' ' && c < 0x7f && strchr(set, c) == NULL) {
            weir__bytes_add(to, piece.at, 1);
            continue;
        }
        snprintf(escape, sizeof(escape), "%%%02X", c);
        weir__bytes_add(to, escape, 3);
    }
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 16;
}

static void add_decoded(struct bytes *to, struct piece piece)
{
    for (; piece.at < piece.end; piece.at++) {
        char c = *piece.at;
        if (c == '%' && piece.end - piece.at > 2 && digit_of(piece.at[1]) < 16 &&
            digit_of(piece.at[2]) < 16) {
            c = (char)(digit_of(piece.at[1]) << 4 | digit_of(piece.at[2]));
            piece.at += 2;
        }
        weir__bytes_add(to, &c, 1);
    }
}

/* ---- hosts ---- */

/* As the standard writes them, which is not quite as inet_ntop does. */
static bool add_ipv6(struct bytes *to, struct piece piece)
{
    char text[INET6_ADDRSTRLEN], group[8];
    unsigned char byte[16];
    size_t n = (size_t)(piece.end - piece.at);
    int begin = -1, length = 1; /* of the first longest run of zeros */
    if (n >= sizeof(text))
        return false;
    memcpy(text, piece.at, n);
    text[n] = '\0';
    if (strlen(text) != n || inet_pton(AF_INET6, text, byte) != 1)
        return false;
    for (int i = 0, zeros = 0; i < 8; i++) {
        zeros = byte[2 * i] == 0 && byte[2 * i + 1] == 0 ? zeros + 1 : 0;
        if (zeros > length)
            length = zeros, begin = i + 1 - zeros;
    }
    weir__bytes_say(to, "[");
    for (int i = 0; i < 8; i++) {
        if (i == begin) {
            weir__bytes_say(to, "::");
            i += length - 1;
            continue;
        }
        const char *colon = i == 0 || i == begin + length ? "" : ":";
        snprintf(group, sizeof(group), "%s%x", begin < 0 && i > 0 ? ":" : colon,
                 (unsigned)(byte[2 * i] << 8 | byte[2 * i + 1]));
        weir__bytes_say(to, group);
    }
    weir__bytes_say(to, "]");
    return true;
}

/* Decimal, octal (0...) or hexadecimal (0x...); UINT64_MAX if it is none, or large. */
static uint64_t ipv4_number(struct piece piece)
{
    int base = 10;
    uint64_t number = 0;
    if (piece.at == piece.end)
        return UINT64_MAX;
    if (piece.end - piece.at > 1 && piece.at[0] == '0') {
        base = (piece.at[1] | 0x20) == 'x' ? 16 : 8;
        piece.at += base == 16 ? 2 : 1;
    }
    for (; piece.at < piece.end; piece.at++) {
        if (digit_of(*piece.at) >= base)
            return UINT64_MAX;
        number = number * (unsigned)base + (unsigned)digit_of(*piece.at);
        if (number > UINT32_MAX)
            number = (uint64_t)UINT32_MAX + 1; /* stays so: base is at least 8 */
    }
    return number;
}

/* What ends in a number is meant to be one. */
static bool ends_in_number(struct piece host)
{
    const char *digit;
    if (host.end > host.at && host.end[-1] == '.')
        host.end--;
    struct piece last = {host.end, host.end};
    while (last.at > host.at && last.at[-1] != '.')
        last.at--;
    for (digit = last.at; digit < last.end && *digit >= '0' && *digit <= '9';)
        digit++;
    return last.at < last.end && (digit == last.end || ipv4_number(last) != UINT64_MAX);
}

static bool add_ipv4(struct bytes *to, struct piece host)
{
    uint64_t part[4], address = 0;
    int parts = 0;
    if (host.end[-1] == '.')
        host.end--;
    for (;;) {
        struct piece one = {host.at, find_any(host, ".")};
        if (parts == 4 || (part[parts++] = ipv4_number(one)) > UINT32_MAX)
            return false;
        if (one.end == host.end)
            break;
        host.at = one.end + 1;
    }
    for (int i = 0; i < parts; i++) {
        bool last = i == parts - 1;
        if (part[i] >> (last ? 8 * (5 - parts) : 8) != 0)
            return false;
        address |= last ? part[i] : part[i] << (24 - 8 * i);
    }
    char text[16];
    snprintf(text, sizeof(text), "%u.%u.%u.%u", (unsigned)(address >> 24),
             (unsigned)(address >> 16 & 0xff), (unsigned)(address >> 8 & 0xff),
             (unsigned)(address & 0xff));
    weir__bytes_say(to, text);
    return true;
}

/* Lower case, and in ASCII. */
static bool make_ascii(struct bytes *host)
{
    bool plain = true;
    for (size_t i = 0; i < host->count; i++) {
        char *c = &host->data[i];
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
        plain = plain && (unsigned char)*c < 0x80;
    }
    if (plain)
        return true;
    uint8_t *ascii = NULL;
    weir__url_load();
    if (library.lookup == NULL || strlen(host->data) != host->count ||
        library.lookup((uint8_t *)host->data, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
            IDN2_OK)
        return false;
    weir__bytes_clear(host);
    weir__bytes_say(host, (char *)ascii);
    library.free(ascii);
    return true;
}

static bool add_host(struct bytes *to, struct piece piece)
{
    static const char forbidden[] = " #/:<>?@[\\]^|%\x7f";
    if (begins(piece, '['))
        return piece.end[-1] == ']' && add_ipv6(to, (struct piece){piece.at + 1, piece.end - 1});
    struct bytes room = {0};
    weir__bytes_clear(&room);
    add_decoded(&room, piece);
    bool good = !room.failed && make_ascii(&room) && !room.failed && room.count > 0;
    for (size_t i = 0; good && i < room.count; i++)
        good = (unsigned char)room.data[i] > ' ' && strchr(forbidden, room.data[i]) == NULL;
    struct piece host = {room.data, room.data + room.count};
    if (good && ends_in_number(host))
        good = add_ipv4(to, host);
    else if (good)
        weir__bytes_add(to, room.data, room.count);
    free(room.data);
    return good;
}

/* ---- users, hosts and ports ---- */

static void add_user(struct bytes *to, struct piece user)
{
    struct piece name = {user.at, find_any(user, ":")};
    struct piece password = {name.end < user.end ? name.end + 1 : user.end, user.end};
    if (name.at == name.end && password.at == password.end)
        return;
    add_encoded(to, name, in_user);
    if (password.at < password.end)
        weir__bytes_say(to, ":");
    add_encoded(to, password, in_user);
    weir__bytes_say(to, "@");
}

static bool add_port(struct bytes *to, struct piece digits, bool secure)
{
    unsigned port = 0;
    char text[8];
    for (const char *c = digits.at; c < digits.end; c++) {
        if (*c < '0' || *c > '9' || (port = 10 * port + (unsigned)(*c - '0')) > 65535)
            return false;
    }
    if (digits.at == digits.end || port == (secure ? 443 : 80))
        return true;
    snprintf(text, sizeof(text), ":%u", port);
    weir__bytes_say(to, text);
    return true;
}

static bool add_authority(struct bytes *to, struct piece authority, bool secure)
{
    const char *at = memrchr(authority.at, '@', (size_t)(authority.end - authority.at));
    struct piece host = {at == NULL ? authority.at : at + 1, authority.end};
    if (at != NULL)
        add_user(to, (struct piece){authority.at, at});
    const char *inside = begins(host, '[') ? find_any(host, "]") : host.at;
    struct piece name = {host.at, find_any((struct piece){inside, host.end}, ":")};
    struct piece port = {name.end < host.end ? name.end + 1 : host.end, host.end};
    return name.at < name.end && add_host(to, name) && add_port(to, port, secure);
}

/* ---- paths ---- */

/* 1 for ".", 2 for "..", however they are written; else 0. */
static int dots(struct piece segment)
{
    int n = 0;
    while (segment.at < segment.end) {
        size_t left = (size_t)(segment.end - segment.at);
        size_t bytes = *segment.at == '.'                                    ? 1
                       : left >= 3 && strncasecmp(segment.at, "%2e", 3) == 0 ? 3
                                                                             : 0;
        if (bytes == 0 || ++n > 2)
            return 0;
        segment.at += bytes;
    }
    return n;
}

static void drop_segment(struct bytes *to, size_t start)
{
    while (to->count > start && to->data[to->count - 1] != '/')
        weir__bytes_cut(to, to->count - 1);
    if (to->count > start)
        weir__bytes_cut(to, to->count - 1);
}

/* `to` holds segments from start on, each behind a slash, and `path` begins behind the next slash. */
static void add_path(struct bytes *to, size_t start, struct piece path)
{
    for (;;) {
        struct piece segment = {path.at, find_any(path, "/\\")};
        bool last = segment.end == path.end;
        int special = dots(segment);
        if (special == 2)
            drop_segment(to, start);
        if (special == 0 || last)
            weir__bytes_say(to, "/");
        if (special == 0)
            add_encoded(to, segment, in_path);
        if (last)
            return;
        path.at = segment.end + 1;
    }
}

/* ---- the whole ---- */

static void add_query_and_fragment(struct bytes *to, struct piece rest)
{
    if (begins(rest, '?')) {
        struct piece query = {rest.at + 1, find_any(rest, "#")};
        weir__bytes_say(to, "?");
        add_encoded(to, query, in_query);
        rest.at = query.end;
    }
    if (begins(rest, '#')) {
        weir__bytes_say(to, "#");
        add_encoded(to, (struct piece){rest.at + 1, rest.end}, in_fragment);
    }
}

static void add(struct bytes *to, const char *from, const char *end)
{
    weir__bytes_add(to, from, (size_t)(end - from));
}

static bool resolve_absolute(struct piece rest, bool secure, struct bytes *to)
{
    while (rest.at < rest.end && is_slash(*rest.at))
        rest.at++;
    struct piece authority = {rest.at, find_any(rest, "/\\?#")};
    struct piece path = {authority.end, find_any(rest, "?#")};
    weir__bytes_say(to, secure ? "https://" : "http://");
    if (!add_authority(to, authority, secure))
        return false;
    path.at += path.at < path.end;
    add_path(to, to->count, path);
    add_query_and_fragment(to, (struct piece){path.end, rest.end});
    return true;
}

static bool resolve_relative(const char *base, struct piece rest, struct bytes *to)
{
    struct piece whole = {base, base + strlen(base)};
    bool secure = base[4] == 's';
    const char *host = base + (secure ? strlen("https://") : strlen("http://"));
    const char *path = find_any((struct piece){host, whole.end}, "/");
    const char *query = find_any((struct piece){path, whole.end}, "?#");
    const char *fragment = find_any((struct piece){query, whole.end}, "#");
    if (rest.end - rest.at > 1 && is_slash(rest.at[0]) && is_slash(rest.at[1]))
        return resolve_absolute(rest, secure, to);
    struct piece given = {rest.at, find_any(rest, "?#")};
    if (given.at == given.end) {
        add(to, base, begins(rest, '?') ? query : fragment);
    } else if (is_slash(*given.at)) {
        add(to, base, path);
        add_path(to, to->count, (struct piece){given.at + 1, given.end});
    } else {
        add(to, base, query);
        drop_segment(to, (size_t)(path - base));
        add_path(to, (size_t)(path - base), given);
    }
    add_query_and_fragment(to, (struct piece){given.end, rest.end});
    return true;
}

bool weir__url_resolve(const char *base, const char *text, size_t n, struct bytes *to)
{
    struct bytes room = {0};
    struct piece url = clean(text, n, &room);
    size_t scheme = room.failed ? 0 : scheme_bytes(url);
    bool secure = scheme == 5, good = false;
    struct piece rest = {url.at + scheme + (scheme > 0), url.end};
    weir__bytes_clear(to);
    if (room.failed || (scheme == 0 && base == NULL) || (scheme > 0 && !is_http(url, scheme)))
        goto out;
    /* "http:b" is relative on a page of http, but for "http://b". */
    bool relative =
        scheme == 0 || (base != NULL && secure == (base[4] == 's') &&
                        !(begins(rest, '/') && rest.end - rest.at > 1 && rest.at[1] == '/'));
    good = relative ? resolve_relative(base, rest, to) : resolve_absolute(rest, secure, to);
out:
    good = good && !to->failed;
    if (!good)
        weir__bytes_clear(to);
    free(room.data);
    return good;
}
