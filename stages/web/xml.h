/*
 * xml.h - the records of an XML document, one after the other, however large it is.
 *
 * Only the record in hand is held as a tree. Documents that define entities are refused where they
 * do, and nothing that a document refers to is ever opened.
 */
#ifndef WEIR_WEB_XML_H
#define WEIR_WEB_XML_H

#include "web/bytes.h"
#include "web/select.h"

struct xml;

/* Whether that is a path of elements: "item", "channel/item", or from the root "/rss/channel/item"; "*" is any element. A name
 * with a colon is compared with its prefix, one without whatever the prefix. */
bool weir__xml_path_is_good(const char *path);

/* Loads libxml2. False if it is not there. */
bool weir__xml_load(void);
/* Text in UTF-8 and paths stay the caller's, until close. NULL: no memory. */
struct xml *weir__xml_open(const char *text, size_t n, const char *const *path, size_t paths);
void weir__xml_close(struct xml *xml);
/* Goes to the next element that one of the paths leads to, behind the end of this one. False at
 * the end. */
bool weir__xml_next(struct xml *xml);
/* What made the document end before its time: entities, too_deep, text_too_long, or "malformed: line 3: " and why; and
 * what was met in a record: xpath_limit. NULL: nothing. */
const char *weir__xml_error(const struct xml *xml);
/* Whether memory has run out: then what was found is not all. */
bool weir__xml_ran_out(const struct xml *xml);
/* What a path finds from the record's element on. False: nothing. Prefixes are those of the
 * document; elements without one have none here, whatever their namespace. */
bool weir__xml_select(struct xml *xml, const struct select_path *path, bool all, struct bytes *to);

#endif
