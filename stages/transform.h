/*
 * transform.h - the stage `transform`: keeps records that meet a condition, computes columns,
 * chooses and renames them.
 *
 * It expands into transform.eval, which any number of workers do, and limit, where there is one.
 */
#ifndef WEIR_STAGES_TRANSFORM_H
#define WEIR_STAGES_TRANSFORM_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_stage_transform;
extern const struct weir_stage_type weir_stage_csv_transform; /* the same under another name */
extern const struct weir_stage_type weir_stage_transform_eval;

#endif
