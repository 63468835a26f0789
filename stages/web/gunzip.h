/* gunzip.h - what was compressed and is still so when it arrives: sitemap.xml.gz. */
#ifndef WEIR_WEB_GUNZIP_H
#define WEIR_WEB_GUNZIP_H

#include "web/bytes.h"

bool weir__gunzip_is_packed(const char *data, size_t n);
/* Adds what is in it, of all its members. NULL, or why it was not: too_large (more than `most` bytes), truncated, corrupt. */
const char *weir__gunzip(const char *data, size_t n, size_t most, struct bytes *to);

#endif
