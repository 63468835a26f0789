/*
 * sort_key.h - values as bytes whose order, as memcmp gives it, is that of the values.
 *
 * No key is the beginning of another one made in the same way, so that keys may follow each other.
 */
#ifndef WEIR_STAGES_KEPT_SORT_KEY_H
#define WEIR_STAGES_KEPT_SORT_KEY_H

#include <weir/batch.h>

#include "kept/bytes.h"

/* Adds a value of a column of that type: numbers in their own order, all others in that of their
 * bytes; nulls last, whether descending or not. Values that are equal as numbers have one key. */
void weir__sort_key_add(struct bytes *to, enum weir_type type, bool descending,
                        struct weir_value value);

/* Whether values of that type have an order other than that of their bytes. */
static inline bool sort_key_is_number(enum weir_type type)
{
    return type == WEIR_INTEGER || type == WEIR_DECIMAL || type == WEIR_DOUBLE;
}

#endif
