/*
 * separators.h - where the fields of regular CSV stand: delimiters and row ends outside quotes,
 * found by masks (masks.h), with twins for what processors have. All twins give the same answers.
 */
#ifndef WEIR_CSV_SEPARATORS_H
#define WEIR_CSV_SEPARATORS_H

#include "csv/masks.h"

/* Rows from the first to the last, which need not be here as a whole. */
struct separators_rows {
    uint32_t first, last;
};

/* From block to block. */
struct separators_carry {
    struct carry quotes;
    uint64_t at_row; /* 1 if a row may begin at the next byte */
};

/*
 * Always true between calls: at[0] is the end of row 0's first field; row i begins at begin[i] and
 * its last separator, the row end, is at[last[i]]; row i + 1 has those behind it. Blank lines
 * belong to no row. Zero-initialise; release when done.
 */
struct separators {
    uint32_t *at; /* offsets in the text */
    uint32_t *begin, *last;
    size_t count, begins,
        rows;         /* begins is rows, or one more: then that row's end is not here yet */
    size_t next;      /* offset of the first byte that has not been looked at */
    bool blank_stops; /* a blank line (other than the LF of a CRLF) is not regular */
    struct separators_rows *doubled; /* those that may have a doubled quote, in order */
    size_t doubles;

    size_t capacity;
    enum simd simd;
    unsigned char delimiter, quote;
    struct separators_carry carry;
    struct separators_mark *marks; /* of what is looked at */
};

/* Rows of up to so many columns. False when memory ran out. */
bool weir__separators_init(struct separators *separators, const struct rows *rows, size_t columns);
void weir__separators_release(struct separators *separators);

/* Forgets all, and begins at a row's start. */
void weir__separators_begin(struct separators *separators, size_t offset);

/* Forgets the complete rows. */
void weir__separators_drop(struct separators *separators);

/* Looks at some more of the n bytes of text; complete rows are to be dropped first. False if it cannot, for what follows is not regular,
 * the text has ended, or a row has too many fields. */
bool weir__separators_more(struct separators *separators, const char *text, size_t n);

#endif
