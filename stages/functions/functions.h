/* functions.h - the functions of expressions that need libraries or files: a table for each subject. */
#ifndef WEIR_STAGES_FUNCTIONS_H
#define WEIR_STAGES_FUNCTIONS_H

#include <weir/function.h>

extern const struct weir_function weir__functions_regexp[];
extern const struct weir_function weir__functions_digest[];
extern const struct weir_function weir__functions_zone[];

#endif
