/*
 * registry.h - the stage types that this program knows.
 *
 * Always true: every type in it has passed the checks of weir_register (ABI, names, option table),
 * and so have its inner types. The list is made before anything else runs and is only read
 * afterwards.
 */
#ifndef WEIR_REGISTRY_H
#define WEIR_REGISTRY_H

#include <weir/engine.h>

/* The traits of a type as its user sees it: for one that expands, SOURCE of its first inner type,
 * SINK of its last, REJECTS of any, ONE_SEAT if all of them have it; and always its own. */
uint32_t weir__type_traits(const struct weir_stage_type *type);

/* The name most like name that a pipeline file may give as a type, or NULL. */
const char *weir__type_nearest(const char *name);

/* True for words that YAML 1.1 or 1.2 reads as a boolean or as null. None of our names is one of
 * them. */
bool weir__is_yaml_word(const char *name);

#endif
