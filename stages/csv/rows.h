/*
 * rows.h - where rows of CSV end, exactly where libcsv ends them, for malformed text too.
 *
 * libcsv as we use it (not strict, no byte is a space) is a machine of five states:
 *
 *                    delimiter  CR or LF        quote        any other
 *     ROW            FIELD      ROW  (blank)    QUOTED       UNQUOTED      at a row's start
 *     FIELD          FIELD      ROW  (row end)  QUOTED       UNQUOTED      at a field's start
 *     UNQUOTED       FIELD      ROW  (row end)  UNQUOTED     UNQUOTED
 *     QUOTED         QUOTED     QUOTED          AFTER_QUOTE  QUOTED
 *     AFTER_QUOTE    FIELD      ROW  (row end)  QUOTED       QUOTED
 *
 * Where spaces around fields are dropped (libcsv trims) there are two states more, for a space is
 * then no other byte: it leads from ROW to SPACES, from AFTER_QUOTE to AFTER_SPACES, and changes no
 * further state.
 *
 *     SPACES         FIELD      ROW  (blank)    QUOTED       UNQUOTED
 *     AFTER_SPACES   FIELD      ROW  (row end)  AFTER_QUOTE  QUOTED
 *
 * And where lines that begin with some byte are comments, which libcsv does not know, that byte
 * leads from ROW to COMMENT, which lasts to the line's end.
 *
 * A cut behind any CR or LF that leads to ROW leaves libcsv's state as it was at the beginning, so
 * that what follows may be parsed by another parser. CRLF is one line end and must not be cut in
 * two: that is for the caller to see to.
 */
#ifndef WEIR_CSV_ROWS_H
#define WEIR_CSV_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "csv/simd.h"

enum rows_state {
    ROWS_ROW,
    ROWS_FIELD,
    ROWS_UNQUOTED,
    ROWS_QUOTED,
    ROWS_AFTER_QUOTE,
    ROWS_SPACES,
    ROWS_AFTER_SPACES,
    ROWS_COMMENT
};

enum rows_class { ROWS_OTHER, ROWS_DELIMITER, ROWS_END, ROWS_QUOTE, ROWS_SPACE, ROWS_MARK };

struct rows {
    unsigned char delimiter, quote;
    int comment; /* the byte, or -1 */
    bool trims;
    unsigned char class_of[256]; /* enum rows_class */
    enum simd simd;
};

void weir__rows_init(struct rows *rows, unsigned char delimiter, unsigned char quote);
/* Lines that begin with that byte are comments. */
void weir__rows_skip_comments(struct rows *rows, unsigned char comment);
/* Spaces and tabs around fields are dropped. */
void weir__rows_trim(struct rows *rows);

/* Zero-initialise at a row's start; then pass the pieces of the text one after the other. */
struct rows_scan {
    enum rows_state state; /* behind the last byte */
    bool after_cr;         /* the last byte was a CR */
    uint64_t
        lines; /* physical line ends so far, within quotes too; CR, LF and CRLF count one each */
};

/* Passes over n bytes from any state. Returns the offset behind the last row end (or blank line) in them, 0 if
 * there is none. */
size_t weir__rows_scan(const struct rows *rows, struct rows_scan *scan, const char *bytes,
                       size_t n);

/* How much of n bytes at a row's start stands before the first comment. */
size_t weir__rows_to_comment(const struct rows *rows, const char *bytes, size_t n);
/* How much of n bytes the line takes that they begin with, with its end. */
size_t weir__rows_line(const char *bytes, size_t n);

/*
 * How much of n bytes at a row's start, up to a row end, has no space or tab (other than the
 * delimiter) outside quotes beside a delimiter, a quote, a row end or an edge of the text. There
 * libcsv gives the same fields whether it trims spaces or not. May say less than there is (0 where
 * looking would cost more than it saves).
 */
size_t weir__rows_without_edge_spaces(const struct rows *rows, const char *bytes, size_t n);

/* The physical line ends in a text that does not begin between CR and LF. */
uint64_t weir__rows_lines(const char *bytes, size_t n);

/*
 * The same machine byte by byte, stopping at every row: for messages, which are about places.
 * Zero-initialise; offsets count from the first byte that was passed, lines and columns (bytes in a
 * line) from 0.
 */
struct rows_trace {
    enum rows_state state;
    bool after_cr;
    uint64_t offset;     /* of the next byte */
    uint64_t line;       /* its line */
    uint64_t line_start; /* where that line begins */
    uint32_t field;      /* of the row, from 0 */
    uint64_t quote_offset, quote_line,
        quote_column; /* where the field's quote was opened; valid if QUOTED */
};

enum rows_found { ROWS_NONE, ROWS_FOUND_ROW, ROWS_FOUND_BLANK, ROWS_FOUND_COMMENT };

/*
 * Goes on to just behind the next row end, blank line or comment, taking the LF of a CRLF with it.
 * ROWS_NONE: not within the n bytes. *used is how many of them were passed.
 */
enum rows_found weir__rows_next(const struct rows *rows, struct rows_trace *trace,
                                const char *bytes, size_t n, size_t *used);

/* The state that text from the middle of a file begins with, to all appearance: ROWS_ROW or
 * ROWS_QUOTED. */
enum rows_state weir__rows_guess(const struct rows *rows, const char *bytes, size_t n);

/* True if a machine that begins in state a and one that begins in b are in the same state behind
 * ROWS_MEET_BYTES, or all of the text, and from there on. */
#define ROWS_MEET_BYTES 4096
bool weir__rows_meet(const struct rows *rows, enum rows_state a, enum rows_state b,
                     const char *bytes, size_t n);

/* The same as weir__rows_scan, byte by byte. */
size_t weir__rows_scan_bytes(const struct rows *rows, struct rows_scan *scan, const char *bytes,
                             size_t n);

#endif
