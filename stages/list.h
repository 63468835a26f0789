/* list.h - the built-in stage types, and the functions that need libraries: one visible list of them
 * all. */
#ifndef WEIR_STAGES_LIST_H
#define WEIR_STAGES_LIST_H

#include <weir/function.h>
#include <weir/stage.h>

/* NULL at the end. For weir_register. */
extern const struct weir_stage_type *const weir_builtin_types[];
/* NULL at the end. For weir_register_functions. */
extern const struct weir_function *const weir_builtin_functions[];

#endif
