/*
 * runs.h - rows in runs, each in the order of its keys, in the file that a seat keeps; and merging
 * them.
 *
 * A row is a key and what goes with it. A seat writes a run behind what its committed state says
 * the file holds, and the state says so with the same commit: there is nothing to repair when it
 * dies. At its end it makes one run of all. Whoever merges maps the files into memory, so that any
 * number of runs is merged at once, and what it holds is pages of files, which the system takes
 * back when it needs them.
 */
#ifndef WEIR_STAGES_KEPT_RUNS_H
#define WEIR_STAGES_KEPT_RUNS_H

#include <weir/stage.h>

#include "kept/bytes.h"

struct row {
    const char *key, *data;
    uint32_t key_bytes, data_bytes;
};

/* ---- rows in memory ---- */

struct row_order; /* of one row */

/* Zero-initialise; release. Rows are added in any order: begin, add to bytes, the key first. */
struct rows {
    struct bytes bytes;
    struct row_order *order;
    uint32_t count, capacity;
    size_t begun; /* where the row that is being added stands */
};

void weir__rows_release(struct rows *rows);
void weir__rows_clear(struct rows *rows);
void weir__rows_begin(struct rows *rows);
void weir__rows_end_key(struct rows *rows);
/* The row is whole. False when memory ran out, then or since begin. */
bool weir__rows_end(struct rows *rows);

/* ---- the file ---- */

/* Committed: part of a stage's state. */
struct runs_state {
    uint64_t bytes; /* of the file that are runs */
};

/* The state of a stage that merges what the seats before it have kept. */
struct runs_gathered {
    uint64_t run[64]; /* of each seat, where its run stands in its file, plus one */
};

/* Appends the rows, sorted by their keys, to the seat's file as a run. Rows of one key stay in the
 * order in which they were added. 0 or a negative code. */
int weir__runs_append(struct weir_stage *stage, struct runs_state *state, struct rows *rows);

/* ---- merging ---- */

struct merge_source;

/* Zero-initialise; release. */
struct merge {
    struct merge_source *source; /* a heap: the one with the lowest key first */
    uint32_t sources, capacity;
    struct mapping {
        void *base;
        size_t bytes;
    } * mapping;
    uint32_t mappings;
    bool moved; /* the row given last has to be left first */
    bool damaged;
};

/* The runs that have been gathered. 0 or a negative code. */
int weir__merge_add_gathered(struct weir_stage *stage, struct merge *merge,
                             const struct runs_gathered *gathered);
/* The next row, in the order of keys; of several with one key that of the run added first. It stays
 * until release. False behind the last, or for a file that is damaged. */
bool weir__merge_next(struct merge *merge, struct row *ret);
void weir__merge_release(struct merge *merge);

/* ---- a seat's end ---- */

struct run_writer;
void weir__run_add(struct run_writer *writer, const struct row *row);

/* For finish of a stage that appends runs: gives all rows in order to `each`, which writes what it
 * makes of them, makes that one run, and tells the next stage where it stands. The last call of
 * each has no row. 0 or a negative code. */
int weir__runs_finish(struct weir_stage *stage, const struct runs_state *state,
                      int (*each)(struct weir_stage *stage, const struct row *row,
                                  struct run_writer *writer),
                      struct weir_output *out);

/* For process of the next stage: takes what one seat has told. */
int weir__runs_gather(struct weir_stage *stage, struct runs_gathered *gathered,
                      const struct weir_batch *in);

#endif
