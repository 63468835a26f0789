/*
 * stage_types.h - a stage type by its name.
 */
#ifndef WEIR_CLI_STAGE_TYPES_H
#define WEIR_CLI_STAGE_TYPES_H

#include <weir/engine.h>

/* The type, or NULL with err filled. */
const struct weir_stage_type *stage_type_find(const char *name, struct weir_err *err);

#endif
