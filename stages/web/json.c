#include "web/json.h"

#include <string.h>

enum { DEPTH = 128 };

struct json {
    const char *at, *end;
    int depth;
};

static void skip_blanks(struct json *json)
{
    while (json->at < json->end && memchr(" \t\n\r", *json->at, 4) != NULL)
        json->at++;
}

static bool take(struct json *json, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(json->end - json->at) < n || memcmp(json->at, text, n) != 0)
        return false;
    json->at += n;
    return true;
}

static bool is_digit(const struct json *json)
{
    return json->at < json->end && *json->at >= '0' && *json->at <= '9';
}

static bool take_digits(struct json *json)
{
    const char *begin = json->at;
    while (is_digit(json))
        json->at++;
    return json->at > begin;
}

static bool take_number(struct json *json)
{
    take(json, "-");
    if (!take(json, "0") && !take_digits(json))
        return false;
    if (take(json, ".") && !take_digits(json))
        return false;
    if (!take(json, "e") && !take(json, "E"))
        return true;
    if (!take(json, "+"))
        take(json, "-");
    return take_digits(json);
}

static bool take_escape(struct json *json)
{
    if (!take(json, "u"))
        return json->at < json->end && memchr("\"\\/bfnrt", *json->at++, 8) != NULL;
    for (int i = 0; i < 4; i++, json->at++)
        if (json->at == json->end || memchr("0123456789abcdefABCDEF", *json->at, 22) == NULL)
            return false;
    return true;
}

static bool take_string(struct json *json)
{
    if (!take(json, "\""))
        return false;
    while (json->at < json->end && *json->at != '"') {
        if ((unsigned char)*json->at < ' ')
            return false;
        if (!take(json, "\\"))
            json->at++;
        else if (!take_escape(json))
            return false;
    }
    return take(json, "\"");
}

static bool take_value(struct json *json);

/* Behind the opening bracket. */
static bool take_members(struct json *json, bool keys, const char *end)
{
    skip_blanks(json);
    if (take(json, end))
        return true;
    do {
        skip_blanks(json);
        if (keys) {
            if (!take_string(json))
                return false;
            skip_blanks(json);
            if (!take(json, ":"))
                return false;
        }
        if (!take_value(json))
            return false;
    } while (take(json, ","));
    return take(json, end);
}

static bool take_value(struct json *json)
{
    skip_blanks(json);
    bool taken;
    if (++json->depth > DEPTH)
        return false;
    if (take(json, "{"))
        taken = take_members(json, true, "}");
    else if (take(json, "["))
        taken = take_members(json, false, "]");
    else
        taken = take(json, "true") || take(json, "false") || take(json, "null") ||
                take_string(json) || take_number(json);
    json->depth--;
    skip_blanks(json);
    return taken;
}

bool weir__json_is_valid(const char *text, size_t n)
{
    struct json json = {text, text + n, 0};
    return take_value(&json) && json.at == json.end;
}
