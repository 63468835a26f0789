/*
 * encoding.h - which encoding a page has, and its text in UTF-8.
 *
 * By the WHATWG's Encoding Standard and the algorithms "determining the character encoding" and
 * "prescan a byte stream" of its HTML Standard, but that nothing is guessed from the text.
 */
#ifndef WEIR_WEB_ENCODING_H
#define WEIR_WEB_ENCODING_H

#include "web/bytes.h"

struct encoding {
    const char *name;   /* the standard's */
    const char *iconv;  /* the C library's; NULL: not decoded by it */
    const char *labels; /* with a space between them */
};

/* NULL if there is no encoding of that label. */
const struct encoding *weir__encoding_find(const char *label, size_t n);
/* What a page declares, however late, as browsers heed a late declaration too; NULL if nothing. */
const struct encoding *weir__encoding_declared(const char *page, size_t n);
/* By the byte order mark, the header Content-Type (may be NULL), what the page declares; else windows-1252. */
const struct encoding *weir__encoding_of_page(const char *page, size_t n, const char *type,
                                              size_t type_bytes);
/* Of an XML document: the byte order mark, the header, what its first line declares; else UTF-8. */
const struct encoding *weir__encoding_of_xml(const char *text, size_t n, const char *type,
                                             size_t type_bytes);
/* Opens the C library's converters, once: those that are not there then are not found later. */
void weir__encoding_load(void);
/* Adds the page's text in UTF-8, without the byte order mark. What cannot be decoded, and NUL, becomes U+FFFD.
 * False if the C library does not have the encoding. */
bool weir__encoding_decode(const struct encoding *encoding, const char *page, size_t n,
                           struct bytes *to);

#endif
