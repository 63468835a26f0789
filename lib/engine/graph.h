/*
 * graph.h - a pipeline as its file describes it: stages, edges, and the settings of the run.
 *
 * Made by config/ from YAML (or by a host program), read by the plan. Nothing here has been opened
 * or bound to data.
 */
#ifndef WEIR_GRAPH_H
#define WEIR_GRAPH_H

#include <weir/engine.h>

/* stage */
#include "stage/node.h"
#include "stage/option.h"
#include "stage/runtime.h"

/* What a stage reads: another one's stream, or something else that it puts out. */
struct graph_input {
    uint32_t stage;              /* its index: it stands above */
    char *port;                  /* owned; NULL: the stream */
    uint32_t line, column, span; /* of the name in the file; line 0: it is the stage above */
};

enum { GRAPH_INPUTS = 16 };

struct graph_stage {
    char *id;
    const struct weir_stage_type *type; /* NULL after an error */
    struct node *with;                  /* owned; NULL: none */
    struct settings *settings;
    struct graph_input
        input[GRAPH_INPUTS]; /* in the order of its type's `inputs`, if it has them */
    uint32_t inputs;         /* 0: a source */
    uint32_t workers;        /* 0: auto */
    bool unordered;          /* order: none */
    enum on_error on_error;
    bool on_error_given;
    char *rejects_path; /* owned; NULL: rejected records are counted only */
    bool isolate;
    bool confined;              /* sandbox is what the file says, not what the type can bear */
    uint32_t sandbox;           /* bits WEIR_SANDBOX_... */
    uint64_t record_timeout_ms; /* how long its code may take for one record; 0: no limit */
    uint64_t worker_memory;     /* bytes that a worker of it may have of its own; 0: as planned */
    uint32_t line, column;      /* of its entry in the file */
};

struct weir_pipeline {
    char *name;
    char *file; /* for messages */
    bool from_standard_input;
    char *text; /* the pipeline file itself, for source lines in messages */
    struct graph_stage *stage;
    size_t stages;
    struct node *tests; /* owned; what the tests' texts stand in */
    struct weir_test *test;
    size_t tests_count;
    /* run: */
    uint64_t memory_bytes;     /* ceiling; 0: none */
    uint32_t slot_bytes;       /* 256 KiB */
    uint32_t slots;            /* a ring; 16 */
    uint32_t max_record_bytes; /* 16 MiB */
    /* A number of records, or if percent a share in millionths of what entered the sources. */
    struct limit {
        uint64_t value;
        bool percent;
    } max_rejected, max_failed;
    struct {
        char *path; /* owned */
        uint64_t max;
        uint32_t poison_after; /* so many workers may die of one record; 0: nothing is set aside */
    } quarantine;
    bool unordered;      /* order: none, where a stage does not say it */
    bool stop_publishes; /* on_stop: publish */
    uint64_t timeout_ms; /* 0: none */
    uint32_t
        restarts; /* 5: deaths of one seat without a commit between them, until the run gives up */
    char run_id[9]; /* chosen when the file is read, since ${run:id} may stand in it */
    /* What the command line gave in the file's stead. Places in number i have line ARGUMENT_LINE +
     * i until weir__pipeline_locate says what they are. */
    struct argument {
        char *text;                  /* owned: "--set STAGE.OPTION=VALUE" */
        size_t name_bytes;           /* of it, what stands before the = */
        uint32_t line, column, span; /* where the file asks for the value; line 0: nowhere */
    } * argument;
    size_t arguments;
};

#define ARGUMENT_LINE (1u << 30) /* beyond the lines of any file */

/* Adds an argument: name is "--set STAGE.OPTION", value as messages may show it. Returns the line
 * of its places, the value's column being strlen(name) + 2; 0 when memory ran out. */
uint32_t weir__pipeline_add_argument(struct weir_pipeline *pipeline, const char *name,
                                     const char *value);

/* Fills in an error that concerns a place in the graph's file: its name and the source line. One
 * about an argument names that, and is wrong usage where it was a mistake of the file. */
void weir__pipeline_locate(const struct weir_pipeline *pipeline, struct weir_err *err);

#endif
