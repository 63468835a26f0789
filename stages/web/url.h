/*
 * url.h - addresses as browsers understand them: the WHATWG's URL Standard for http and https.
 *
 * libcurl's own parser does not find what a link of a page means: of the standard's test cases for these schemes it has a third
 * different. Names of hosts that are not ASCII go through libidn2.
 */
#ifndef WEIR_WEB_URL_H
#define WEIR_WEB_URL_H

#include "web/bytes.h"

/* Loads libidn2, which is done when it is needed, but in a sandbox cannot be. */
void weir__url_load(void);
/* Whether it begins with a scheme other than http and https. */
bool weir__url_is_foreign(const char *text, size_t n);
/* The absolute http or https URL that the text means on a page of that address (NULL: it has to be absolute by itself), in
 * normal form, in place of what `to` holds, which is not `base`. base is in normal form. False if it means none. */
bool weir__url_resolve(const char *base, const char *text, size_t n, struct bytes *to);

#endif
