/* peek.h - the stage `peek`: says the first records on standard error, and passes all on. */
#ifndef WEIR_STAGES_PEEK_H
#define WEIR_STAGES_PEEK_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_peek;

#endif
