/* utf8.h - what is well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above
 * U+10FFFF. */
#ifndef WEIR_FILE_UTF8_H
#define WEIR_FILE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the character at text, n > 0 of them left; 0: it is not well-formed. */
size_t weir__text_character(const char *text, size_t n);
bool weir__text_is_utf8(const char *text, size_t n);

#endif
