#include "web/page.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <weir/json.h>

#include "web/libxml.h"
#include "web/outline.h"
#include "web/select.h"
#include "web/url.h"

struct page {
    struct outline outline;
    htmlDocPtr doc;             /* without a tree there is nothing in it */
    xmlXPathContextPtr context; /* of the tree */
    const char *limit;
    bool ran_out; /* of memory */
    /* While it is parsed without a tree: */
    size_t run;   /* bytes of the text in hand */
    bool stopped; /* by a limit */
};

/* What libxml2 takes of a page: elements in each other, bytes of a text. */
enum { TREE_DEPTH = 256, TEXT_BYTES = 10000000 };

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

/*
 * Without a tree, which takes two fifths of the time of parsing. libxml2's own limits are in the functions that build it, so
 * they stand here again.
 */

static void stop(htmlParserCtxtPtr parser, const char *limit)
{
    struct page *page = parser->_private;
    meet(page, limit);
    page->stopped = true;
    library->xmlStopParser(parser);
}

static void on_start(void *context, const xmlChar *name, const xmlChar **pairs)
{
    htmlParserCtxtPtr parser = context;
    struct page *page = parser->_private;
    page->run = 0;
    if (page->stopped)
        return;
    if (page->outline.depth > TREE_DEPTH) {
        stop(parser, "too_deep");
        return;
    }
    weir__outline_start(&page->outline, (const char *)name,
                        &(struct attributes){.pairs = (const xmlChar *const *)pairs});
}

static void on_end(void *context, const xmlChar *name)
{
    struct page *page = ((htmlParserCtxtPtr)context)->_private;
    (void)name;
    page->run = 0;
    if (!page->stopped)
        weir__outline_end(&page->outline);
}

static void on_cdata(void *context, const xmlChar *text, int n)
{
    struct page *page = ((htmlParserCtxtPtr)context)->_private;
    page->run = 0;
    if (!page->stopped)
        weir__outline_text(&page->outline, (const char *)text, (size_t)n);
}

static void on_text(void *context, const xmlChar *text, int n)
{
    struct page *page = ((htmlParserCtxtPtr)context)->_private;
    if (page->run > 0 && page->run + (size_t)n > TEXT_BYTES)
        stop(context, "text_too_long");
    page->run += (size_t)n;
    if (!page->stopped)
        weir__outline_text(&page->outline, (const char *)text, (size_t)n);
}

static void on_comment(void *context, const xmlChar *text)
{
    struct page *page = ((htmlParserCtxtPtr)context)->_private;
    (void)text;
    page->run = 0;
}

static void on_instruction(void *context, const xmlChar *target, const xmlChar *data)
{
    (void)data;
    on_comment(context, target);
}

static void take_no_tree(htmlParserCtxtPtr parser)
{
    parser->sax->startElement = on_start;
    parser->sax->endElement = on_end;
    parser->sax->characters = on_text;
    parser->sax->cdataBlock = on_cdata;
    parser->sax->comment = on_comment;
    parser->sax->processingInstruction = on_instruction;
}

static htmlDocPtr parse(struct page *page, const char *html, size_t n, bool tree)
{
    htmlParserCtxtPtr parser = library->htmlNewParserCtxt();
    if (parser == NULL)
        return NULL;
    parser->_private = page;
    if (!tree)
        take_no_tree(parser);
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

/* ---- a tree ---- */

/* The node behind this one in the text; NULL at the end. */
static xmlNodePtr following(xmlNodePtr node)
{
    if (node->type == XML_ELEMENT_NODE && node->children != NULL)
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

static char *attribute(xmlNodePtr node, const char *name)
{
    return (char *)library->xmlGetNoNsProp(node, (const xmlChar *)name);
}

/* Tells the outline what parsing without a tree would have. */
static void tell(struct outline *outline, xmlNodePtr node)
{
    while (node != NULL) {
        if (node->type == XML_ELEMENT_NODE)
            weir__outline_start(outline, (const char *)node->name,
                                &(struct attributes){.list = node->properties});
        else if ((node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) &&
                 node->content != NULL)
            weir__outline_text(outline, (const char *)node->content,
                               strlen((const char *)node->content));
        if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
            node = node->children;
            continue;
        }
        if (node->type == XML_ELEMENT_NODE)
            weir__outline_end(outline);
        while (node->next == NULL && node->parent != NULL &&
               node->parent->type == XML_ELEMENT_NODE) {
            node = node->parent;
            weir__outline_end(outline);
        }
        node = node->next;
    }
}

struct page *weir__page_parse(const char *html, size_t n, const char *base, bool tree)
{
    struct page *page = calloc(1, sizeof(*page));
    if (page == NULL)
        return NULL;
    page->doc = n > INT_MAX ? NULL : parse(page, html, n, tree);
    page->ran_out = page->ran_out || page->doc == NULL;
    if (tree && !page->ran_out) {
        tell(&page->outline, root(page));
        page->context = weir__select_context(page->doc);
        page->ran_out = page->context == NULL;
    }
    weir__outline_settle(&page->outline, base);
    if (page->ran_out || page->outline.failed) {
        weir__page_free(page);
        return NULL;
    }
    return page;
}

void weir__page_free(struct page *page)
{
    if (page == NULL)
        return;
    library->xmlXPathFreeContext(page->context);
    library->xmlFreeDoc(page->doc);
    weir__outline_release(&page->outline);
    free(page);
}

const char *weir__page_limit(const struct page *page)
{
    return page->limit;
}

/* ---- what is ready-made ---- */

bool weir__page_title(struct page *page, struct bytes *to)
{
    return weir__outline_title(&page->outline, to);
}

void weir__page_links(struct page *page, struct bytes *to)
{
    weir__outline_links(&page->outline, to);
}

void weir__page_meta(struct page *page, struct bytes *to)
{
    if (!weir__outline_meta(&page->outline, to))
        meet(page, "too_many_meta");
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

void weir__page_jsonld(struct page *page, struct bytes *to)
{
    bool first = true;
    weir__bytes_say(to, "[");
    for (xmlNodePtr node = root(page); node != NULL; node = following(node)) {
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
