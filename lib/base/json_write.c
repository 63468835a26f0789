#include <weir/json_write.h>

#include <inttypes.h>
#include <string.h>

/* The bytes of the UTF-8 sequence that text begins with, by RFC 3629 section 4; 0 if it is none. */
static size_t sequence(const unsigned char *text)
{
    static const struct {
        unsigned char first, last, low, high; /* of the first byte, of the second */
        size_t length;
    } rows[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    if (text[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (text[0] < rows[i].first || text[0] > rows[i].last)
            continue;
        if (text[1] < rows[i].low || text[1] > rows[i].high)
            return 0;
        for (size_t n = 2; n < rows[i].length; n++) {
            if ((text[n] & 0xC0) != 0x80)
                return 0;
        }
        return rows[i].length;
    }
    return 0;
}

static void put_ascii(FILE *to, unsigned char c)
{
    static const char named[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *found = strchr(named, c);
    if (found != NULL)
        fprintf(to, "\\%c", letter[found - named]);
    else if (c < 0x20 || c == 0x7F)
        fprintf(to, "\\u%04x", c);
    else
        putc(c, to);
}

static void put_text(FILE *to, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    putc('"', to);
    while (*at != '\0') {
        size_t length = sequence(at);
        if (length == 1)
            put_ascii(to, *at);
        else if (length == 0)
            fputs("\\ufffd", to);
        else
            fwrite(at, 1, length, to);
        at += length == 0 ? 1 : length;
    }
    putc('"', to);
}

static void break_line(const struct weir_json_writer *json)
{
    if (json->indented)
        fprintf(json->to, "\n%*s", (int)json->depth * 2, "");
}

static void put_key(struct weir_json_writer *json, const char *key)
{
    if (json->inside)
        putc(',', json->to);
    if (json->depth > 0)
        break_line(json);
    json->inside = true;
    if (key == NULL)
        return;
    put_text(json->to, key);
    fputs(json->indented ? ": " : ":", json->to);
}

void weir_json_open(struct weir_json_writer *json, const char *key, char bracket)
{
    put_key(json, key);
    putc(bracket, json->to);
    json->depth++;
    json->inside = false;
}

void weir_json_close(struct weir_json_writer *json, char bracket)
{
    json->depth--;
    if (json->inside)
        break_line(json);
    putc(bracket, json->to);
    json->inside = true;
    if (json->depth == 0) {
        putc('\n', json->to);
        json->inside = false;
    }
}

void weir_json_text(struct weir_json_writer *json, const char *key, const char *value)
{
    put_key(json, key);
    if (value == NULL)
        fputs("null", json->to);
    else
        put_text(json->to, value);
}

void weir_json_number(struct weir_json_writer *json, const char *key, uint64_t value)
{
    put_key(json, key);
    fprintf(json->to, "%" PRIu64, value);
}

void weir_json_signed(struct weir_json_writer *json, const char *key, int64_t value)
{
    put_key(json, key);
    fprintf(json->to, "%" PRId64, value);
}

void weir_json_bool(struct weir_json_writer *json, const char *key, bool value)
{
    put_key(json, key);
    fputs(value ? "true" : "false", json->to);
}
