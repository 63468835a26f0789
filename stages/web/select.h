/* select.h - what an XPath finds in a document of libxml2, as text. */
#ifndef WEIR_WEB_SELECT_H
#define WEIR_WEB_SELECT_H

#include <libxml/xpath.h>

#include "web/bytes.h"

struct select_path; /* a compiled XPath */

/* libxml2 must have been loaded for all of these. NULL: it is no XPath, or there is no memory. */
struct select_path *weir__select_compile(const char *xpath);
void weir__select_free(struct select_path *path);

/* For all paths of one document; NULL: no memory. xmlXPathFreeContext. */
xmlXPathContextPtr weir__select_context(xmlDocPtr document);

/* Adds the text of the first node that is found from there, or of all as a JSON list. 1; 0: there
 * is none; -1: it takes more than ten million steps, which is about a second. */
int weir__select(xmlXPathContextPtr context, xmlNodePtr from, const struct select_path *path,
                 bool all, struct bytes *to);

/* The text of an element, with single spaces. */
void weir__select_content(xmlNodePtr node, struct bytes *to);

#endif
