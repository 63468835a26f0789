#include "expr/like.h"

#include <string.h>

/* ---- the general case ---- */

struct element {
    enum { ELEMENT_CHARACTER, ELEMENT_ONE, ELEMENT_ANY } kind;
    uint32_t point;
    uint32_t bytes;
};

static struct element element_at(const struct like *like, uint32_t at)
{
    struct element element = {ELEMENT_CHARACTER, 0, 0};
    const char *data = like->text.data;
    uint32_t n = like->text.length;
    element.bytes = weir__utf8_decode(data + at, n - at, &element.point);
    if (element.point == like->escape && at + element.bytes < n)
        element.bytes +=
            weir__utf8_decode(data + at + element.bytes, n - at - element.bytes, &element.point);
    else if (element.point == '%')
        element.kind = ELEMENT_ANY;
    else if (element.point == '_')
        element.kind = ELEMENT_ONE;
    return element;
}

static bool same(const struct like *like, uint32_t a, uint32_t b)
{
    return a == b || (like->ignore_case && weir__utf8_lower(a) == weir__utf8_lower(b));
}

/* Greedy, with one place to go back to: the last %. */
static bool matches(const struct like *like, struct text text)
{
    uint32_t at = 0, p = 0, point;
    uint32_t back_at = 0, back_p = UINT32_MAX; /* behind the last %; none yet */
    while (at < text.length || p < like->text.length) {
        if (p < like->text.length) {
            struct element element = element_at(like, p);
            if (element.kind == ELEMENT_ANY) {
                p += element.bytes;
                back_p = p;
                back_at = at;
                continue;
            }
            uint32_t n =
                at < text.length ? weir__utf8_decode(text.data + at, text.length - at, &point) : 0;
            if (n > 0 && (element.kind == ELEMENT_ONE || same(like, element.point, point))) {
                p += element.bytes;
                at += n;
                continue;
            }
        }
        if (back_p == UINT32_MAX || back_at >= text.length)
            return false;
        back_at += weir__utf8_decode(text.data + back_at, text.length - back_at, &point);
        at = back_at;
        p = back_p;
    }
    return true;
}

/* ---- the common ones ---- */

struct like weir__like_make(struct text pattern, uint32_t escape, bool ignore_case)
{
    struct like like = {LIKE_PATTERN, pattern, escape, ignore_case};
    const char *data = pattern.data;
    uint32_t n = pattern.length;
    if (escape != UTF8_BROKEN || ignore_case || memchr(data, '_', n) != NULL)
        return like;
    bool front = n > 0 && data[0] == '%', back = n > 1 && data[n - 1] == '%';
    struct text inner = {data + front, n - front - back};
    if (memchr(inner.data, '%', inner.length) != NULL)
        return like;
    like.text = inner;
    like.kind = front && back ? LIKE_PART : front ? LIKE_SUFFIX : back ? LIKE_PREFIX : LIKE_EQUAL;
    return like;
}

bool weir__like_matches(const struct like *like, struct text text)
{
    struct text part = like->text;
    if (like->kind == LIKE_PATTERN)
        return matches(like, text);
    if (text.length < part.length)
        return false;
    switch (like->kind) {
    case LIKE_EQUAL:
        return text.length == part.length && memcmp(text.data, part.data, part.length) == 0;
    case LIKE_PREFIX: return memcmp(text.data, part.data, part.length) == 0;
    case LIKE_SUFFIX:
        return memcmp(text.data + text.length - part.length, part.data, part.length) == 0;
    default: return memmem(text.data, text.length, part.data, part.length) != NULL;
    }
}
