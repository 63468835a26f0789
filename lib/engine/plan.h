/*
 * plan.h - from a pipeline to the blueprint of a run.
 *
 * A plan expands stage types, probes the source, binds every stage to its schema, gives each stage
 * its seats, fuses what can run in one process, adds up the memory, and lays the segment out.
 * Nothing is written.
 */
#ifndef WEIR_PLAN_H
#define WEIR_PLAN_H

#include <weir/engine.h>

/* engine */
#include "engine/blueprint.h"
#include "engine/graph.h"

enum { OUTPUT_REJECTS = -1, OUTPUT_STREAM = 0 };

/* What a draft reads: its stream, its rejects, or from 1 on something else that it puts out. */
struct draft_input {
    uint32_t draft;
    int output;
};

/* What a draft puts out beside its stream. */
struct draft_output {
    const char *name;
    bool read; /* by somebody */
    struct weir_schema schema;
    bool *needed;
};

/* One inner stage of the pipeline while it is planned. */
struct draft {
    uint32_t stage;                 /* index into blueprint.stage */
    const struct graph_stage *from; /* NULL: an implicit sink */
    const struct weir_stage_type *outer;
    struct weir_stage handle;
    struct stage_runtime runtime;
    struct settings *settings; /* from->settings, or own */
    struct node *with;         /* from->with, or own */
    bool owns;                 /* these two */
    bool asked_for;            /* by an option of the stage, which is another's type */
    struct draft_input input[GROUP_INPUTS];
    uint32_t inputs;
    struct weir_schema in[GROUP_INPUTS], out;
    bool *needed; /* of out */
    struct draft_output other[STAGE_OUTPUTS];
    uint32_t others;
    uint32_t readers; /* of its stream */
    bool bound;
    struct weir_probe probe; /* of a source */
    int head_fd;             /* what the probe kept of standard input; -1 */
    bool ordered;            /* its output */
    bool one_seat;           /* whatever its type says */
    bool spread;             /* a seat for each of its inputs */
    uint32_t seats;
    uint32_t group, member; /* where it is, once it is placed */
    int rejects_to;         /* index of the draft that writes its rejects to a file, -1: none */
};

struct weir_plan {
    struct weir_pipeline *pipeline;
    struct blueprint blueprint;
    struct draft *draft;
    uint32_t drafts;
    uint32_t chain; /* of these the first so many are the pipeline, the rest rejects files */
    int aside;      /* the one that takes records that kill their workers; -1: none */
    struct run_facts facts;
    struct weir_errors *errors; /* while it is made */
    struct weir_err not_yet;    /* lenient: why something could not be checked; code 0: nothing */
    uint64_t private_bytes;     /* of all workers */
    uint64_t oversize_bytes;    /* more, for a record that is larger than a slot */
    uint32_t oversize_count;    /* at a time, at most */
    char *text;                 /* canonical */
};

static inline bool draft_is_source(const struct draft *draft)
{
    return (draft->handle.type->traits & WEIR_SOURCE) != 0;
}

/* The schema of rejected records, as their rows come. */
int weir__rejects_schema(struct weir_schema *ret);

/* From the pipeline to drafts: types expanded, inputs joined, and what nobody wrote down added. */
int weir__plan_expand(struct weir_plan *plan);

/* Finds the ports that stages read, once what they put out is known. */
int weir__plan_find_ports(struct weir_plan *plan, struct weir_errors *errors);

/* Runs the source's probe in a short-lived process. What it finds goes into source->probe. */
int weir__plan_probe(struct draft *source, struct weir_err *err);

/* Looks at where the sinks write: two of them to one file, or to an input, cannot be. */
int weir__plan_check_outputs(struct weir_plan *plan, struct weir_errors *errors);

/* Errors from `before` on that have no place get that of the draft's stage. */
void weir__plan_place(const struct draft *draft, struct weir_errors *errors, size_t before);

/* Seats, fusion, ports: fills plan->blueprint's groups from the bound drafts. */
int weir__plan_groups(struct weir_plan *plan);

/* A stage that the program gives descriptors to. */
struct hosted_stage {
    const char *id;
    bool is_source;
    const struct weir_schema *schema; /* of its records */
};

/* The i-th of them; false behind the last. */
bool weir__plan_hosted(const struct weir_plan *plan, uint32_t i, struct hosted_stage *ret);

/* The memory of one worker of a group that is its own, in bytes. */
uint64_t weir__plan_private_bytes(const struct blueprint *blueprint, const struct group *group);

#endif
