/* list.h - the built-in stage types: one visible list of them all. */
#ifndef WEIR_STAGES_LIST_H
#define WEIR_STAGES_LIST_H

#include <weir/stage.h>

/* NULL at the end. For weir_register. */
extern const struct weir_stage_type *const weir_builtin_types[];

#endif
