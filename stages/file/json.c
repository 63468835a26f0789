#include "file/json.h"

#include <string.h>
#include <strings.h>

#include <weir/json.h>

#include "file/utf8.h"

static char *put_bytes(char *to, const char *from, size_t n)
{
    memcpy(to, from, n);
    return to + n;
}

/* ---- strings ---- */

static char *put_unit(char *to, unsigned unit)
{
    static const char digits[] = "0123456789abcdef";
    *to++ = '\\';
    *to++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4)
        *to++ = digits[unit >> shift & 15];
    return to;
}

static char *put_escaped(char *to, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", by[] = "\"\\bfnrt";
    const char *found = memchr(from, c, sizeof(from) - 1);
    if (found == NULL)
        return put_unit(to, c < 0x20 ? c : 0xdc00u + c);
    *to++ = '\\';
    *to++ = by[found - from];
    return to;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

char *weir__json_put_string(char *to, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    *to++ = '"';
    while (length > 0) {
        size_t n = 0;
        while (n < length && is_plain(at[n]))
            n++;
        if (n == 0 && at[0] >= 0x80)
            n = weir__text_character((const char *)at, length);
        memcpy(to, at, n);
        to += n;
        if (n == 0) {
            to = put_escaped(to, at[0]);
            n = 1;
        }
        at += n;
        length -= n;
    }
    *to++ = '"';
    return to;
}

char *weir__json_put_json(char *to, const char *text, size_t length)
{
    if (!weir_json_is_valid((struct weir_value){text, (uint32_t)length}))
        return NULL;
    for (size_t n; length > 0; text += n, length -= n) {
        n = weir__text_character(text, length);
        if (n == 0)
            to = put_escaped(to, (unsigned char)*text);
        else if (*text == '\n' || *text == '\r')
            *to++ = ' ';
        else
            to = put_bytes(to, text, n);
        n += n == 0;
    }
    return to;
}

/* ---- numbers ---- */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t count_digits(const char *at, const char *end)
{
    size_t n = 0;
    while (at + n < end && at[n] >= '0' && at[n] <= '9')
        n++;
    return n;
}

/* The exponent at `at`, which must end the text. */
static char *put_exponent(char *to, const char *at, const char *end)
{
    const char *digits = at + 1;
    digits += digits < end && (*digits == '+' || *digits == '-');
    size_t n = count_digits(digits, end);
    return n > 0 && digits + n == end ? put_bytes(to, at, (size_t)(end - at)) : NULL;
}

char *weir__json_put_number(char *to, const char *text, size_t length)
{
    const char *at = text, *end = text + length;
    while (at < end && is_blank(*at))
        at++;
    while (at < end && is_blank(end[-1]))
        end--;
    if (at < end && *at == '-')
        *to++ = '-';
    at += at < end && (*at == '-' || *at == '+');
    size_t whole = count_digits(at, end), decimals = 0;
    const char *point = at + whole;
    const char *rest = point;
    if (point < end && *point == '.') {
        decimals = count_digits(point + 1, end);
        rest = point + 1 + decimals;
    }
    if (whole + decimals == 0)
        return NULL;
    for (; whole > 1 && *at == '0'; whole--)
        at++;
    to = whole > 0 ? put_bytes(to, at, whole) : put_bytes(to, "0", 1);
    if (decimals > 0)
        to = put_bytes(to, point, decimals + 1);
    if (rest < end && (*rest == 'e' || *rest == 'E'))
        return put_exponent(to, rest, end);
    return rest == end ? to : NULL;
}

/* ---- truths ---- */

static bool is_one_of(const char *text, size_t length, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strlen(*words) == length && strncasecmp(text, *words, length) == 0)
            return true;
    return false;
}

char *weir__json_put_truth(char *to, const char *text, size_t length)
{
    static const char *const yes[] = {"true", "t", "yes", "on", "1", NULL};
    static const char *const no[] = {"false", "f", "no", "off", "0", NULL};
    if (is_one_of(text, length, yes))
        return put_bytes(to, "true", 4);
    return is_one_of(text, length, no) ? put_bytes(to, "false", 5) : NULL;
}
