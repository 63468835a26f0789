/*
 * nearest.h - "did you mean": the name most like the one that was written.
 *
 * Begin with what was written, offer every name that there is; best is then the nearest of them, or
 * NULL if none is near (more than a third of its letters, rounded up, differ). Distance counts
 * changed, missing, added and swapped neighbouring letters; upper and lower case differ by nothing.
 * A name behind which "_" and more was written will do if no other is near.
 */
#ifndef WEIR_NEAREST_H
#define WEIR_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *name;
    const char *best; /* borrowed from the offer */
    size_t distance;
};

void weir__nearest_begin(struct nearest *nearest, const char *name);
void weir__nearest_offer(struct nearest *nearest, const char *candidate);

#endif
