#include "web/xml.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/libxml.h"

enum { DEEPEST = 256 }; /* as libxml2 has it */

struct xml {
    xmlTextReaderPtr reader;
    xmlDocPtr document; /* what the reader holds of it; NULL before the root */
    xmlXPathContextPtr context;
    const char *const *path;
    size_t paths;
    const xmlChar *name[DEEPEST];  /* of the elements that are open, with their prefixes */
    const xmlChar *local[DEEPEST]; /* and without */
    xmlNodePtr record;             /* NULL: none in hand */
    bool ran_out;                  /* of memory */
    char error[200];
};

static const struct libxml *library;

bool weir__xml_load(void)
{
    library = weir__libxml();
    return library != NULL;
}

/* ---- paths ---- */

bool weir__xml_path_is_good(const char *path)
{
    path += *path == '/';
    for (;;) {
        size_t n = strcspn(path, "/");
        bool any = n == 1 && *path == '*';
        if (n == 0 || (!any && strcspn(path, "/*[]()@|{} \t") != n))
            return false;
        if (path[n] == '\0')
            return true;
        path += n + 1;
    }
}

static bool is_name(const struct xml *xml, int depth, const char *name, size_t n)
{
    if (n == 1 && *name == '*')
        return true;
    const char *is =
        (const char *)(memchr(name, ':', n) != NULL ? xml->name[depth] : xml->local[depth]);
    return strncmp(is, name, n) == 0 && is[n] == '\0';
}

/* Compares from its end, at the element of that depth. */
static bool leads_here(const struct xml *xml, const char *path, int depth)
{
    const char *end = path + strlen(path);
    for (;;) {
        const char *name = end;
        while (name > path && name[-1] != '/')
            name--;
        if (depth < 0 || !is_name(xml, depth, name, (size_t)(end - name)))
            return false;
        if (name == path) /* it began without a slash */
            return true;
        if (name - 1 == path)
            return depth == 0;
        end = name - 1;
        depth--;
    }
}

static bool is_record(struct xml *xml, int depth)
{
    for (size_t i = 0; i < xml->paths; i++)
        if (leads_here(xml, xml->path[i], depth))
            return true;
    return false;
}

/* ---- errors ---- */

/* The first counts. */
static void complain(struct xml *xml, const char *error)
{
    if (xml->error[0] == '\0')
        snprintf(xml->error, sizeof(xml->error), "%s", error);
}

static void hear(void *context, xmlErrorPtr error)
{
    struct xml *xml = context;
    char text[sizeof(xml->error)];
    if (weir__libxml_is_long(error))
        complain(xml, "text_too_long");
    else if (error->code == XML_ERR_NO_MEMORY)
        xml->ran_out = true;
    if (error->level != XML_ERR_FATAL)
        return;
    const char *why = error->message == NULL ? "" : error->message;
    if (error->code == XML_ERR_INTERNAL_ERROR && strstr(why, "depth") != NULL)
        complain(xml, "too_deep");
    if (error->code == XML_ERR_INTERNAL_ERROR && strstr(why, "Huge") != NULL)
        complain(xml, "text_too_long");
    snprintf(text, sizeof(text), "malformed: line %d: %.*s", error->line, (int)strcspn(why, "\n"),
             why);
    complain(xml, text);
}

const char *weir__xml_error(const struct xml *xml)
{
    return xml->error[0] == '\0' ? NULL : xml->error;
}

bool weir__xml_ran_out(const struct xml *xml)
{
    return xml->ran_out;
}

/* ---- reading ---- */

static const char *behind(const char *at, const char *end, const char *text)
{
    const char *found = memmem(at, (size_t)(end - at), text, strlen(text));
    return found == NULL ? end : found + strlen(text);
}

/* Even where nothing is put in their place, libxml2 may take hours over entities that are made of
 * others, so it is not given such documents. */
static bool defines_entities(const char *at, const char *end)
{
    while ((at = behind(at, end, "<")) < end && (*at == '?' || *at == '!')) {
        if (strncmp(at, "!DOCTYPE", strlen("!DOCTYPE")) == 0)
            return behind(at, end, "<!ENTITY") < end;
        bool comment = strncmp(at, "!--", 3) == 0;
        at = behind(at + (comment ? 3 : 1), end, comment ? "-->" : "?>");
    }
    return false;
}

struct xml *weir__xml_open(const char *text, size_t n, const char *const *path, size_t paths)
{
    struct xml *xml = calloc(1, sizeof(*xml));
    if (xml == NULL)
        return NULL;
    xml->path = path;
    xml->paths = paths;
    xml->reader = n > INT_MAX
                      ? NULL
                      : library->xmlReaderForMemory(text, (int)n, NULL, "UTF-8",
                                                    XML_PARSE_NONET | XML_PARSE_COMPACT |
                                                        XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC);
    if (xml->reader == NULL) {
        free(xml);
        return NULL;
    }
    library->xmlTextReaderSetStructuredErrorHandler(xml->reader, hear, xml);
    if (defines_entities(text, text + n))
        complain(xml, "entities");
    return xml;
}

void weir__xml_close(struct xml *xml)
{
    if (xml == NULL)
        return;
    library->xmlXPathFreeContext(xml->context);
    library->xmlFreeTextReader(xml->reader);
    library->xmlFreeDoc(xml->document); /* which the reader leaves to who has asked for it */
    free(xml);
}

/* At the root. */
static bool begin_document(struct xml *xml)
{
    xml->document = library->xmlTextReaderCurrentDoc(xml->reader);
    xml->context = xml->document == NULL ? NULL : weir__select_context(xml->document);
    xml->ran_out = xml->context == NULL;
    return !xml->ran_out;
}

/* Elements without a prefix are found without one. */
static void forget_namespace(xmlNodePtr top)
{
    for (xmlNodePtr node = top; node != NULL;) {
        if (node->type == XML_ELEMENT_NODE && node->ns != NULL && node->ns->prefix == NULL)
            node->ns = NULL;
        if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
            node = node->children;
            continue;
        }
        while (node != top && node->next == NULL)
            node = node->parent;
        node = node == top ? NULL : node->next;
    }
}

/* At an element. */
static bool take_record(struct xml *xml)
{
    int depth = library->xmlTextReaderDepth(xml->reader);
    if (depth < 0 || depth >= DEEPEST)
        return false;
    xml->name[depth] = library->xmlTextReaderConstName(xml->reader);
    xml->local[depth] = library->xmlTextReaderConstLocalName(xml->reader);
    if (xml->name[depth] == NULL || xml->local[depth] == NULL || !is_record(xml, depth))
        return false;
    xml->record = library->xmlTextReaderExpand(xml->reader);
    if (xml->record == NULL)
        complain(xml, "malformed"); /* if nothing else was said */
    if (xml->error[0] != '\0')
        xml->record = NULL;
    else
        forget_namespace(xml->record);
    return xml->record != NULL;
}

bool weir__xml_next(struct xml *xml)
{
    while (xml->error[0] == '\0') {
        int rc = xml->record != NULL ? library->xmlTextReaderNext(xml->reader)
                                     : library->xmlTextReaderRead(xml->reader);
        xml->record = NULL;
        if (rc < 0)
            complain(xml, "malformed");
        if (rc != 1 || xml->error[0] != '\0')
            return false;
        if (library->xmlTextReaderNodeType(xml->reader) != XML_READER_TYPE_ELEMENT)
            continue;
        if (xml->context == NULL && !begin_document(xml))
            return false;
        if (take_record(xml))
            return true;
    }
    return false;
}

bool weir__xml_select(struct xml *xml, const struct select_path *path, bool all, struct bytes *to)
{
    xmlNsPtr *spaces = library->xmlGetNsList(xml->record->doc, xml->record);
    int count = 0;
    while (spaces != NULL && spaces[count] != NULL)
        count++;
    xml->context->namespaces = spaces;
    xml->context->nsNr = count;
    int found = weir__select(xml->context, xml->record, path, all, to);
    xml->context->namespaces = NULL;
    xml->context->nsNr = 0;
    weir__libxml_drop(spaces);
    if (found < 0)
        complain(xml, "xpath_limit");
    return found > 0;
}
