/* types.h - the option `types` of stages that read records: {amount: decimal}. */
#ifndef WEIR_FILE_TYPES_H
#define WEIR_FILE_TYPES_H

#include <weir/stage.h>

/* For configure: whether these are types. */
int weir__types_check(struct weir_stage *stage);
/* For bind: gives the schema's columns their types. */
int weir__types_set(struct weir_stage *stage, struct weir_schema *schema);

#endif
