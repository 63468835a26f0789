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

/*
 * A text is gone through twice: its blocks are marked, and then offsets are made of the marks. In one
 * loop that would be more than there are registers for, and what is carried from block to block
 * would go through memory.
 */
struct separators_mark {
    uint64_t delimiters; /* outside quotes */
    uint64_t ends;       /* of rows and of blank lines; of CRLF both */
};

/* From block to block. */
struct separators_carry {
    struct carry quotes;
    uint64_t at_row; /* 1 if a row may begin at the next byte */
};

/* The blocks of a text up to the first that is not regular. Zero-initialise; release when done. */
struct marks {
    struct separators_mark *mark;
    bool *doubled; /* by block: there may be doubled quotes in it */
    size_t blocks, capacity;
    struct separators_carry carry; /* behind them */
    uint64_t lines;                /* physical line ends in them */
    size_t offset;                 /* of the row that is to be looked at first */
};

/* Marks the text, and does what weir__rows_scan does. */
void weir__marks_scan(struct marks *marks, const struct rows *rows, struct rows_scan *scan,
                      const char *text, size_t n);
/* The text was scanned from a state that meets this one, its true one (weir__rows_meet). */
void weir__marks_correct(struct marks *marks, const struct rows *rows, enum rows_state state,
                         bool after_cr, const char *text);
/* Forgets what stands before the offset, where a row begins. */
void weir__marks_begin(struct marks *marks, size_t offset);
void weir__marks_release(struct marks *marks);

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
    struct marks stretch;      /* in work */
    uint64_t at_row;           /* of the next block: where a row may begin, behind another */
    const struct marks *known; /* borrowed: marks that need not be made; or NULL */
    size_t known_next;         /* the next of their blocks */
};

/* Rows of up to so many columns. False when memory ran out. */
bool weir__separators_init(struct separators *separators, const struct rows *rows, size_t columns);
void weir__separators_release(struct separators *separators);

/* Forgets all, and begins at a row's start. */
void weir__separators_begin(struct separators *separators, size_t offset);

/* The same at offset 0 of n bytes, which are those of a marked text from marks->offset on. Borrows the
 * marks. */
void weir__separators_begin_known(struct separators *separators, const struct marks *marks,
                                  size_t n);

/* Forgets the complete rows. */
void weir__separators_drop(struct separators *separators);

/* Looks at some more of the n bytes of text; complete rows are to be dropped first. False if it cannot, for what follows is not regular,
 * the text has ended, or a row has too many fields. */
bool weir__separators_more(struct separators *separators, const char *text, size_t n);

#endif
