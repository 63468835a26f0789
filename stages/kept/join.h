/* join.h - the stage `join`: records of two inputs that have the same values in some columns. */
#ifndef WEIR_STAGES_KEPT_JOIN_H
#define WEIR_STAGES_KEPT_JOIN_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_join;

#endif
