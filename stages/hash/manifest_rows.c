/* Records as rows of CSV and as objects of JSON. */
#include "hash/manifest.h"

#include <openssl/evp.h>
#include <string.h>

static bool add(struct manifest_line *line, const char *bytes, size_t n)
{
    if (!weir__manifest_line_reserve(line, n))
        return false;
    memcpy(line->bytes + line->used, bytes, n);
    line->used += n;
    return true;
}

/* ---- CSV ---- */

static bool wants_quotes(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strchr("\",\r\n", bytes[i]) != NULL && bytes[i] != '\0')
            return true;
    return n == 0; /* unquoted it would be null */
}

static bool add_field(struct manifest_line *line, const char *bytes, size_t n)
{
    if (!wants_quotes(bytes, n))
        return add(line, bytes, n);
    bool all = add(line, "\"", 1);
    for (size_t i = 0; i < n; i++)
        all = all && add(line, &bytes[i], 1) && (bytes[i] != '"' || add(line, "\"", 1));
    return all && add(line, "\"", 1);
}

bool weir__manifest_add_header(struct manifest_line *line, const struct weir_schema *schema)
{
    bool all = true;
    for (uint32_t c = 0; c < schema->columns; c++)
        all = all && (c == 0 || add(line, ",", 1)) &&
              add_field(line, schema->column[c].name, strlen(schema->column[c].name));
    return all && add(line, "\n", 1);
}

bool weir__manifest_add_row(struct manifest_line *line, const struct weir_batch *in,
                            uint32_t record)
{
    bool all = true;
    for (uint32_t c = 0; c < in->columns; c++) {
        struct weir_value value = weir_value(&in->column[c], record);
        all = all && (c == 0 || add(line, ",", 1)) &&
              (value.data == NULL || add_field(line, value.data, value.length));
    }
    return all && add(line, "\n", 1);
}

/* ---- JSON ---- */

/* The bytes of the character of UTF-8 that begins there; 0: there is none. */
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

static bool is_utf8(const struct weir_value *value)
{
    for (size_t i = 0, n; i < value->length; i += n)
        if ((n = character((const unsigned char *)value->data + i, value->length - i)) == 0)
            return false;
    return true;
}

static bool add_string(struct manifest_line *line, const char *bytes, size_t n)
{
    bool all = add(line, "\"", 1);
    for (size_t i = 0; all && i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        char escape[8];
        if (c == '"' || c == '\\')
            all = add(line, "\\", 1) && add(line, &bytes[i], 1);
        else if (c < ' ')
            all = add(line, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
        else
            all = add(line, &bytes[i], 1);
    }
    return all && add(line, "\"", 1);
}

static bool add_base64(struct manifest_line *line, const struct weir_value *value)
{
    if (!add(line, "\"", 1) ||
        !weir__manifest_line_reserve(line, 4 * ((size_t)value->length / 3 + 1) + 1))
        return false;
    line->used += (size_t)EVP_EncodeBlock((unsigned char *)line->bytes + line->used,
                                          (const unsigned char *)value->data, (int)value->length);
    return add(line, "\"", 1);
}

/* As JSON writes a number. */
static bool is_integer(const struct weir_value *value)
{
    const char *at = value->data, *end = at + value->length;
    at += at < end && *at == '-';
    if (at == end || (*at == '0' && end - at > 1))
        return false;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at == end;
}

static bool add_member(struct manifest_line *line, const struct weir_field *field,
                       const struct weir_value *value)
{
    bool text = value->data == NULL || is_utf8(value);
    if (!add_string(line, field->name, strlen(field->name)))
        return false;
    line->used -= !text; /* JSON knows text only: other bytes get a key of their own */
    if (!add(line, text ? ":" : "_base64\":", text ? 1 : 9))
        return false;
    if (value->data == NULL)
        return add(line, "null", 4);
    if (field->type == WEIR_INTEGER && is_integer(value))
        return add(line, value->data, value->length);
    return text ? add_string(line, value->data, value->length) : add_base64(line, value);
}

bool weir__manifest_add_object(struct manifest_line *line, const struct weir_schema *schema,
                               const struct weir_batch *in, uint32_t record)
{
    bool all = add(line, "{", 1);
    for (uint32_t c = 0; c < in->columns; c++) {
        struct weir_value value = weir_value(&in->column[c], record);
        all = all && (c == 0 || add(line, ",", 1)) && add_member(line, &schema->column[c], &value);
    }
    return all && add(line, "}\n", 2);
}
