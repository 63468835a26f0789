#include "toolkit/manager_content.h"

#include <search.h>
#include <stdlib.h>

/* A value, and its key if it has one, both encoded. */
struct item {
    struct weir_datum key; /* points into `bytes` */
    size_t key_bytes, value_bytes;
    char bytes[];
};

enum { ITEM_COST = 128 }; /* what an item takes beside its bytes: itself, the allocator, the tree */

void weir__content_init(struct content *content, size_t *budget)
{
    *content = (struct content){.budget = budget};
}

/* ---- items ---- */

static struct item *keep(struct content *content, struct encoded key, struct encoded value)
{
    size_t bytes = key.bytes + value.bytes;
    if (ITEM_COST + bytes > *content->budget)
        return NULL;
    struct item *item = malloc(sizeof(*item) + bytes);
    if (item == NULL)
        return NULL;
    *item = (struct item){.key_bytes = key.bytes, .value_bytes = value.bytes};
    memcpy(item->bytes, value.at, value.bytes);
    if (key.bytes > 0) {
        memcpy(item->bytes + value.bytes, key.at, key.bytes);
        weir__datum_read(item->bytes + value.bytes, &item->key, NULL);
    }
    *content->budget -= ITEM_COST + bytes;
    content->datum_bytes += bytes;
    content->count++;
    return item;
}

static void drop(struct content *content, struct item *item)
{
    size_t bytes = item->key_bytes + item->value_bytes;
    *content->budget += ITEM_COST + bytes;
    content->datum_bytes -= bytes;
    content->count--;
    free(item);
}

/* In its place, if it is as long as the old one: so numbers change though there is no room. */
static bool overwrite(struct item *item, struct encoded value)
{
    if (item->value_bytes != value.bytes)
        return false;
    memcpy(item->bytes, value.at, value.bytes);
    return true;
}

static struct encoded value_of(const struct item *item)
{
    return item == NULL ? (struct encoded){NULL, 0}
                        : (struct encoded){item->bytes, item->value_bytes};
}

void weir__content_release(struct content *content)
{
    for (size_t i = 0; i < content->in_row; i++)
        free(content->row[content->first + i]);
    free(content->row);
    tdestroy(content->tree, free);
    *content->budget +=
        content->count * ITEM_COST + content->datum_bytes + content->room * sizeof(struct item *);
    weir__content_init(content, content->budget);
}

/* ---- at keys ---- */

static int compare_items(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    return weir__datum_compare(&left->key, &right->key);
}

/* Where the tree has it, NULL: it does not. */
static struct item **find(const struct content *content, const struct weir_datum *key)
{
    const struct item like = {.key = *key};
    return tfind(&like, &content->tree, compare_items);
}

struct encoded weir__content_at_key(const struct content *content, const struct weir_datum *key)
{
    struct item **found = find(content, key);
    return value_of(found == NULL ? NULL : *found);
}

bool weir__content_set_key(struct content *content, struct encoded key, struct encoded value)
{
    struct weir_datum name;
    weir__datum_read(key.at, &name, NULL);
    struct item **at = find(content, &name);
    if (at != NULL && overwrite(*at, value))
        return true;
    struct item *item = keep(content, key, value);
    if (item == NULL)
        return false;
    if (at != NULL) {
        drop(content, *at);
        *at = item;
        return true;
    }
    if (tsearch(item, &content->tree, compare_items) != NULL)
        return true;
    drop(content, item);
    return false;
}

void weir__content_remove_key(struct content *content, const struct weir_datum *key)
{
    struct item **found = find(content, key);
    if (found == NULL)
        return;
    struct item *item = *found;
    tdelete(item, &content->tree, compare_items);
    drop(content, item);
}

static void write_item(const void *node, VISIT visit, void *to)
{
    const struct item *item = *(struct item *const *)node;
    if (visit != postorder && visit != leaf)
        return;
    weir__buf_add(to, item->bytes + item->value_bytes, item->key_bytes);
    weir__buf_add(to, item->bytes, item->value_bytes);
}

/* ---- in a row ---- */

/* Makes room for one more at the end. */
static bool widen(struct content *content)
{
    if (content->first + content->in_row < content->room)
        return true;
    if (content->first > content->room / 2) {
        memmove(content->row, content->row + content->first,
                content->in_row * sizeof(struct item *));
        content->first = 0;
        return true;
    }
    size_t more = content->room == 0 ? 8 : content->room;
    if (more * sizeof(struct item *) > *content->budget)
        return false;
    struct item **row = realloc(content->row, (content->room + more) * sizeof(struct item *));
    if (row == NULL)
        return false;
    *content->budget -= more * sizeof(struct item *);
    content->row = row;
    content->room += more;
    return true;
}

struct encoded weir__content_at(const struct content *content, size_t index)
{
    return value_of(index < content->in_row ? content->row[content->first + index] : NULL);
}

bool weir__content_set(struct content *content, size_t index, struct encoded value)
{
    struct item **at = &content->row[content->first + index];
    if (overwrite(*at, value))
        return true;
    struct item *item = keep(content, (struct encoded){NULL, 0}, value);
    if (item == NULL)
        return false;
    drop(content, *at);
    *at = item;
    return true;
}

bool weir__content_insert(struct content *content, size_t index, struct encoded value)
{
    struct item *item = widen(content) ? keep(content, (struct encoded){NULL, 0}, value) : NULL;
    if (item == NULL)
        return false;
    struct item **at = content->row + content->first + index;
    memmove(at + 1, at, (content->in_row - index) * sizeof(*at));
    *at = item;
    content->in_row++;
    return true;
}

void weir__content_remove(struct content *content, size_t index)
{
    struct item **at = content->row + content->first + index;
    drop(content, *at);
    content->in_row--;
    if (index == 0)
        content->first++;
    else
        memmove(at, at + 1, (content->in_row - index) * sizeof(*at));
    if (content->in_row == 0)
        weir__content_release(content); /* of the row */
}

/* ---- all ---- */

void weir__content_write(const struct content *content, struct buf *to)
{
    for (size_t i = 0; i < content->in_row; i++)
        weir__buf_add(to, content->row[content->first + i]->bytes,
                      content->row[content->first + i]->value_bytes);
    twalk_r(content->tree, write_item, to);
}
