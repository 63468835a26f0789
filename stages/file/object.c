#include "file/object.h"

#include <stdio.h>
#include <string.h>

#include <weir/expr.h>

/* Where so many bytes may be written; NULL when memory ran out. */
static char *reserve(struct line *line, size_t more)
{
    return weir__line_reserve(line, more) ? line->bytes + line->used : NULL;
}

/* ---- strings ---- */

static bool wants_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static size_t put_escape(char *to, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", by[] = "\"\\bfnrt";
    const char *known = c == '\0' ? NULL : strchr(from, c);
    if (known == NULL)
        return (size_t)sprintf(to, "\\u%04x", c);
    to[0] = '\\';
    to[1] = by[known - from];
    return 2;
}

static bool add_string(struct line *line, const char *text, size_t n)
{
    char *begin = reserve(line, 6 * n + 3), *to = begin;
    if (begin == NULL)
        return false;
    *to++ = '"';
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (wants_escape(c))
            to += put_escape(to, c);
        else
            *to++ = (char)c;
    }
    *to++ = '"';
    line->used += (size_t)(to - begin);
    return true;
}

/* ---- bytes that are no text ---- */

static bool is_ascii(const char *text, size_t n)
{
    unsigned char all = 0;
    for (size_t i = 0; i < n; i++)
        all |= (unsigned char)text[i];
    return all < 0x80;
}

/* As the Unicode Standard has it (table 3-7): no surrogates, and nothing longer than need be. */
static size_t character(const unsigned char *at, size_t n)
{
    static const struct {
        unsigned char low, high, second_low, second_high;
        size_t bytes;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        if (at[0] < forms[f].low || at[0] > forms[f].high)
            continue;
        if (forms[f].bytes > n)
            return 0;
        if (forms[f].bytes > 1 && (at[1] < forms[f].second_low || at[1] > forms[f].second_high))
            return 0;
        for (size_t i = 2; i < forms[f].bytes; i++)
            if ((at[i] & 0xc0) != 0x80)
                return 0;
        return forms[f].bytes;
    }
    return 0;
}

static bool is_utf8(const char *text, size_t n)
{
    if (is_ascii(text, n))
        return true;
    for (size_t i = 0, bytes; i < n; i += bytes)
        if ((bytes = character((const unsigned char *)text + i, n - i)) == 0)
            return false;
    return true;
}

static bool add_base64(struct line *line, const char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *begin = reserve(line, 4 * (n / 3 + 1) + 2), *to = begin;
    if (begin == NULL)
        return false;
    *to++ = '"';
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        unsigned char three[3] = {0};
        memcpy(three, bytes + i, have);
        uint32_t bits = (uint32_t)three[0] << 16 | (uint32_t)three[1] << 8 | three[2];
        for (size_t k = 0; k < 4; k++)
            *to++ = k <= have ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    *to++ = '"';
    line->used += (size_t)(to - begin);
    return true;
}

/* ---- values ---- */

/* JSON text on one line: between its values a line end may stand as well as a space. */
static bool add_json(struct line *line, const char *text, size_t n)
{
    size_t at = line->used;
    if (!weir__line_add(line, text, n))
        return false;
    for (; at < line->used; at++)
        if (line->bytes[at] == '\n' || line->bytes[at] == '\r')
            line->bytes[at] = ' ';
    return true;
}

static bool stands_bare(enum weir_type type, const char *text, size_t n)
{
    switch (type) {
    case WEIR_INTEGER:
    case WEIR_DECIMAL:
    case WEIR_DOUBLE: return n > 0 && strchr("-0123456789", text[0]) && weir_json_check(text, n);
    case WEIR_BOOLEAN:
        return (n == 4 && memcmp(text, "true", 4) == 0) ||
               (n == 5 && memcmp(text, "false", 5) == 0);
    case WEIR_JSON: return weir_json_check(text, n);
    default: return false;
    }
}

static bool add_member(struct line *line, const struct weir_field *field,
                       const struct weir_value *value)
{
    bool text = value->data == NULL || is_utf8(value->data, value->length);
    if (!add_string(line, field->name, strlen(field->name)))
        return false;
    line->used -= !text; /* the quote */
    if (!weir__line_add(line, text ? ":" : "_base64\":", text ? 1 : 9))
        return false;
    if (value->data == NULL)
        return weir__line_add(line, "null", 4);
    if (!text)
        return add_base64(line, value->data, value->length);
    return stands_bare(field->type, value->data, value->length)
               ? add_json(line, value->data, value->length)
               : add_string(line, value->data, value->length);
}

bool weir__object_add(struct line *line, const struct weir_schema *schema,
                      const struct weir_batch *in, uint32_t record)
{
    bool all = weir__line_add(line, "{", 1);
    for (uint32_t c = 0; all && c < in->columns; c++) {
        struct weir_value value = weir_value(&in->column[c], record);
        all = (c == 0 || weir__line_add(line, ",", 1)) &&
              add_member(line, &schema->column[c], &value);
    }
    return all && weir__line_add(line, "}\n", 2);
}
