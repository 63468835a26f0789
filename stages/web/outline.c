#include "web/outline.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/url.h"

enum { METAS = 256 }; /* names that are taken */
#define NONE SIZE_MAX

enum kind { TITLE, LINK, META, CANONICAL, BASE };

struct outline_item {
    enum kind kind;
    size_t first, second; /* in words: url and rel, name and content; or NONE */
    size_t begin, end;    /* in text */
    unsigned depth;
    size_t outer; /* as outline.open, for around it */
};

/* ---- being told ---- */

static const char *attribute(const struct attributes *attributes, const char *name)
{
    for (const xmlChar *const *pair = attributes->pairs; pair != NULL && *pair != NULL; pair += 2)
        if (strcmp((const char *)pair[0], name) == 0)
            return pair[1] == NULL ? "" : (const char *)pair[1];
    for (const xmlAttr *one = attributes->list; one != NULL; one = one->next)
        if (strcmp((const char *)one->name, name) == 0)
            return one->children == NULL ? "" : (const char *)one->children->content;
    return NULL;
}

static size_t add_word(struct outline *outline, const char *word)
{
    size_t at = outline->words.count;
    if (word == NULL)
        return NONE;
    weir__bytes_add(&outline->words, word, strlen(word) + 1);
    return at;
}

static struct outline_item *add_item(struct outline *outline, enum kind kind, const char *first,
                                     const char *second)
{
    if (outline->items == outline->capacity) {
        size_t capacity = 2 * outline->capacity + 64;
        struct outline_item *grown = realloc(outline->item, capacity * sizeof(*grown));
        if (grown == NULL) {
            outline->failed = true;
            return NULL;
        }
        outline->item = grown;
        outline->capacity = capacity;
    }
    struct outline_item *item = &outline->item[outline->items++];
    *item = (struct outline_item){
        .kind = kind, .first = add_word(outline, first), .second = add_word(outline, second)};
    return item;
}

/* Its text counts until its element ends. */
static void open_item(struct outline *outline, struct outline_item *item)
{
    if (item == NULL)
        return;
    item->begin = item->end = outline->text.count;
    item->depth = outline->depth;
    item->outer = outline->open;
    outline->open = (size_t)(item - outline->item) + 1;
}

static void start_meta(struct outline *outline, const struct attributes *attributes)
{
    const char *name = attribute(attributes, "name"), *content = attribute(attributes, "content");
    if (name == NULL)
        name = attribute(attributes, "property");
    if (name != NULL && content != NULL)
        add_item(outline, META, name, content);
}

void weir__outline_start(struct outline *outline, const char *name,
                         const struct attributes *attributes)
{
    const char *href;
    outline->depth++;
    if (strcmp(name, "a") == 0 || strcmp(name, "area") == 0) {
        href = attribute(attributes, "href");
        if (href != NULL)
            open_item(outline, add_item(outline, LINK, href, attribute(attributes, "rel")));
    } else if (strcmp(name, "title") == 0) {
        open_item(outline, add_item(outline, TITLE, NULL, NULL));
    } else if (strcmp(name, "meta") == 0) {
        start_meta(outline, attributes);
    } else if (strcmp(name, "link") == 0) {
        const char *rel = attribute(attributes, "rel");
        href = attribute(attributes, "href");
        if (rel != NULL && href != NULL && strcasecmp(rel, "canonical") == 0)
            add_item(outline, CANONICAL, href, NULL);
    } else if (strcmp(name, "base") == 0 && (href = attribute(attributes, "href")) != NULL) {
        add_item(outline, BASE, href, NULL);
    }
}

void weir__outline_text(struct outline *outline, const char *text, size_t n)
{
    if (outline->open > 0)
        weir__bytes_add(&outline->text, text, n);
}

void weir__outline_end(struct outline *outline)
{
    if (outline->open > 0) {
        struct outline_item *item = &outline->item[outline->open - 1];
        if (item->depth == outline->depth) {
            item->end = outline->text.count;
            outline->open = item->outer;
        }
    }
    outline->depth--;
}

void weir__outline_release(struct outline *outline)
{
    free(outline->item);
    free(outline->text.data);
    free(outline->words.data);
    free(outline->base.data);
    free(outline->url.data);
    *outline = (struct outline){0};
}

/* ---- being asked ---- */

static const char *word(const struct outline *outline, size_t at)
{
    return at == NONE ? "" : outline->words.data + at;
}

static const struct outline_item *first(const struct outline *outline, enum kind kind)
{
    for (size_t i = 0; i < outline->items; i++)
        if (outline->item[i].kind == kind)
            return &outline->item[i];
    return NULL;
}

/* Those that a limit has left open. */
static void end_items(struct outline *outline)
{
    for (; outline->open > 0; outline->open = outline->item[outline->open - 1].outer)
        outline->item[outline->open - 1].end = outline->text.count;
}

/* The first base element that has an address counts. */
void weir__outline_settle(struct outline *outline, const char *address)
{
    const struct outline_item *base = first(outline, BASE);
    end_items(outline);
    outline->failed = outline->failed || outline->text.failed || outline->words.failed;
    if (address != NULL)
        outline->has_base = weir__url_resolve(NULL, address, strlen(address), &outline->base);
    if (outline->failed || base == NULL)
        return;
    const char *href = word(outline, base->first);
    if (weir__url_resolve(outline->has_base ? outline->base.data : NULL, href, strlen(href),
                          &outline->url)) {
        struct bytes previous = outline->base;
        outline->base = outline->url;
        outline->url = previous;
        outline->has_base = true;
    }
}

static void add_content(const struct outline *outline, const struct outline_item *item,
                        struct bytes *to)
{
    if (item->end > item->begin)
        weir__bytes_squeezed(to, outline->text.data + item->begin, item->end - item->begin);
}

bool weir__outline_title(struct outline *outline, struct bytes *to)
{
    const struct outline_item *title = first(outline, TITLE);
    if (title != NULL)
        add_content(outline, title, to);
    return title != NULL;
}

static void add_json(struct bytes *to, const char *text)
{
    weir__bytes_json(to, text, strlen(text));
}

/* A link as an absolute address; one of another scheme, or that cannot be understood, as it is. */
static void add_url(struct outline *outline, const char *href, struct bytes *to)
{
    size_t n = strlen(href);
    if (!weir__url_is_foreign(href, n) &&
        weir__url_resolve(outline->has_base ? outline->base.data : NULL, href, n, &outline->url))
        weir__bytes_json(to, outline->url.data, outline->url.count);
    else
        weir__bytes_json(to, href, n);
}

void weir__outline_links(struct outline *outline, struct bytes *to)
{
    struct bytes text = {0};
    const char *before = "[";
    for (size_t i = 0; i < outline->items; i++) {
        const struct outline_item *item = &outline->item[i];
        if (item->kind != LINK)
            continue;
        weir__bytes_clear(&text);
        add_content(outline, item, &text);
        weir__bytes_say(to, before);
        weir__bytes_say(to, "{\"url\":");
        add_url(outline, word(outline, item->first), to);
        weir__bytes_say(to, ",\"rel\":");
        add_json(to, word(outline, item->second));
        weir__bytes_say(to, ",\"text\":");
        weir__bytes_json(to, text.data, text.count);
        weir__bytes_say(to, "}");
        before = ",";
    }
    weir__bytes_say(to, *before == '[' ? "[]" : "]");
    to->failed = to->failed || text.failed;
    free(text.data);
}

/* The first of each name counts. */
static bool is_new(const struct outline *outline, const char *const *name, size_t names,
                   const struct outline_item *item)
{
    for (size_t i = 0; i < names; i++)
        if (strcmp(name[i], word(outline, item->first)) == 0)
            return false;
    return true;
}

bool weir__outline_meta(struct outline *outline, struct bytes *to)
{
    const char *name[METAS], *before = "{";
    size_t names = 0;
    bool all = true;
    for (size_t i = 0; i < outline->items; i++) {
        const struct outline_item *item = &outline->item[i];
        if (item->kind != META || !is_new(outline, name, names, item))
            continue;
        if (names == METAS) {
            all = false;
            break;
        }
        name[names++] = word(outline, item->first);
        weir__bytes_say(to, before);
        add_json(to, word(outline, item->first));
        weir__bytes_say(to, ":");
        add_json(to, word(outline, item->second));
        before = ",";
    }
    const struct outline_item *canonical = first(outline, CANONICAL);
    if (canonical != NULL) {
        weir__bytes_say(to, before);
        weir__bytes_say(to, "\"canonical\":");
        add_url(outline, word(outline, canonical->first), to);
        before = ",";
    }
    weir__bytes_say(to, *before == '{' ? "{}" : "}");
    return all;
}
