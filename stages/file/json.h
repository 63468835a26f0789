/* json.h - a value as JSON (RFC 8259). */
#ifndef WEIR_FILE_JSON_H
#define WEIR_FILE_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* A string may need so many bytes, with its quotes; a number or a truth too. */
#define JSON_VALUE_MAX(bytes) (6 * (size_t)(bytes) + 8)

/*
 * These write to `to` and return the end of what they wrote.
 *
 * A string is UTF-8. A byte that is not part of a well-formed character is written as \udc80 to
 * \udcff, its value above 0xdc00, which no text gives: so it can be got back.
 */
char *weir__json_put_string(char *to, const char *text, size_t length);
/* NULL if the text is no JSON. Goes on one line, with bytes that are not UTF-8 as above. */
char *weir__json_put_json(char *to, const char *text, size_t length);
/* NULL if the text is no number. It keeps its digits, and loses what JSON does not allow: blanks
 * around it, a plus, zeros in front, a point without digits on both sides. */
char *weir__json_put_number(char *to, const char *text, size_t length);
/* NULL if the text is neither true nor false, as a cast to boolean reads it. */
char *weir__json_put_truth(char *to, const char *text, size_t length);

#endif
