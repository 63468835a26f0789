#include "expr/json_path.h"

#include <string.h>

#define PLACE_MAX 100000000

static bool read_place(struct text digits, int64_t *ret)
{
    int64_t place = 0;
    if (digits.length == 0 || digits.length > 9)
        return false;
    for (uint32_t i = 0; i < digits.length; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        place = place * 10 + (digits.data[i] - '0');
    }
    *ret = place;
    return place <= PLACE_MAX;
}

/* The bytes from *at to the first of `stops`, or to the end. */
static struct text take_until(struct text path, uint32_t *at, const char *stops)
{
    uint32_t begin = *at;
    while (*at < path.length && (path.data[*at] == '\0' || strchr(stops, path.data[*at]) == NULL))
        ++*at;
    return (struct text){path.data + begin, *at - begin};
}

/* /key: ~1 and ~0 stand for / and ~. */
static bool pointer_step(struct text path, uint32_t *at, struct json_step *ret)
{
    ++*at;
    struct text written = take_until(path, at, "/");
    uint32_t n = 0;
    if (written.length > JSON_KEY_MAX)
        return false;
    for (uint32_t i = 0; i < written.length; i++, n++) {
        bool escaped = written.data[i] == '~' && i + 1 < written.length &&
                       (written.data[i + 1] == '0' || written.data[i + 1] == '1');
        i += escaped;
        ret->buffer[n] = !escaped ? written.data[i] : written.data[i] == '0' ? '~' : '/';
    }
    ret->key = (struct text){ret->buffer, n};
    ret->has_key = true;
    ret->has_place = read_place(written, &ret->place);
    return true;
}

/* [0] or [#-1]: from the opening bracket. */
static bool place_step(struct text path, uint32_t *at, struct json_step *ret)
{
    ++*at;
    struct text written = take_until(path, at, "]");
    if (*at == path.length)
        return false;
    ++*at;
    ret->has_place = true;
    ret->from_end = written.length > 2 && memcmp(written.data, "#-", 2) == 0;
    if (ret->from_end)
        written = (struct text){written.data + 2, written.length - 2};
    return read_place(written, &ret->place) && !(ret->from_end && ret->place == 0);
}

/* .key or ."key": from the point. */
static bool key_step(struct text path, uint32_t *at, struct json_step *ret)
{
    ++*at;
    bool quoted = *at < path.length && path.data[*at] == '"';
    *at += quoted;
    ret->key = take_until(path, at, quoted ? "\"" : ".[");
    if (quoted && *at == path.length)
        return false;
    *at += quoted;
    ret->has_key = true;
    return ret->key.length > 0 && memchr(ret->key.data, '*', ret->key.length) == NULL;
}

static bool read_step(struct text path, uint32_t *at, struct json_step *ret)
{
    bool is_pointer = path.length > 0 && path.data[0] == '/';
    ret->has_key = ret->has_place = ret->from_end = false;
    if (is_pointer)
        return pointer_step(path, at, ret);
    if (path.data[0] != '$') { /* a key alone */
        ret->has_key = true;
        ret->key = path;
        *at = path.length;
        return true;
    }
    switch (path.data[*at]) {
    case '.': return key_step(path, at, ret);
    case '[': return place_step(path, at, ret);
    default: return false;
    }
}

bool weir__json_step(struct text path, uint32_t *at, struct json_step *ret)
{
    if (*at == 0 && path.length > 0 && path.data[0] == '$')
        *at = 1;
    if (*at >= path.length)
        return false;
    bool is_read = read_step(path, at, ret);
    if (!is_read)
        *at = UINT32_MAX;
    return is_read;
}

bool weir__json_path_is_known(struct text path)
{
    struct json_step step;
    uint32_t at = 0;
    while (weir__json_step(path, &at, &step))
        continue;
    return path.length > 0 && at == path.length;
}
