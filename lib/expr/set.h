/* set.h - the constants of an in-list, sorted, so that a long list costs little more than a short
 * one. */
#ifndef WEIR_EXPR_SET_H
#define WEIR_EXPR_SET_H

/* expr */
#include "expr/eval.h"

struct set {
    enum shape shape;
    bool has_null;
    bool has_real; /* doubles among exact numbers have no total order: then every item is looked at
                    */
    uint32_t count;
    struct text *text;
    struct number *number;
    bool truth[2];
};

/* From constant terms of one shape. NULL when memory ran out. */
struct set *weir__set_new(struct arena *memory, struct term *const *item, uint32_t count,
                          enum shape shape);
/* True if the value at a row, which is not null, is in the set. */
bool weir__set_has(const struct set *set, const struct vector *vector, uint32_t row);

#endif
