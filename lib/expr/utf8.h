/*
 * utf8.h - text as code points.
 *
 * Text may hold any bytes. A byte that does not begin a well-formed sequence (RFC 3629: no overlong
 * forms, no surrogates, nothing above U+10FFFF) counts as one character and is passed on as it is.
 * Nothing reads past the end.
 */
#ifndef WEIR_EXPR_UTF8_H
#define WEIR_EXPR_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_BYTES_MAX 4           /* of a character */
#define UTF8_BROKEN    0x80000000u /* | the byte: not a code point */

/* A run of bytes, not owned. data NULL: null. */
struct text {
    const char *data;
    uint32_t length;
};

/* The bytes of the character at text (n > 0 of them left), 1 to 4; *ret_point is it, or UTF8_BROKEN
 * with the byte. */
uint32_t weir__utf8_decode(const char *text, uint32_t n, uint32_t *ret_point);
/* Writes a code point; to has room for UTF8_BYTES_MAX. Returns its bytes. */
uint32_t weir__utf8_encode(uint32_t point, char *to);
uint32_t weir__utf8_count(struct text text);
/* The bytes of the first `characters` characters, at most all. */
uint32_t weir__utf8_skip(struct text text, uint64_t characters);

/*
 * The lower or upper case letter of a code point, one to one, whatever the locale: Latin (Basic,
 * Latin-1, Extended-A and Additional), Greek, Cyrillic, Armenian and fullwidth letters. Everything
 * else is itself.
 */
uint32_t weir__utf8_lower(uint32_t point);
uint32_t weir__utf8_upper(uint32_t point);
/* Writes text in the other case to `to`, which has text.length bytes; that is always enough.
 * Returns the length. */
uint32_t weir__utf8_fold(struct text text, uint32_t (*fold)(uint32_t point), char *to);

/* text without the characters of `of` at its left, its right, or both. */
struct text weir__utf8_trim(struct text text, struct text of, bool left, bool right);

#endif
