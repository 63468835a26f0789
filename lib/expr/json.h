/*
 * json.h - looking through JSON. Where a value is asked for, the text is known to be JSON.
 *
 * \udc80 to \udcff in a string, without the other half of a pair, stand for the bytes 0x80 to 0xff:
 * text that is not UTF-8 is written so.
 */
#ifndef WEIR_EXPR_JSON_H
#define WEIR_EXPR_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* expr */
#include "expr/utf8.h"

bool weir__json_is_valid(struct text x);
/* The value at the path as it is written; false if there is none. */
bool weir__json_find(struct text x, struct text path, struct text *ret);
/* The array's element behind the one that ends at *at (0: the first), as it is written; moves *at
 * behind it. False if there is none, or the value is no array. */
bool weir__json_next(struct text array, uint32_t *at, struct text *ret);
/* How many elements the array has; -1 if the value is none. */
int64_t weir__json_count(struct text value);
/* A value as it is written, but null for null and a string without its quotes; with *ret_escaped
 * weir__json_unescape is still to be called. */
struct text weir__json_string(struct text value, bool *ret_escaped);
/* Writes at most string.length bytes, and returns how many. */
uint32_t weir__json_unescape(struct text string, char *to);

#endif
