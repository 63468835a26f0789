#include "web/select.h"

#include <stdlib.h>
#include <string.h>

#include "web/libxml.h"

enum { STEPS = 10000000 };

struct select_path *weir__select_compile(const char *xpath)
{
    return (struct select_path *)weir__libxml()->xmlXPathCompile((const xmlChar *)xpath);
}

void weir__select_free(struct select_path *path)
{
    if (path != NULL)
        weir__libxml()->xmlXPathFreeCompExpr((xmlXPathCompExprPtr)path);
}

xmlXPathContextPtr weir__select_context(xmlDocPtr document)
{
    xmlXPathContextPtr context = weir__libxml()->xmlXPathNewContext(document);
    if (context != NULL)
        context->opLimit = STEPS;
    return context;
}

void weir__select_content(xmlNodePtr node, struct bytes *to)
{
    char *text = (char *)weir__libxml()->xmlNodeGetContent(node);
    if (text != NULL)
        weir__bytes_squeezed(to, text, strlen(text));
    weir__libxml_drop(text);
}

/* Attributes and texts are given as they are. */
static void add_node(xmlNodePtr node, struct bytes *to)
{
    if (node->type == XML_ELEMENT_NODE) {
        weir__select_content(node, to);
        return;
    }
    char *text = (char *)weir__libxml()->xmlNodeGetContent(node);
    weir__bytes_say(to, text == NULL ? "" : text);
    weir__libxml_drop(text);
}

static bool add_nodes(const xmlNodeSet *nodes, bool all, struct bytes *to)
{
    struct bytes text = {0};
    if (nodes == NULL || nodes->nodeNr == 0) {
        weir__bytes_say(to, all ? "[]" : "");
        return all;
    }
    if (!all) {
        add_node(nodes->nodeTab[0], to);
        return true;
    }
    for (int i = 0; i < nodes->nodeNr; i++) {
        weir__bytes_clear(&text);
        add_node(nodes->nodeTab[i], &text);
        weir__bytes_say(to, i == 0 ? "[" : ",");
        weir__bytes_json(to, text.data == NULL ? "" : text.data, text.count);
    }
    weir__bytes_say(to, "]");
    to->failed = to->failed || text.failed;
    free(text.data);
    return true;
}

/* A number, a truth value or a text. */
static void add_value(xmlXPathObjectPtr object, bool all, struct bytes *to)
{
    char *text = (char *)weir__libxml()->xmlXPathCastToString(object);
    const char *value = text == NULL ? "" : text;
    if (all) {
        weir__bytes_say(to, "[");
        weir__bytes_json(to, value, strlen(value));
        weir__bytes_say(to, "]");
    } else {
        weir__bytes_say(to, value);
    }
    weir__libxml_drop(text);
}

int weir__select(xmlXPathContextPtr context, xmlNodePtr from, const struct select_path *path,
                 bool all, struct bytes *to)
{
    enum { NO_SUCH_PREFIX = XML_XPATH_EXPRESSION_OK + XPATH_UNDEF_PREFIX_ERROR };
    bool found = true;
    context->node = from;
    context->opCount = 0;
    context->lastError.code = 0;
    xmlXPathObjectPtr object =
        weir__libxml()->xmlXPathCompiledEval((xmlXPathCompExprPtr)(uintptr_t)path, context);
    if (object == NULL && context->lastError.code != NO_SUCH_PREFIX)
        return -1;
    if (object == NULL)
        found = add_nodes(NULL, all, to);
    else if (object->type == XPATH_NODESET)
        found = add_nodes(object->nodesetval, all, to);
    else
        add_value(object, all, to);
    weir__libxml()->xmlXPathFreeObject(object);
    return found;
}
