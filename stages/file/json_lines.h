/* json_lines.h - records as lines of JSON, an object each. */
#ifndef WEIR_FILE_JSON_LINES_H
#define WEIR_FILE_JSON_LINES_H

#include <weir/stage.h>

/* ---- writing ---- */

struct json_key {
    char *text; /* "name": with its quotes and the colon */
    size_t bytes;
};

/* Zero-initialise; release. */
struct json_lines {
    const struct weir_schema *schema;
    struct json_key *key; /* of each column */
    size_t keys_bytes;
    bool *set_null; /* columns of the record in hand that are written as null */
    /* To be set: */
    bool omit_nulls;
    bool lenient; /* a value that is not what its type says is written as a string */
};

/* For records of this schema, which must stay. False when memory ran out. */
bool weir__json_lines_make(struct json_lines *lines, const struct weir_schema *schema);
void weir__json_lines_release(struct json_lines *lines);
/* Room for the record's line, whatever its values. */
size_t weir__json_line_most(const struct json_lines *lines, const struct weir_batch *in,
                            uint32_t record);
/* Writes a line to `to`, which has that room, and returns its end. NULL: the value of *ret_column is
 * not what its type says. */
char *weir__json_line_put(const struct json_lines *lines, const struct weir_batch *in,
                          uint32_t record, char *to, uint32_t *ret_column);

/* ---- reading ---- */

/*
 * Columns of values that stand in a text. With the first one that has escapes the text is copied, and
 * what they stand for goes behind the copy. Zero-initialise; release.
 */
struct json_values {
    const char *text;
    size_t text_bytes;
    uint32_t columns;
    uint64_t *entry; /* column by column, capacity each */
    uint32_t capacity;
    char *heap; /* heap_used 0: the text itself is the values' heap */
    size_t heap_used, heap_capacity;
};

/* For at most so many records of that text, which must stay. False when memory ran out. */
bool weir__json_values_begin(struct json_values *values, const char *text, size_t bytes,
                             uint32_t columns, uint32_t records);
/* The value at the path of a record's line. False when memory ran out. */
bool weir__json_values_take(struct json_values *values, uint32_t record, uint32_t column,
                            struct weir_value json, const char *path);
struct weir_column weir__json_values_column(const struct json_values *values, uint32_t column);
void weir__json_values_release(struct json_values *values);

/* Takes the blanks off a line that JSON allows around a value. Returns what is wrong with it as a
 * record; NULL: nothing, or it is blank. */
const char *weir__json_line_check(struct weir_value *line);

#endif
