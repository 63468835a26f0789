/* url.h - addresses, by libcurl's parser. */
#ifndef WEIR_WEB_URL_H
#define WEIR_WEB_URL_H

#include "web/bytes.h"

/* Whether it begins with a scheme other than http and https. */
bool weir__url_is_foreign(const char *text, size_t n);
/* The absolute http or https URL that the text means on a page of that address (NULL: it has to be absolute by itself), in
 * normal form, in place of what `to` holds. False if it means none. libcurl must have been loaded. */
bool weir__url_resolve(const char *base, const char *text, size_t n, struct bytes *to);

#endif
