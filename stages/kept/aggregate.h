/*
 * aggregate.h - the stage `aggregate`: groups records by columns, and makes one record of each
 * group.
 *
 * It expands into aggregate.partial, which any number of workers do: of each batch it makes a row a
 * group, and keeps them as a run (runs.h), all of which become one at its end; and aggregate.merge,
 * which has one seat and merges those of all workers.
 */
#ifndef WEIR_STAGES_KEPT_AGGREGATE_H
#define WEIR_STAGES_KEPT_AGGREGATE_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_aggregate;
extern const struct weir_stage_type weir_aggregate_partial;
extern const struct weir_stage_type weir_aggregate_merge;

#endif
