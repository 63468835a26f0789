#ifndef STAGES_MERGE_H
#define STAGES_MERGE_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_merge;

#endif
