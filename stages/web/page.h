/*
 * page.h - what a page of HTML says: parsed by libxml2, whatever it looks like.
 *
 * Text comes in and goes out in UTF-8. What is taken out of a page goes behind what `to` holds.
 */
#ifndef WEIR_WEB_PAGE_H
#define WEIR_WEB_PAGE_H

#include "web/bytes.h"

struct page;
struct select_path;

/* Loads libxml2. False if it is not there. */
bool weir__page_load(void);
/* base: the address that links are relative to, or NULL. tree: more than title, links and meta will be asked for. NULL: no
 * memory. */
struct page *weir__page_parse(const char *html, size_t n, const char *base, bool tree);
void weir__page_free(struct page *page);
/* The limit that was met up to now, after which there may be more that was not seen: too_deep, text_too_long,
 * too_many_meta, xpath_limit, parser. NULL: none. */
const char *weir__page_limit(const struct page *page);

/* False: there is no title. */
bool weir__page_title(struct page *page, struct bytes *to);
/* The texts that are shown. */
void weir__page_text(struct page *page, struct bytes *to);
/* JSON: [{"url": ..., "rel": ..., "text": ...}]. */
void weir__page_links(struct page *page, struct bytes *to);
/* JSON: an object of the content of meta elements by name or property, and the canonical address. */
void weir__page_meta(struct page *page, struct bytes *to);
/* JSON: a list of the valid blocks of JSON-LD. */
void weir__page_jsonld(struct page *page, struct bytes *to);
/* The text of the first node or, as a JSON list, of all. False: there is none. */
bool weir__page_select(struct page *page, const struct select_path *path, bool all,
                       struct bytes *to);

#endif
