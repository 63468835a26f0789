/* distinct.h - the stage `distinct`: of records that are alike the first one. */
#ifndef WEIR_STAGES_KEPT_DISTINCT_H
#define WEIR_STAGES_KEPT_DISTINCT_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_distinct;

#endif
