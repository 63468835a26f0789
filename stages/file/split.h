/*
 * split.h - reads files in pieces, by any number of seats: what csv.cut and lines.cut share, beside
 * source.h.
 *
 * Split after split stands for the pieces of the files, of about weir_split_bytes each. A split's
 * records are those that begin in its piece; the last may end far behind it. Where the first begins
 * depends on all that stands before, so every split hands the state in which its piece ends on to
 * the next. To know that early each seat guesses the state in which its own piece begins, and scans
 * it before it is told; only where the guess was wrong it scans again.
 *
 * The result is the same as that of one pass over the files, whatever stands in them, however they
 * are divided.
 */
#ifndef WEIR_FILE_SPLIT_H
#define WEIR_FILE_SPLIT_H

#include <weir/stage.h>

#include "file/input.h"
#include "file/source.h"

/* Somewhere in a file. */
struct split_state {
    unsigned machine; /* the format's own, below 8; 0: at a record's start */
    bool after_cr;    /* behind a CR, which a LF may belong to */
    uint64_t lines;   /* physical line ends before, of the file */
};

struct split_format {
    /* Moves the state over n bytes. */
    void (*scan)(void *context, struct split_state *state, const char *bytes, size_t n);
    /* The same, but stops behind the first record end, or blank line, the LF of a CRLF with it.
     * False if there is none. *used: how many bytes were passed. */
    bool (*next)(void *context, struct split_state *state, const char *bytes, size_t n,
                 size_t *used);
    /* The machine that bytes from the middle of a file begin with, to all appearance. */
    unsigned (*guess)(void *context, const char *bytes, size_t n);
    /* True if machines that begin with either are surely the same behind n bytes. */
    bool (*meet)(void *context, unsigned a, unsigned b, const char *bytes, size_t n);
    /* Told the state in which bytes begin that were scanned from one that meets it; or NULL. */
    void (*correct)(void *context, const struct split_state *state, const char *bytes);
    /* True if a file may not end like this: its last record is unfinished. */
    bool (*unfinished)(unsigned machine);
};

struct splits {
    struct weir_stage *stage;
    const struct split_format *format;
    void *context;
    const struct source_file *file; /* borrowed, weir_probed_files of them */
    uint64_t *first;                /* by file: its first split; one more behind the last */
    struct input input;
    size_t opened; /* the file that input is; SIZE_MAX: none */
    char *bytes;
    size_t capacity;
};

/* For probe: how many splits the files have. 0 if one of them can't be read so: standard input, or
 * a file without a size. */
uint64_t weir__splits_count(const struct weir_stage *stage, const struct source_file *file,
                            size_t files);

/* For open. 0 or a code after weir_fail. */
int weir__splits_open(struct splits *splits, struct weir_stage *stage,
                      const struct split_format *format, void *context,
                      const struct source_file *file);
/* For read_split. */
int weir__splits_read(struct splits *splits, uint64_t split, struct weir_batch *ret);
/* Accepts a zeroed or half-opened one. */
void weir__splits_close(struct splits *splits);

#endif
