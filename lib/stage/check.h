/* check.h - whether a stage type is well made: asked once of each, when it is registered. */
#ifndef WEIR_STAGE_CHECK_H
#define WEIR_STAGE_CHECK_H

#include <weir/stage.h>

/* 0, or WEIR_EINTERNAL with words for the type's author: they name the type and the option. */
int weir__type_check(const struct weir_stage_type *type, struct weir_err *err);

#endif
