#include "toolkit/manager_datum.h"

#include <stdlib.h>

bool weir__datum_is_key(const struct weir_datum *datum)
{
    return datum->kind == WEIR_IS_BYTES || datum->kind == WEIR_IS_TEXT ||
           datum->kind == WEIR_IS_INTEGER;
}

int weir__datum_compare(const struct weir_datum *a, const struct weir_datum *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == WEIR_IS_INTEGER)
        return (a->integer > b->integer) - (a->integer < b->integer);
    size_t least = a->size < b->size ? a->size : b->size;
    int order = least > 0 ? memcmp(a->bytes, b->bytes, least) : 0;
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

const struct weir_datum *weir_map_find(const struct weir_datum *map, struct weir_datum key)
{
    for (size_t i = 0; map->kind == WEIR_IS_MAP && i < map->count; i++)
        if (weir__datum_compare(&map->items[2 * i], &key) == 0)
            return &map->items[2 * i + 1];
    return NULL;
}

/* ---- writing ---- */

void weir__datum_write_head(struct buf *to, enum weir_datum_kind kind, size_t count)
{
    uint32_t count32 = (uint32_t)count;
    weir__buf_putc(to, (char)kind);
    weir__buf_add(to, &count32, sizeof(count32));
}

static bool write_datum(struct buf *to, const struct weir_datum *datum, int level);

static bool write_bytes(struct buf *to, const struct weir_datum *datum)
{
    if (datum->size > UINT32_MAX || (datum->kind == WEIR_IS_TEXT && datum->size > 0 &&
                                     memchr(datum->bytes, '\0', datum->size) != NULL))
        return false;
    weir__datum_write_head(to, datum->kind, datum->size);
    weir__buf_add(to, datum->bytes, datum->size);
    weir__buf_putc(to, '\0');
    return true;
}

static bool write_list(struct buf *to, const struct weir_datum *list, int level)
{
    weir__datum_write_head(to, WEIR_IS_LIST, list->count);
    for (size_t i = 0; i < list->count; i++)
        if (!write_datum(to, &list->items[i], level + 1))
            return false;
    return true;
}

static int compare_pairs(const void *a, const void *b)
{
    return weir__datum_compare(*(const struct weir_datum *const *)a,
                               *(const struct weir_datum *const *)b);
}

static bool write_map(struct buf *to, const struct weir_datum *map, int level)
{
    const struct weir_datum **pairs = calloc(map->count + 1, sizeof(const struct weir_datum *));
    bool good = true;
    if (pairs == NULL) {
        to->failed = true;
        return true;
    }
    for (size_t i = 0; i < map->count && good; i++) {
        pairs[i] = &map->items[2 * i];
        good = weir__datum_is_key(pairs[i]);
    }
    if (good)
        qsort(pairs, map->count, sizeof(pairs[0]), compare_pairs);
    weir__datum_write_head(to, WEIR_IS_MAP, map->count);
    for (size_t i = 0; i < map->count && good; i++)
        good = (i == 0 || weir__datum_compare(pairs[i - 1], pairs[i]) != 0) &&
               write_datum(to, &pairs[i][0], level + 1) && write_datum(to, &pairs[i][1], level + 1);
    free(pairs);
    return good;
}

static bool write_datum(struct buf *to, const struct weir_datum *datum, int level)
{
    switch (datum->kind) {
    case WEIR_IS_BYTES:
    case WEIR_IS_TEXT: return write_bytes(to, datum);
    case WEIR_IS_INTEGER:
    case WEIR_IS_DOUBLE:
        weir__buf_putc(to, (char)datum->kind);
        weir__buf_add(to, &datum->integer, sizeof(datum->integer));
        return true;
    case WEIR_IS_LIST:
    case WEIR_IS_MAP:
        if (level >= DATUM_LEVELS || datum->count > UINT32_MAX)
            return false;
        return datum->kind == WEIR_IS_LIST ? write_list(to, datum, level)
                                           : write_map(to, datum, level);
    default: return false;
    }
}

bool weir__datum_write(struct buf *to, const struct weir_datum *datum)
{
    if (datum->kind == WEIR_IS_NOTHING) {
        weir__buf_putc(to, WEIR_IS_NOTHING);
        return true;
    }
    return write_datum(to, datum, 0);
}

/* ---- checking ---- */

static const char *check_datum(const char *at, const char *end, size_t *items, int level);

static uint32_t read_count(const char *at)
{
    uint32_t count;
    memcpy(&count, at, sizeof(count));
    return count;
}

static const char *check_bytes(const char *at, const char *end, bool text)
{
    if (end - at < (ptrdiff_t)sizeof(uint32_t))
        return NULL;
    uint32_t size = read_count(at);
    at += sizeof(size);
    if (end - at <= (ptrdiff_t)size || at[size] != '\0' || (text && memchr(at, '\0', size) != NULL))
        return NULL;
    return at + size + 1;
}

static const char *check_map(const char *at, const char *end, uint32_t count, size_t *items,
                             int level)
{
    struct weir_datum before = weir_nothing(), key;
    for (uint32_t i = 0; i < count && at != NULL; i++, before = key) {
        const char *value = check_datum(at, end, items, level + 1);
        if (value == NULL)
            return NULL;
        weir__datum_read(at, &key, NULL);
        if (!weir__datum_is_key(&key) || weir__datum_compare(&before, &key) >= 0)
            return NULL;
        at = check_datum(value, end, items, level + 1);
    }
    return at;
}

static const char *check_items(const char *at, const char *end, bool map, size_t *items, int level)
{
    if (level >= DATUM_LEVELS || end - at < (ptrdiff_t)sizeof(uint32_t))
        return NULL;
    uint32_t count = read_count(at);
    at += sizeof(count);
    if (map)
        at = check_map(at, end, count, items, level);
    else
        for (uint32_t i = 0; i < count && at != NULL; i++)
            at = check_datum(at, end, items, level + 1);
    *items += map ? (size_t)count * 2 : count;
    return at;
}

static const char *check_datum(const char *at, const char *end, size_t *items, int level)
{
    if (at == end)
        return NULL;
    switch (*at++) {
    case WEIR_IS_BYTES: return check_bytes(at, end, false);
    case WEIR_IS_TEXT: return check_bytes(at, end, true);
    case WEIR_IS_INTEGER:
    case WEIR_IS_DOUBLE: return end - at < 8 ? NULL : at + 8;
    case WEIR_IS_LIST: return check_items(at, end, false, items, level);
    case WEIR_IS_MAP: return check_items(at, end, true, items, level);
    default: return NULL;
    }
}

const char *weir__datum_check(const char *at, const char *end, size_t *items)
{
    if (at != end && *at == WEIR_IS_NOTHING)
        return at + 1;
    return check_datum(at, end, items, 0);
}

/* ---- reading ---- */

static const char *read_items(const char *at, size_t count, struct weir_datum *ret,
                              struct weir_datum **room)
{
    if (room == NULL)
        return at;
    struct weir_datum *items = *room;
    *room += count;
    ret->items = items;
    for (size_t i = 0; i < count; i++)
        at = weir__datum_read(at, &items[i], room);
    return at;
}

const char *weir__datum_read(const char *at, struct weir_datum *ret, struct weir_datum **room)
{
    *ret = (struct weir_datum){.kind = (enum weir_datum_kind) * at++};
    switch (ret->kind) {
    case WEIR_IS_INTEGER:
    case WEIR_IS_DOUBLE: memcpy(&ret->integer, at, 8); return at + 8;
    case WEIR_IS_BYTES:
    case WEIR_IS_TEXT:
        ret->size = read_count(at);
        ret->bytes = at + sizeof(uint32_t);
        return ret->bytes + ret->size + 1;
    case WEIR_IS_LIST:
    case WEIR_IS_MAP:
        ret->count = read_count(at);
        return read_items(at + sizeof(uint32_t),
                          ret->kind == WEIR_IS_MAP ? 2 * ret->count : ret->count, ret, room);
    default: return at;
    }
}
