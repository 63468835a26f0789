#include "file/decode.h"

#include <string.h>

#include "file/windows1252.h"

/* ---- guessing ---- */

/* Whether the text is UTF-8, but for a last character that may be cut. */
static bool is_utf8(const unsigned char *at, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t more = at[i] < 0x80 ? 0 : at[i] < 0xc2 ? 4 : at[i] < 0xe0 ? 1 : at[i] < 0xf0 ? 2 : 3;
        if (more == 4 || at[i] > 0xf4)
            return false;
        for (size_t k = 1; k <= more && i + k < n; k++)
            if ((at[i + k] & 0xc0) != 0x80)
                return false;
        i += more + 1;
    }
    return true;
}

enum encoding weir__decode_guess(const char *bytes, size_t n)
{
    if (n >= 2 && memcmp(bytes, "\xff\xfe", 2) == 0)
        return ENCODING_UTF16LE;
    if (n >= 2 && memcmp(bytes, "\xfe\xff", 2) == 0)
        return ENCODING_UTF16BE;
    return is_utf8((const unsigned char *)bytes, n) ? ENCODING_UTF8 : ENCODING_WINDOWS1252;
}

/* ---- characters ---- */

static char *put(char *to, uint32_t point)
{
    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xc0 | point >> 6);
        *to++ = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        *to++ = (char)(0xe0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
        *to++ = (char)(0x80 | (point & 0x3f));
    } else {
        *to++ = (char)(0xf0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 0x3f));
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
        *to++ = (char)(0x80 | (point & 0x3f));
    }
    return to;
}

const uint16_t weir__windows1252[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

static uint32_t unit(const unsigned char *at, bool big)
{
    return big ? (uint32_t)at[0] << 8 | at[1] : (uint32_t)at[1] << 8 | at[0];
}

/* The character at `at` and how many bytes it has; 0: more bytes are wanted, -1: it is none. */
static int utf16_character(const unsigned char *at, size_t n, bool big, uint32_t *ret)
{
    if (n < 2)
        return 0;
    uint32_t first = *ret = unit(at, big);
    if (first < 0xd800 || first > 0xdfff)
        return 2;
    if (first > 0xdbff)
        return -1;
    if (n < 4)
        return 0;
    uint32_t second = unit(at + 2, big);
    if (second < 0xdc00 || second > 0xdfff)
        return -1;
    *ret = 0x10000 + ((first - 0xd800) << 10 | (second - 0xdc00));
    return 4;
}

static int character(enum encoding encoding, const unsigned char *at, size_t n, uint32_t *ret)
{
    if (encoding == ENCODING_UTF16LE || encoding == ENCODING_UTF16BE)
        return utf16_character(at, n, encoding == ENCODING_UTF16BE, ret);
    bool special = encoding == ENCODING_WINDOWS1252 && *at >= 0x80 && *at < 0xa0;
    *ret = special ? weir__windows1252[*at - 0x80] : *at;
    return 1;
}

/* ---- pieces ---- */

static void settle(struct decode *decode, const char *bytes, size_t n)
{
    if (decode->encoding == ENCODING_AUTO)
        decode->encoding = weir__decode_guess(bytes, n);
    if (decode->encoding == ENCODING_UTF16) {
        enum encoding marked = weir__decode_guess(bytes, n < 2 ? n : 2);
        decode->encoding = marked == ENCODING_UTF16BE ? marked : ENCODING_UTF16LE;
    }
}

long weir__decode(struct decode *decode, const char *from, size_t n, bool ended, size_t *used,
                  char *to, size_t room)
{
    const unsigned char *at = (const unsigned char *)from;
    char *begin = to, *end = to + room;
    settle(decode, from, n);
    if (decode->encoding == ENCODING_UTF8) {
        size_t bytes = n - *used < room ? n - *used : room;
        memcpy(to, from + *used, bytes);
        *used += bytes;
        decode->offset += bytes;
        return (long)bytes;
    }
    while (*used < n && end - to >= DECODE_MOST) {
        uint32_t point;
        int bytes = character(decode->encoding, at + *used, n - *used, &point);
        if (bytes < 0 || (bytes == 0 && ended))
            return -1;
        if (bytes == 0)
            break;
        bool mark = point == 0xfeff && decode->offset == 0;
        to = mark ? to : put(to, point);
        *used += (size_t)bytes;
        decode->offset += (size_t)bytes;
    }
    return to - begin;
}
