/*
 * outline.h - the title, the links and the meta elements of a page.
 *
 * It is told of elements and texts in the order in which they stand in the page, by libxml2 while it parses or by who walks through a
 * tree, and asked when all is told.
 */
#ifndef WEIR_WEB_OUTLINE_H
#define WEIR_WEB_OUTLINE_H

#include <libxml/tree.h>

#include "web/bytes.h"

/* Of an element; one of both. */
struct attributes {
    const xmlChar *const *pairs; /* name, value, ..., NULL */
    const xmlAttr *list;
};

struct outline_item;

/* Zero-initialise. */
struct outline {
    struct outline_item *item; /* in the order of the page */
    size_t items, capacity;
    size_t open;        /* the innermost item whose element is open, plus one */
    unsigned depth;     /* elements that are open */
    struct bytes text;  /* of titles and links */
    struct bytes words; /* attributes, each with a NUL behind */
    struct bytes base, url;
    bool has_base;
    bool failed; /* memory ran out */
};

void weir__outline_start(struct outline *outline, const char *name,
                         const struct attributes *attributes);
void weir__outline_text(struct outline *outline, const char *text, size_t n);
void weir__outline_end(struct outline *outline);
void weir__outline_release(struct outline *outline);

/* When all is told: the address that links are relative to, or NULL. Before the rest. */
void weir__outline_settle(struct outline *outline, const char *address);
/* False: there is none. */
bool weir__outline_title(struct outline *outline, struct bytes *to);
/* JSON: [{"url": ..., "rel": ..., "text": ...}]. */
void weir__outline_links(struct outline *outline, struct bytes *to);
/* JSON: an object of the content of meta elements by name or property, and the canonical address.
 * False: there are more names than are taken. */
bool weir__outline_meta(struct outline *outline, struct bytes *to);

#endif
