/*
 * wide.h - sums of doubles without rounding: whatever the order in which they are added, the sum is
 * the same.
 */
#ifndef WEIR_STAGES_KEPT_WIDE_H
#define WEIR_STAGES_KEPT_WIDE_H

#include <stdint.h>

/* Digits to the base 2^32, the lowest first; each may have any sign until it is settled. Zero is
 * all zeros. */
struct wide {
    int64_t digit[68];
    uint32_t adds; /* since it was settled */
};

/* value is finite. */
void weir__wide_add(struct wide *wide, double value);
/* Adds a * b, which must not be too large for a double. */
void weir__wide_add_product(struct wide *wide, double a, double b);
void weir__wide_add_wide(struct wide *wide, const struct wide *more);
/* Rounded once. Infinite if it is too large. */
double weir__wide_to_double(const struct wide *wide);

#endif
