/* name.h - names of files in text, as coreutils writes them since 9.1: one with a newline, a
 * carriage return or a backslash has those as \n, \r and \\, and a backslash in front of its line. */
#ifndef WEIR_HASH_NAME_H
#define WEIR_HASH_NAME_H

#include <stdbool.h>
#include <stddef.h>

bool weir__name_is_escaped(const char *name, size_t bytes);
/* Writes at most 2 * bytes to `to`. Returns how many. */
size_t weir__name_escape(const char *name, size_t bytes, char *to);
/* In place. Returns the bytes; -1 if a backslash stands before something else. */
long weir__name_unescape(char *name, size_t bytes);
/* For messages: escaped if need be, with the backslash in front. To be freed; NULL: no memory. */
char *weir__name_text(const char *name, size_t bytes);

#endif
