/*
 * json.h - writes JSON to a stream, one value at a time.
 *
 * Always true: what was written so far is the beginning of a valid document, if every open has its
 * close. Text is escaped as RFC 8259 section 7 says; bytes that are not UTF-8 become U+FFFD. key is
 * NULL inside a list and for the outermost value. Errors of the stream are the caller's to look at
 * (ferror).
 */
#ifndef WEIR_CLI_JSON_H
#define WEIR_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *to;
    bool indented; /* else all on one line */
    unsigned depth;
    bool inside; /* something stands before in the same list or object */
};

void json_open(struct json *json, const char *key, char bracket);      /* '{' or '[' */
void json_close(struct json *json, char bracket);                      /* '}' or ']' */
void json_text(struct json *json, const char *key, const char *value); /* NULL is null */
void json_number(struct json *json, const char *key, uint64_t value);
void json_signed(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);

#endif
