#include "expr/set.h"

#include <stdlib.h>

/* Any order will do: the shorter one first, which settles most comparisons at once. */
static int order_text(const void *a, const void *b)
{
    const struct text *p = a, *q = b;
    if (p->length != q->length)
        return p->length < q->length ? -1 : 1;
    return memcmp(p->data, q->data, p->length);
}

static int order_number(const void *a, const void *b)
{
    return weir__number_compare(a, b);
}

static void add(struct set *set, const struct vector *constant)
{
    if (value_is_null(constant, 0, set->shape)) {
        set->has_null = true;
        return;
    }
    switch (set->shape) {
    case SHAPE_TEXT: set->text[set->count++] = constant->text[0]; break;
    case SHAPE_NUMBER:
        set->number[set->count] = number_at(constant, 0);
        set->has_real |= set->number[set->count++].is_real;
        break;
    case SHAPE_TRUTH: set->truth[constant->truth[0] == WEIR_TRUE] = true; break;
    }
}

struct set *weir__set_new(struct arena *memory, struct term *const *item, uint32_t count,
                          enum shape shape)
{
    struct set *set = weir__arena_zeroed(memory, sizeof(*set));
    if (set == NULL)
        return NULL;
    set->shape = shape;
    if (shape == SHAPE_TEXT)
        set->text = weir__arena_alloc(memory, count * sizeof(*set->text));
    if (shape == SHAPE_NUMBER)
        set->number = weir__arena_alloc(memory, count * sizeof(*set->number));
    if (shape != SHAPE_TRUTH && set->text == NULL && set->number == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        add(set, &item[i]->vector);
    if (set->text != NULL)
        qsort(set->text, set->count, sizeof(*set->text), order_text);
    if (set->number != NULL && !set->has_real)
        qsort(set->number, set->count, sizeof(*set->number), order_number);
    return set;
}

static bool has_number(const struct set *set, const struct number *number)
{
    if (!set->has_real && !number->is_real)
        return bsearch(number, set->number, set->count, sizeof(*number), order_number) != NULL;
    for (uint32_t i = 0; i < set->count; i++)
        if (weir__number_compare(number, &set->number[i]) == 0)
            return true;
    return false;
}

bool weir__set_has(const struct set *set, const struct vector *vector, uint32_t row)
{
    uint32_t i = row & vector->mask;
    struct number number;
    switch (set->shape) {
    case SHAPE_TEXT:
        return bsearch(&vector->text[i], set->text, set->count, sizeof(*set->text), order_text) !=
               NULL;
    case SHAPE_NUMBER: number = number_at(vector, row); return has_number(set, &number);
    case SHAPE_TRUTH: break;
    }
    return set->truth[vector->truth[i] == WEIR_TRUE];
}
