/*
 * parse.h - csv.parse: rows of text in, columns out.
 *
 * A batch of text may give several batches of records: the cursor is the byte offset of the row to
 * begin with. Regular rows go the fast way (fast.c), all others through libcsv. Values stand in the
 * text itself, or in one heap, which is a copy of the text where a row has gone the fast way. It is as
 * large as the text that they come from, so that nothing has to be checked while fields come in.
 */
#ifndef WEIR_CSV_PARSE_H
#define WEIR_CSV_PARSE_H

#include <csv.h>
#include <weir/stage.h>

#include "csv/read.h"
#include "csv/rows.h"
#include "csv/separators.h"

/* Behind the heap, and in libcsv's buffer: short values are copied in fixed sizes. */
#define PARSE_HEAP_SLACK 32

enum parse_bad_kind {
    PARSE_BAD_ROW,
    PARSE_BROKEN, /* `record` is in the batch, until weir__parse_drop_broken */
    PARSE_TAKEN   /* was broken, and is a record all the same: its broken values are null */
};

/* A row that is no record: it has not as many fields as the header, a quote where none
 * may be, or a value that is not UTF-8. */
struct parse_bad {
    uint32_t record; /* the number that it would have had as a record */
    uint32_t row;    /* of the rows since the cursor */
    uint32_t fields; /* 0: a stray quote */
    uint32_t stray;  /* offset in the text of what libcsv stumbled over */
    enum parse_bad_kind kind;
};

/* Walks over the rows of a text, to say where the n-th stands. */
struct parse_walk {
    struct rows_trace trace;
    uint32_t row; /* the next */
    bool begun;
    uint64_t line; /* of the row at the cursor */
};

struct parse {
    /* what libcsv's callbacks use, first */
    uint32_t field;  /* of the row that is being read */
    uint32_t fields; /* that rows of the current file have */
    uint32_t records;
    uint32_t heap_used;
    uint64_t **target; /* by field: the column's entries, NULL if nobody needs it */
    char *heap;
    const char *const *null_value;
    size_t null_values;
    uint32_t capacity; /* records that the entries have room for */
    uint32_t rows_seen;
    uint32_t row_heap; /* heap_used where the row began */
    int last_end;      /* the byte that ended the last row */
    bool null_fill, ignore_extra, failed;
    bool unites;      /* files have some of the columns */
    bool keeps_blank; /* a blank line is a record of nulls */
    bool wants_utf8;  /* a value that is not UTF-8 is an error of its record */

    uint64_t *entries; /* needed * capacity */
    uint32_t columns;
    uint32_t *column_of; /* by field, as the current file has them */
    bool *lacked;        /* by column: the current file has it not */
    uint32_t *place;     /* by column: which of the needed it is, or UINT32_MAX */
    uint32_t needed;
    bool in_text;        /* the values of this batch stand in the text, not in the heap */
    bool fast;           /* regular rows go the fast way */
    bool endless;        /* a batch may be of any size */
    struct parse *other; /* owned: libcsv alone, to compare with; or NULL */
    struct separators separators;
    struct weir_column *column; /* for the batch */
    size_t heap_capacity;
    size_t segment_bytes;

    struct parse_bad *bad;
    size_t bad_count, bad_capacity;

    struct csv_parser parser;
    struct rows rows;
    struct csv_layout layout;
    uint32_t file; /* that column_of is made for */

    /* the text in work */
    const struct weir_batch *in;
    struct weir_batch before_whole; /* that is it, where the last row can't be taken */
    size_t from;
    size_t end; /* of what stands before the next comment */
    struct parse_walk walk;
};

/* libcsv's callbacks; context is the parse. */
void weir__parse_take_field(void *bytes, size_t length, void *context);
void weir__parse_end_row(int end, void *context);
/* Room for at least so many records; what is there is kept. False when memory ran out. */
bool weir__parse_reserve(struct parse *parse, uint32_t capacity);
/* After entries or column_of have changed. */
void weir__parse_set_targets(struct parse *parse);
/* Remembers that the row in work is bad. False when memory ran out. */
bool weir__parse_note_bad(struct parse *parse, uint32_t fields, size_t stray);

/* Begins a batch with the row at `from`, and takes rows up to *ret_end. 0, or a code after
 * weir_fail. */
int weir__parse_text(struct weir_stage *stage, struct parse *parse, const struct weir_batch *in,
                     size_t from, size_t *ret_end);
/* A needed column of the batch. */
struct weir_column weir__parse_column(const struct parse *parse, uint32_t column);

/* True if both made the same of the same text; else *ret_row is the first row that differs. */
bool weir__parse_same(const struct parse *a, const struct parse *b, uint32_t *ret_row);
/* Fails if libcsv alone makes something else of the text up to end. */
int weir__parse_verify(struct weir_stage *stage, struct parse *parse, size_t end);

/* Adds the records with values that are not UTF-8 to the bad rows. False when memory ran out. */
bool weir__parse_note_broken(struct parse *parse);
/* Makes the broken values of such a record null, and says that each is no UTF-8. A verdict or a code. */
int weir__parse_reject_broken(struct weir_stage *stage, struct parse *parse, struct parse_bad *bad,
                              const struct weir_position *position);
/* Leaves those of them out of the batch that were not taken. */
void weir__parse_drop_broken(struct parse *parse);

/* True if these bytes stand for null. */
bool weir__parse_is_null(const struct parse *parse, const char *bytes, size_t length);

/* True if the batch should not get larger. */
bool weir__parse_is_full(const struct parse *parse);

/* Takes regular rows from the offset on, as many as there are. Returns where the first row begins
 * that it cannot take; separators.next is where it stopped looking. Sets failed when memory ran
 * out. */
size_t weir__parse_fast(struct parse *parse, size_t at);
/* Lets all values stand in the heap. */
void weir__parse_leave_text(struct parse *parse);

/* Where a row stands (counted from the cursor), in its file and in the text. */
struct parse_place {
    struct weir_position position;
    size_t begin, end; /* the end is behind its line end */
};
void weir__parse_find(struct parse *parse, uint32_t row, struct parse_place *ret);

/* For weir_batch.locate. */
void weir__parse_locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret);

/* Rejects a row that came as a batch of its own, since it is too large or its end is missing. A
 * verdict or a code. */
int weir__parse_reject_whole(struct weir_stage *stage, const struct weir_batch *in);

#endif
