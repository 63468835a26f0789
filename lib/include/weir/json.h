/* json.h - looking through JSON (RFC 8259) where it stands. */
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

#include <weir/batch.h>

/* Paths like $.a.b[0], the pointers /a/b/0 of RFC 6901, or a key alone. */
WEIR_PUBLIC bool weir_json_path_is_known(const char *path);
/* Whether the text is JSON. */
WEIR_PUBLIC bool weir_json_is_valid(struct weir_value text);
/*
 * The value at the path of a text that is valid: a string without its quotes, all else as it is
 * written; null where it is null or there is none. With *ret_escaped it is a string with escapes in
 * it.
 */
WEIR_PUBLIC struct weir_value weir_json_find(struct weir_value json, const char *path,
                                             bool *ret_escaped);
/* The same as it is written, null and strings too. */
WEIR_PUBLIC struct weir_value weir_json_at(struct weir_value json, const char *path);
/* The element of an array behind the one that ends at *at (0: the first), as it is written; moves
 * *at behind it. False if there is none, or it is no array. */
WEIR_PUBLIC bool weir_json_next(struct weir_value array, uint32_t *at, struct weir_value *ret);
/* Writes such a string without its escapes to `to`, at most string.length bytes; returns how many.
 * \udc80 to \udcff without the other half of a pair become the bytes 0x80 to 0xff. */
WEIR_PUBLIC uint32_t weir_json_unescape(struct weir_value string, char *to);

#endif
