/*
 * sort.h - the stage `sort`: all records in the order of some expressions.
 *
 * It expands into sort.run, which any number of workers do: they keep sorted runs (runs.h), and
 * each makes one of them at its end; and sort.merge, which has one seat and merges these.
 */
#ifndef WEIR_STAGES_KEPT_SORT_H
#define WEIR_STAGES_KEPT_SORT_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_sort;
extern const struct weir_stage_type weir_sort_run;
extern const struct weir_stage_type weir_sort_merge;

#endif
