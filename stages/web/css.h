/*
 * css.h - CSS selectors as XPath.
 *
 * Known are types, *, #id, .class, [attribute] with all its operators, the four combinators, lists,
 * :first-child, :last-child, :only-child, :nth-child(), :empty and :not() of one simple selector. At the end
 * may stand ::text, the element's own texts, or ::attr(NAME), as in Scrapy.
 */
#ifndef WEIR_WEB_CSS_H
#define WEIR_WEB_CSS_H

#include "web/bytes.h"

/* Adds the XPath. NULL, or what is wrong, at *ret_offset of the selector. */
const char *weir__css_translate(const char *selector, struct bytes *to, size_t *ret_offset);

#endif
