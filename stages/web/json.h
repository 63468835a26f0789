/* json.h - whether a text is JSON (RFC 8259). */
#ifndef WEIR_WEB_JSON_H
#define WEIR_WEB_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* One value and blanks, at most 128 deep. */
bool weir__json_is_valid(const char *text, size_t n);

#endif
