/*
 * runtime.h - what stands behind a `struct weir_stage`: its settings, and where its words go.
 *
 * The engine fills one in for each stage, in planning and in a worker; the functions of
 * weir/stage.h that a stage calls (weir_fail, weir_reject, weir_option_*, ...) read it. Nothing
 * here is shared between processes.
 */
#ifndef WEIR_STAGE_RUNTIME_H
#define WEIR_STAGE_RUNTIME_H

#include <weir/stage.h>

/* stage */
#include "stage/option.h"

enum on_error { ON_ERROR_STOP, ON_ERROR_REJECT, ON_ERROR_DROP, ON_ERROR_SET_NULL };

/* What every stage of a run sees alike. */
struct run_facts {
    char *const *file; /* the input files, for messages */
    size_t files;
    size_t max_record;
    size_t split_bytes;
    const char *run_id;
};

/* Where the rows of rejected records go: free bytes of a slot. A row that does not fit makes
 * weir_reject answer WEIR_FULL; one that would not fit into an empty slot has its raw bytes cut. */
struct reject_room {
    char *bytes;
    size_t capacity, used;
    uint32_t rows;
};

enum { STAGE_INPUTS = 16, STAGE_OUTPUTS = 16 };

struct stage_runtime {
    const struct settings *settings;
    const struct run_facts *facts;
    uint32_t first_file, files;                    /* a source's, of the run's */
    uint32_t workers;                              /* as the file says; 0: auto */
    const struct weir_schema *input[STAGE_INPUTS]; /* of a stage with several; else stage->in */
    uint32_t inputs;
    const bool
        *output_needed[STAGE_OUTPUTS]; /* of outputs beside the stream; NULL: nobody reads it */
    const char *probed;                /* the probe's text, or NULL */
    int head_fd;                       /* what the probe kept of standard input, or -1 */
    int kept_fd;                       /* of a type that keeps, else -1 */
    const int *given;                  /* of a type with WEIR_HOSTED: WEIR_GIVEN of them */
    const int *kept_before;            /* one a seat of the group before */
    uint32_t kept_befores;
    uint32_t seat;
    uint64_t number; /* of the input in hand */
    bool fresh;

    struct weir_err *err;       /* where weir_fail puts its words; set in both places */
    struct weir_errors *errors; /* planning: where weir_option_error adds; NULL in a worker */

    enum on_error on_error;
    struct reject_room *rejects; /* NULL: rejected records are counted only */
    uint64_t rejected;           /* in this call */
    uint64_t
        rejects_done; /* of these, rows that an earlier worker has published: not written again */

    int (*oversize)(struct weir_stage *stage, struct weir_output *out);
    int (*receive)(struct weir_stage *stage, uint64_t *ret);
    void (*hand_on)(struct weir_stage *stage, uint64_t word);
    void *engine; /* the engine's own, for these three */
};

/* Writes "FILE:LINE (byte OFFSET)" for messages. False, and nothing, where the place is not known. */
bool weir__position_text(const struct weir_stage *stage, const struct weir_position *position,
                         char *to, size_t room);

/* Puts the place of a bad record into the error's own fields. column may be NULL. */
void weir__place_record(const struct weir_stage *stage, const struct weir_position *position,
                        const char *column, struct weir_err *err);

/* What is told of a rejected record, and the first line of a rejects file. */
#define WEIR_REJECTS_COLUMNS "file", "line", "byte", "column", "reason", "raw"
#define WEIR_REJECTS_HEADER  "file,line,byte,column,reason,raw\n"

#endif
