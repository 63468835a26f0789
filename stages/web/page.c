#include "web/page.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <weir/json.h>

#include "web/libxml.h"
#include "web/select.h"
#include "web/url.h"

/* Names of meta elements. */
enum { METAS = 256 };

struct page {
    htmlDocPtr doc;
    xmlXPathContextPtr context;
    const char *limit;
    bool ran_out; /* of memory */
    struct bytes base;
    bool has_base;
    struct bytes url; /* of the link in hand */
};

static const struct libxml *library;

bool weir__page_load(void)
{
    library = weir__libxml();
    weir__url_load();
    return library != NULL;
}

static void meet(struct page *page, const char *limit)
{
    if (page->limit == NULL)
        page->limit = limit;
}

/* ---- parsing ---- */

static void hear(void *context, xmlErrorPtr error)
{
    struct page *page = context;
    if (weir__libxml_is_long(error))
        meet(page, "text_too_long");
    else if (error->code == XML_ERR_NO_MEMORY)
        page->ran_out = true;
    else if (error->level == XML_ERR_FATAL)
        meet(page, error->code == XML_ERR_INTERNAL_ERROR ? "too_deep" : "parser");
}

static htmlDocPtr parse(struct page *page, const char *html, size_t n)
{
    htmlParserCtxtPtr parser = library->htmlNewParserCtxt();
    if (parser == NULL)
        return NULL;
    weir__libxml_tell(hear, page);
    /* It makes no document of no text. */
    htmlDocPtr doc = library->htmlCtxtReadMemory(
        parser, n == 0 ? " " : html, n == 0 ? 1 : (int)n, NULL, "UTF-8",
        HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_COMPACT | HTML_PARSE_IGNORE_ENC |
            HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);
    weir__libxml_tell(NULL, NULL);
    library->htmlFreeParserCtxt(parser);
    return doc;
}

/* The node behind this one in the text, without those in it if it is not `into`; NULL at the end. */
static xmlNodePtr following(xmlNodePtr node, bool into)
{
    if (into && node->type == XML_ELEMENT_NODE && node->children != NULL)
        return node->children;
    while (node != NULL && node->next == NULL)
        node = node->parent != NULL && node->parent->type == XML_ELEMENT_NODE ? node->parent : NULL;
    return node == NULL ? NULL : node->next;
}

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static bool is_one_of(const xmlNode *node, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp((const char *)node->name, *names) == 0)
            return true;
    return false;
}

static xmlNodePtr root(const struct page *page)
{
    return library->xmlDocGetRootElement(page->doc);
}

static xmlNodePtr find(const struct page *page, const char *name)
{
    xmlNodePtr node = root(page);
    while (node != NULL && !is_element(node, name))
        node = following(node, true);
    return node;
}

static char *attribute(xmlNodePtr node, const char *name)
{
    return (char *)library->xmlGetNoNsProp(node, (const xmlChar *)name);
}

/* The first base element that has an address counts. */
static void find_base(struct page *page, const char *base)
{
    if (base != NULL)
        page->has_base = weir__url_resolve(NULL, base, strlen(base), &page->base);
    for (xmlNodePtr node = root(page); node != NULL; node = following(node, true)) {
        char *href = is_element(node, "base") ? attribute(node, "href") : NULL;
        if (href == NULL)
            continue;
        if (weir__url_resolve(page->has_base ? page->base.data : NULL, href, strlen(href),
                              &page->url)) {
            struct bytes previous = page->base;
            page->base = page->url;
            page->url = previous;
            page->has_base = true;
        }
        weir__libxml_drop(href);
        return;
    }
}

struct page *weir__page_parse(const char *html, size_t n, const char *base)
{
    struct page *page = calloc(1, sizeof(*page));
    if (page == NULL)
        return NULL;
    page->doc = n > INT_MAX ? NULL : parse(page, html, n);
    page->context = page->doc == NULL || page->ran_out ? NULL : weir__select_context(page->doc);
    if (page->context == NULL) {
        weir__page_free(page);
        return NULL;
    }
    find_base(page, base);
    return page;
}

void weir__page_free(struct page *page)
{
    if (page == NULL)
        return;
    library->xmlXPathFreeContext(page->context);
    library->xmlFreeDoc(page->doc);
    free(page->base.data);
    free(page->url.data);
    free(page);
}

const char *weir__page_limit(const struct page *page)
{
    return page->limit;
}

/* ---- what is ready-made ---- */

static void add_json(struct bytes *to, const char *text)
{
    weir__bytes_json(to, text, strlen(text));
}

bool weir__page_title(struct page *page, struct bytes *to)
{
    xmlNodePtr title = find(page, "title");
    if (title != NULL)
        weir__select_content(title, to);
    return title != NULL;
}

/* No deeper than libxml2 lets a page be. */
static void add_shown(xmlNodePtr node, struct bytes *to)
{
    static const char *const hidden[] = {"head",     "script",   "style", "noscript",
                                         "template", "textarea", NULL};
    static const char *const in_words[] = {
        "a",      "abbr", "b",   "bdi",   "bdo",  "cite", "code", "data", "dfn",   "em",
        "font",   "i",    "kbd", "label", "mark", "q",    "s",    "samp", "small", "span",
        "strong", "sub",  "sup", "time",  "tt",   "u",    "var",  "wbr",  NULL};
    if (node->type == XML_TEXT_NODE && node->content != NULL)
        weir__bytes_say(to, (const char *)node->content);
    if (node->type != XML_ELEMENT_NODE || is_one_of(node, hidden))
        return;
    const char *border = is_one_of(node, in_words) ? "" : " ";
    weir__bytes_say(to, border);
    for (xmlNodePtr child = node->children; child != NULL; child = child->next)
        add_shown(child, to);
    weir__bytes_say(to, border);
}

void weir__page_text(struct page *page, struct bytes *to)
{
    struct bytes shown = {0};
    weir__bytes_clear(&shown);
    if (root(page) != NULL)
        add_shown(root(page), &shown);
    if (!shown.failed)
        weir__bytes_squeezed(to, shown.data, shown.count);
    to->failed = to->failed || shown.failed;
    free(shown.data);
}

/* A link as an absolute address; one of another scheme, or that cannot be understood, as it is. */
static void add_url(struct page *page, const char *href, struct bytes *to)
{
    size_t n = strlen(href);
    if (!weir__url_is_foreign(href, n) &&
        weir__url_resolve(page->has_base ? page->base.data : NULL, href, n, &page->url))
        weir__bytes_json(to, page->url.data, page->url.count);
    else
        weir__bytes_json(to, href, n);
}

void weir__page_links(struct page *page, struct bytes *to)
{
    struct bytes text = {0};
    bool first = true;
    weir__bytes_say(to, "[");
    for (xmlNodePtr node = root(page); node != NULL; node = following(node, true)) {
        bool link = is_element(node, "a") || is_element(node, "area");
        char *href = link ? attribute(node, "href") : NULL;
        if (href == NULL)
            continue;
        char *rel = attribute(node, "rel");
        weir__bytes_clear(&text);
        weir__select_content(node, &text);
        weir__bytes_say(to, first ? "{\"url\":" : ",{\"url\":");
        add_url(page, href, to);
        weir__bytes_say(to, ",\"rel\":");
        add_json(to, rel == NULL ? "" : rel);
        weir__bytes_say(to, ",\"text\":");
        weir__bytes_json(to, text.data == NULL ? "" : text.data, text.count);
        weir__bytes_say(to, "}");
        first = false;
        weir__libxml_drop(href);
        weir__libxml_drop(rel);
    }
    weir__bytes_say(to, "]");
    to->failed = to->failed || text.failed;
    free(text.data);
}

struct metas {
    char *name[METAS];
    size_t count;
};

/* Takes the name. The first of each counts. */
static bool is_new(struct page *page, struct metas *metas, char *name)
{
    for (size_t i = 0; i < metas->count; i++)
        if (strcmp(metas->name[i], name) == 0) {
            weir__libxml_drop(name);
            return false;
        }
    if (metas->count == METAS) {
        meet(page, "too_many_meta");
        weir__libxml_drop(name);
        return false;
    }
    metas->name[metas->count++] = name;
    return true;
}

static void add_meta(struct page *page, struct metas *metas, xmlNodePtr node, struct bytes *to)
{
    char *name = attribute(node, "name");
    char *content = attribute(node, "content");
    if (name == NULL)
        name = attribute(node, "property");
    if (name == NULL || content == NULL) {
        weir__libxml_drop(name);
    } else if (is_new(page, metas, name)) {
        weir__bytes_say(to, to->data[to->count - 1] == '{' ? "" : ",");
        add_json(to, name);
        weir__bytes_say(to, ":");
        add_json(to, content);
    }
    weir__libxml_drop(content);
}

/* The first canonical link, which is no meta element. */
static void add_canonical(struct page *page, struct bytes *to)
{
    for (xmlNodePtr node = root(page); node != NULL; node = following(node, true)) {
        if (!is_element(node, "link"))
            continue;
        char *rel = attribute(node, "rel"), *href = attribute(node, "href");
        bool found = rel != NULL && href != NULL && strcasecmp(rel, "canonical") == 0;
        if (found) {
            weir__bytes_say(to,
                            to->data[to->count - 1] == '{' ? "\"canonical\":" : ",\"canonical\":");
            add_url(page, href, to);
        }
        weir__libxml_drop(rel);
        weir__libxml_drop(href);
        if (found)
            return;
    }
}

void weir__page_meta(struct page *page, struct bytes *to)
{
    struct metas metas = {.count = 0};
    weir__bytes_say(to, "{");
    for (xmlNodePtr node = root(page); node != NULL && !to->failed; node = following(node, true))
        if (is_element(node, "meta"))
            add_meta(page, &metas, node, to);
    if (!to->failed)
        add_canonical(page, to);
    weir__bytes_say(to, "}");
    for (size_t i = 0; i < metas.count; i++)
        weir__libxml_drop(metas.name[i]);
}

void weir__page_jsonld(struct page *page, struct bytes *to)
{
    bool first = true;
    weir__bytes_say(to, "[");
    for (xmlNodePtr node = root(page); node != NULL; node = following(node, true)) {
        char *type = is_element(node, "script") ? attribute(node, "type") : NULL;
        if (type != NULL && strcasecmp(type, "application/ld+json") == 0) {
            char *text = (char *)library->xmlNodeGetContent(node);
            if (text != NULL &&
                weir_json_is_valid((struct weir_value){text, (uint32_t)strlen(text)})) {
                weir__bytes_say(to, first ? "" : ",");
                for (char *end = text; (end = strpbrk(end, "\r\n")) != NULL;)
                    *end = ' '; /* they stand between values, and would end a line of JSON Lines */
                weir__bytes_say(to, text);
                first = false;
            }
            weir__libxml_drop(text);
        }
        weir__libxml_drop(type);
    }
    weir__bytes_say(to, "]");
}

bool weir__page_select(struct page *page, const struct select_path *path, bool all,
                       struct bytes *to)
{
    int found = weir__select(page->context, (xmlNodePtr)page->doc, path, all, to);
    if (found < 0)
        meet(page, "xpath_limit");
    return found > 0;
}
