/* json_text.h - a text as JSON writes it. */
#ifndef WEIR_JSON_TEXT_H
#define WEIR_JSON_TEXT_H

/* base */
#include "base/buf.h"

/* In quotes. JSON cannot hold a byte that is no UTF-8: the replacement character stands for it. */
void weir__json_put_text(struct buf *to, const char *text, size_t n);

#endif
