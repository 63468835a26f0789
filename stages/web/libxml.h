/*
 * libxml.h - libxml2, loaded when it is needed: it brings ICU along, which only workers that parse
 * pages are to pay for.
 */
#ifndef WEIR_WEB_LIBXML_H
#define WEIR_WEB_LIBXML_H

#include <stdbool.h>

#include <libxml/HTMLparser.h>
#include <libxml/xmlreader.h>
#include <libxml/xpath.h>

#define LIBXML_FUNCTIONS(X)                                                                        \
    X(htmlNewParserCtxt)                                                                           \
    X(htmlCtxtReadMemory)                                                                          \
    X(htmlFreeParserCtxt)                                                                          \
    X(xmlDocGetRootElement)                                                                        \
    X(xmlFreeDoc)                                                                                  \
    X(xmlFreeTextReader)                                                                           \
    X(xmlGetNoNsProp)                                                                              \
    X(xmlGetNsList)                                                                                \
    X(xmlNodeGetContent)                                                                           \
    X(xmlReaderForMemory)                                                                          \
    X(xmlStopParser)                                                                               \
    X(xmlSetStructuredErrorFunc)                                                                   \
    X(xmlTextReaderConstLocalName)                                                                 \
    X(xmlTextReaderConstName)                                                                      \
    X(xmlTextReaderCurrentDoc)                                                                     \
    X(xmlTextReaderDepth)                                                                          \
    X(xmlTextReaderExpand)                                                                         \
    X(xmlTextReaderNext)                                                                           \
    X(xmlTextReaderNodeType)                                                                       \
    X(xmlTextReaderRead)                                                                           \
    X(xmlTextReaderSetStructuredErrorHandler)                                                      \
    X(xmlXPathCastToString)                                                                        \
    X(xmlXPathCompile)                                                                             \
    X(xmlXPathCompiledEval)                                                                        \
    X(xmlXPathFreeCompExpr)                                                                        \
    X(xmlXPathFreeContext)                                                                         \
    X(xmlXPathFreeObject)                                                                          \
    X(xmlXPathNewContext)

struct libxml {
#define LIBXML_MEMBER(name) __typeof__(name) *name;
    LIBXML_FUNCTIONS(LIBXML_MEMBER)
#undef LIBXML_MEMBER
    xmlFreeFunc *free; /* of its texts */
};

/* NULL if it is not there. */
const struct libxml *weir__libxml(void);

/* Whom it tells of errors, nobody at first and if `hear` is NULL; it never prints them. */
void weir__libxml_tell(xmlStructuredErrorFunc hear, void *context);

/* Whether it is about a text of 10 MB, of which it says that there is no memory. */
bool weir__libxml_is_long(const xmlError *error);

/* Frees a text of the library's; NULL is fine. */
void weir__libxml_drop(void *text);

#endif
