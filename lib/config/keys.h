/* keys.h - the keys of a pipeline file, level by level. */
#ifndef WEIR_CONFIG_KEYS_H
#define WEIR_CONFIG_KEYS_H

#include <weir/stage.h>

/* The rows of `run:`, an option table like any stage's. */
extern const struct weir_option weir__run_keys[];
/* And of `quarantine:`. */
extern const struct weir_option weir__quarantine_keys[];

/* NULL-terminated. */
extern const char *const weir__file_keys[];
extern const char *const weir__stage_keys[];

#endif
