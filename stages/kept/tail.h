/* tail.h - the stage `tail`: the last records. */
#ifndef WEIR_STAGES_KEPT_TAIL_H
#define WEIR_STAGES_KEPT_TAIL_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_tail;

#endif
