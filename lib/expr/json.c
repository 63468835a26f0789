/*
 * JSON (RFC 8259) is looked through where it stands: what is found is a piece of the text, so that
 * a number keeps all its digits, which no library that makes values of them promises.
 */
#include "expr/json.h"

#include <string.h>

#include <weir/json.h>

#include "expr/json_path.h"

#define DEPTH_LIMIT 500
#define NO_VALUE    ((struct text){NULL, 0})

#define BYTE_FIRST 0xDC80 /* a byte that is not part of a character, from 0x80 on */
#define BYTE_LAST  0xDCFF

/* What is left of a text. at is NULL once it has turned out to be no JSON. */
struct json {
    const char *at, *end;
    int depth;
};

/* ---- passing over values ---- */

static void skip_blanks(struct json *j)
{
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\t' || *j->at == '\n' || *j->at == '\r'))
        j->at++;
}

/* The next character behind blanks, or NUL. */
static char peek(struct json *j)
{
    if (j->at != NULL)
        skip_blanks(j);
    return j->at != NULL && j->at < j->end ? *j->at : '\0';
}

static bool take(struct json *j, char c)
{
    if (peek(j) != c || j->at == NULL || j->at == j->end)
        return false;
    j->at++;
    return true;
}

static void fail(struct json *j)
{
    j->at = NULL;
}

static void skip_word(struct json *j, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(j->end - j->at) >= n && memcmp(j->at, word, n) == 0)
        j->at += n;
    else
        fail(j);
}

static bool skip_digits(struct json *j)
{
    const char *begin = j->at;
    while (j->at < j->end && *j->at >= '0' && *j->at <= '9')
        j->at++;
    return j->at > begin;
}

static bool next_is(const struct json *j, char a, char b)
{
    return j->at < j->end && (*j->at == a || *j->at == b);
}

static void skip_number(struct json *j)
{
    j->at += next_is(j, '-', '-');
    bool zero = next_is(j, '0', '0');
    const char *begin = j->at;
    bool ok = skip_digits(j) && (!zero || j->at == begin + 1);
    if (ok && next_is(j, '.', '.')) {
        j->at++;
        ok = skip_digits(j);
    }
    if (ok && next_is(j, 'e', 'E')) {
        j->at++;
        j->at += next_is(j, '+', '-');
        ok = skip_digits(j);
    }
    if (!ok)
        fail(j);
}

/* Four hexadecimal digits; -1 if they are none. */
static int read_unit(const char *at, const char *end)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = at + i < end ? at[i] : '\0';
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (digit < 0 || digit > 15 || (digit > 9 && (c | 0x20) < 'a'))
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* The code point behind \u, which is moved to its end, or what stands for a byte; -1: neither. */
static int32_t read_point(const char **at, const char *end)
{
    int first = read_unit(*at, end);
    *at += 4;
    if (first < 0xD800 || first > 0xDFFF || (first >= BYTE_FIRST && first <= BYTE_LAST))
        return first;
    if (first > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return -1;
    int second = read_unit(*at + 2, end);
    *at += 6;
    return second < 0xDC00 || second > 0xDFFF
               ? -1
               : 0x10000 + ((first - 0xD800) << 10) + second - 0xDC00;
}

static void skip_escape(struct json *j)
{
    char c = j->at < j->end ? *j->at++ : '\0';
    if (c == 'u' ? read_point(&j->at, j->end) < 0 : c == '\0' || strchr("\"\\/bfnrt", c) == NULL)
        fail(j);
}

/* The text between the quotes, as it is written; it begins at one. */
static struct text take_string(struct json *j)
{
    const char *begin = ++j->at;
    while (j->at != NULL && j->at < j->end && *j->at != '"') {
        unsigned char c = (unsigned char)*j->at++;
        if (c == '\\')
            skip_escape(j);
        else if (c < 0x20)
            fail(j);
    }
    if (j->at == NULL || j->at == j->end) {
        fail(j);
        return NO_VALUE;
    }
    return (struct text){begin, (uint32_t)(j->at++ - begin)};
}

static void skip_value(struct json *j);

/* What follows a member: true if there is another one. */
static bool another(struct json *j, char close)
{
    if (take(j, ','))
        return true;
    if (!take(j, close))
        fail(j);
    return false;
}

/* The key of a member, and the colon. */
static struct text take_key(struct json *j)
{
    struct text key = NO_VALUE;
    if (peek(j) == '"')
        key = take_string(j);
    if (key.data == NULL || !take(j, ':'))
        fail(j);
    return key;
}

static void skip_members(struct json *j, char close)
{
    if (++j->depth > DEPTH_LIMIT) {
        fail(j);
        return;
    }
    j->at++;
    if (!take(j, close))
        do {
            if (close == '}')
                take_key(j);
            skip_value(j);
        } while (j->at != NULL && another(j, close));
    j->depth--;
}

static void skip_value(struct json *j)
{
    switch (peek(j)) {
    case '{': skip_members(j, '}'); break;
    case '[': skip_members(j, ']'); break;
    case '"': take_string(j); break;
    case 't': skip_word(j, "true"); break;
    case 'f': skip_word(j, "false"); break;
    case 'n': skip_word(j, "null"); break;
    case '\0': fail(j); break;
    default: skip_number(j); break;
    }
}

bool weir__json_is_valid(struct text x)
{
    struct json j = {x.data, x.data + x.length, 0};
    skip_value(&j);
    return peek(&j) == '\0' && j.at == j.end;
}

/* ---- strings ---- */

static uint32_t put_point(uint32_t point, char *to)
{
    if (point < BYTE_FIRST || point > BYTE_LAST)
        return weir__utf8_encode(point, to);
    *to = (char)(point - BYTE_FIRST + 0x80);
    return 1;
}

uint32_t weir__json_unescape(struct text x, char *to)
{
    static const char from[] = "\"\\/bfnrt", by[] = "\"\\/\b\f\n\r\t";
    char *out = to;
    for (const char *at = x.data, *end = x.data + x.length; at < end;) {
        char c = *at++;
        if (c == '\\' && *at == 'u') {
            at++;
            out += put_point((uint32_t)read_point(&at, end), out);
        } else {
            *out++ = c == '\\' ? by[strchr(from, *at++) - from] : c;
        }
    }
    return (uint32_t)(out - to);
}

/* Whether the string, as it is written, is that key. */
static bool is_key(struct text string, struct text key)
{
    struct text rest = key;
    char character[UTF8_BYTES_MAX];
    if (memchr(string.data, '\\', string.length) == NULL)
        return string.length == key.length && memcmp(string.data, key.data, key.length) == 0;
    while (string.length > 0) {
        const char *at = string.data + (string.data[0] == '\\' ? 2 : 1);
        if (string.data[0] == '\\' && string.data[1] == 'u')
            read_point(&at, string.data + string.length);
        uint32_t written = (uint32_t)(at - string.data);
        uint32_t n = weir__json_unescape((struct text){string.data, written}, character);
        if (rest.length < n || memcmp(rest.data, character, n) != 0)
            return false;
        rest = (struct text){rest.data + n, rest.length - n};
        string = (struct text){at, string.length - written};
    }
    return rest.length == 0;
}

/* ---- the way to a value ---- */

/* Goes to the member; false if there is none. */
static bool go_to_key(struct json *j, struct text key)
{
    if (!take(j, '{') || take(j, '}'))
        return false;
    do {
        if (is_key(take_key(j), key))
            return true;
        skip_value(j);
    } while (another(j, '}'));
    return false;
}

static bool go_to_place(struct json *j, int64_t place)
{
    if (!take(j, '[') || take(j, ']'))
        return false;
    for (; place > 0; place--) {
        skip_value(j);
        if (!another(j, ']'))
            return false;
    }
    return place == 0;
}

/* How many elements the array has; -1 if it is none. */
static int64_t count_elements(struct json j)
{
    int64_t count = 0;
    if (!take(&j, '['))
        return -1;
    if (take(&j, ']'))
        return 0;
    do {
        skip_value(&j);
        count++;
    } while (another(&j, ']'));
    return count;
}

static bool go(struct json *j, const struct json_step *step)
{
    char kind = peek(j);
    if (kind == '{' && step->has_key)
        return go_to_key(j, step->key);
    if (kind == '[' && step->has_place)
        return go_to_place(j, step->from_end ? count_elements(*j) - step->place : step->place);
    return false;
}

bool weir__json_find(struct text x, struct text path, struct text *ret)
{
    struct json j = {x.data, x.data + x.length, 0};
    struct json_step step;
    for (uint32_t at = 0; weir__json_step(path, &at, &step);)
        if (!go(&j, &step))
            return false;
    peek(&j);
    const char *begin = j.at;
    skip_value(&j);
    *ret = (struct text){begin, (uint32_t)(j.at - begin)};
    return true;
}

bool weir__json_next(struct text array, uint32_t *at, struct text *ret)
{
    struct json j = {array.data + *at, array.data + array.length, 0};
    if (*at == 0 ? !take(&j, '[') || take(&j, ']') : !another(&j, ']'))
        return false;
    peek(&j);
    const char *begin = j.at;
    skip_value(&j);
    *ret = (struct text){begin, (uint32_t)(j.at - begin)};
    *at = (uint32_t)(j.at - array.data);
    return true;
}

int64_t weir__json_count(struct text value)
{
    return count_elements((struct json){value.data, value.data + value.length, 0});
}

struct text weir__json_string(struct text value, bool *ret_escaped)
{
    *ret_escaped = false;
    if (value.data[0] == 'n') /* null */
        return NO_VALUE;
    if (value.data[0] != '"')
        return value;
    *ret_escaped = memchr(value.data, '\\', value.length) != NULL;
    return (struct text){value.data + 1, value.length - 2};
}

/* ---- for stages ---- */

static struct text text_of(struct weir_value value)
{
    return (struct text){value.data, value.length};
}

bool weir_json_path_is_known(const char *path)
{
    return weir__json_path_is_known((struct text){path, (uint32_t)strlen(path)});
}

bool weir_json_is_valid(struct weir_value text)
{
    return text.data != NULL && weir__json_is_valid(text_of(text));
}

struct weir_value weir_json_find(struct weir_value json, const char *path, bool *ret_escaped)
{
    struct text value;
    *ret_escaped = false;
    if (!weir__json_find(text_of(json), (struct text){path, (uint32_t)strlen(path)}, &value))
        return (struct weir_value){NULL, 0};
    value = weir__json_string(value, ret_escaped);
    return (struct weir_value){value.data, value.length};
}

struct weir_value weir_json_at(struct weir_value json, const char *path)
{
    struct text value;
    if (!weir__json_find(text_of(json), (struct text){path, (uint32_t)strlen(path)}, &value))
        return (struct weir_value){NULL, 0};
    return (struct weir_value){value.data, value.length};
}

bool weir_json_next(struct weir_value array, uint32_t *at, struct weir_value *ret)
{
    struct text value;
    if (!weir__json_next(text_of(array), at, &value))
        return false;
    *ret = (struct weir_value){value.data, value.length};
    return true;
}

uint32_t weir_json_unescape(struct weir_value string, char *to)
{
    return weir__json_unescape(text_of(string), to);
}
