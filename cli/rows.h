/*
 * rows.h - CSV as csv.write writes it, or plain lines, taken apart.
 */
#ifndef WEIR_CLI_ROWS_H
#define WEIR_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

struct cell {
    const char *text; /* with a NUL behind it */
    size_t bytes;
    bool null; /* nothing stood there, not even quotes */
};

struct row {
    const char *text; /* as it was written, without its line end; borrowed */
    size_t bytes;
    struct cell *cell;
    size_t cells;
};

struct rows {
    struct row *row;
    size_t count;
    struct cell *cell; /* of all rows */
    char *heap;
};

/* Not csv: each line is a row of one cell. False when memory ran out. text must stay. */
bool rows_read(const char *text, size_t bytes, bool csv, struct rows *ret);
void rows_release(struct rows *rows);

bool rows_same(const struct row *a, const struct row *b);

#endif
