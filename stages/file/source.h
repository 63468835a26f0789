/*
 * source.h - reads files one after the other as batches of whole records: what csv.cut and
 * lines.cut share.
 *
 * The state always stands at a record's start, so that a successor reads on exactly there. A
 * regular file is read with pread at that offset, a full slot at a time; what stands behind the
 * last record end is read again with the next slot. Standard input is kept in a private buffer
 * instead, and a source that reads it cannot be replaced. So is what comes out of a compressed file;
 * a successor unpacks it again from the beginning.
 *
 * A record that does not fit the slot gets the large one. Of one that is larger than max_record
 * only the beginning is passed on, and a last record whose end is missing is passed on alone, both
 * with whole_bytes set: the next stage rejects them.
 */
#ifndef WEIR_FILE_SOURCE_H
#define WEIR_FILE_SOURCE_H

#include <weir/stage.h>

#include "file/input.h"

/* The stage's state: begin with zeros. */
struct source_state {
    uint64_t offset; /* in the file; valid once it was begun */
    uint64_t line;   /* physical lines before offset */
    uint32_t file;
    uint32_t begun;
};

/* How records are told apart. context is what weir__source_open was given. */
struct source_format {
    /*
     * The offset behind the last record end in n bytes at a record's start, 0 if there is none, and
     * how many physical lines end before it. `last`: the file ends behind them; then bytes without
     * a record end are a record too, unless something is missing in them.
     */
    size_t (*cut)(void *context, const char *bytes, size_t n, bool last, uint64_t *ret_lines);
    /* Passes over one record, piece by piece (first: its first). True when its end was found, *used
     * bytes into this one; *ret_lines counts from the record's start. */
    bool (*skip)(void *context, const char *bytes, size_t n, bool first, size_t *used,
                 uint64_t *ret_lines);
};

struct source_file {
    bool standard_input;
    uint64_t data_offset; /* where the records begin, behind a header */
    uint64_t data_line;   /* physical lines before them */
    uint64_t bytes;       /* the size that the probe found; 0 for what is read as a pipe */
};

struct source_hold {
    char *bytes;
    size_t used, capacity;
    uint64_t offset; /* of the first byte in the stream */
    uint64_t head;   /* bytes taken from weir_stdin_head */
    bool head_done, ended;
};

struct source {
    struct weir_stage *stage;
    struct source_state *state;
    const struct source_format *format;
    void *context;
    struct source_file *file; /* borrowed, weir_probed_files of them */
    struct input input;
    uint32_t opened; /* the file that input is; UINT32_MAX: none */
    struct source_hold hold;
    char *raw; /* the first bytes of a record that is passed over */
    size_t raw_bytes;
};

/* For open. Takes stage->state, a struct source_state. */
void weir__source_open(struct source *source, struct weir_stage *stage,
                       const struct source_format *format, void *context, struct source_file *file);
/* For produce. */
int weir__source_produce(struct source *source, struct weir_output *out);
/* Accepts a zeroed or half-opened one. */
void weir__source_close(struct source *source);

#endif
