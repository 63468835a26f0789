/* columns.h - an option that lists columns. */
#ifndef WEIR_STAGES_KEPT_COLUMNS_H
#define WEIR_STAGES_KEPT_COLUMNS_H

#include <weir/stage.h>

/*
 * Which columns of the input the option's list names: *ret (owned by the caller, freed before it is
 * set) and *ret_count. They are added to the schema. A name that is none, or stands there twice, is
 * said. 0 or a negative code.
 */
int weir__columns_find(struct weir_stage *stage, const char *option, uint32_t **ret,
                       size_t *ret_count, struct weir_schema *schema);

#endif
