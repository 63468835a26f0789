/*
 * json_write.h - writes JSON to a stream, one value at a time.
 *
 * Always true: what was written so far is the beginning of a valid document, if every open has its
 * close. Text is escaped as RFC 8259 section 7 says; bytes that are not UTF-8 become U+FFFD. key is
 * NULL inside a list and for the outermost value. Errors of the stream are the caller's to look at
 * (ferror).
 */
#ifndef WEIR_JSON_WRITE_H
#define WEIR_JSON_WRITE_H

#include <weir/err.h>

/* `to` is the caller's; the rest is zeroed but for `indented`. */
struct weir_json_writer {
    FILE *to;
    bool indented; /* else all on one line */
    unsigned depth;
    bool inside; /* something stands before in the same list or object */
};

/* Each writes one value; bracket is '{' or '['. */
WEIR_PUBLIC void weir_json_open(struct weir_json_writer *json, const char *key, char bracket);
WEIR_PUBLIC void weir_json_close(struct weir_json_writer *json, char bracket);
/* value NULL is null. */
WEIR_PUBLIC void weir_json_text(struct weir_json_writer *json, const char *key, const char *value);
/* Numbers, and true or false. */
WEIR_PUBLIC void weir_json_number(struct weir_json_writer *json, const char *key, uint64_t value);
WEIR_PUBLIC void weir_json_signed(struct weir_json_writer *json, const char *key, int64_t value);
WEIR_PUBLIC void weir_json_bool(struct weir_json_writer *json, const char *key, bool value);

#endif
