/*
 * plan.h - from a pipeline to the blueprint of a run.
 *
 * A plan expands stage types, probes the source, binds every stage to its schema, gives each stage
 * its seats, fuses what can run in one process, adds up the memory, and lays the segment out.
 * Nothing is written.
 */
#ifndef WEIR_PLAN_H
#define WEIR_PLAN_H

#include <weir/weir.h>

/* engine */
#include "engine/blueprint.h"
#include "engine/graph.h"

/* One inner stage of the pipeline while it is planned. */
struct draft {
    uint32_t stage;                 /* index into blueprint.stage */
    const struct graph_stage *from; /* NULL: an implicit rejects file */
    const struct weir_stage_type *outer;
    struct weir_stage handle;
    struct stage_runtime runtime;
    struct settings *settings; /* from->settings, or own */
    struct node *with;         /* from->with, or own */
    struct weir_schema in, out;
    bool *needed; /* of out */
    bool bound;
    uint64_t splits; /* of a source that many seats may read; else 0 */
    bool ordered;    /* its output */
    uint32_t seats;
    uint32_t group;
    int rejects_to; /* index of the draft that takes its rejects, -1: none */
};

struct weir_plan {
    struct weir_pipeline *pipeline;
    struct blueprint blueprint;
    struct draft *draft;
    uint32_t drafts;
    uint32_t chain; /* of these the first so many are the pipeline, the rest rejects files */
    int aside;      /* the one that takes records that kill their workers; -1: none */
    struct run_facts facts;
    struct weir_probe probe;
    int head_fd;             /* what the probe kept of standard input; -1 */
    struct weir_err not_yet; /* lenient: why something could not be checked; code 0: nothing */
    uint64_t private_bytes;  /* of all workers */
    uint64_t oversize_bytes; /* more, for a record that is larger than a slot */
    uint32_t oversize_count; /* at a time, at most */
    char *text;              /* canonical */
};

/* Runs the source's probe in a short-lived process. What it finds goes into plan->probe. */
int weir__plan_probe(struct weir_plan *plan, struct draft *source, struct weir_err *err);

/* Seats, fusion, ports: fills plan->blueprint's groups from the bound drafts. */
int weir__plan_groups(struct weir_plan *plan);

/* The memory of one worker of a group that is its own, in bytes. */
uint64_t weir__plan_private_bytes(const struct blueprint *blueprint, const struct group *group);

#endif
