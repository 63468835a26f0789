/*
 * subset.h - some records of a batch as a batch: what `where` keeps or refuses, what a route takes.
 */
#ifndef WEIR_FILE_SUBSET_H
#define WEIR_FILE_SUBSET_H

#include <weir/stage.h>

/* Entries of one column, gathered from those of another. */
struct gathered {
    uint64_t *entry;
    uint32_t capacity;
};

/* A column of those entries of `from` that row lists; it points into *to. False: no memory. */
bool weir__gather(struct gathered *to, const struct weir_column *from, const uint32_t *row,
                  uint32_t rows, struct weir_column *ret);

/* Makes an array hold so many items of a size. False: no memory. */
bool weir__reserve(void **array, uint32_t *capacity, uint32_t count, size_t size);

/* Records of a batch, listed one by one. Zero-initialise; release when done. */
struct subset {
    uint32_t *row; /* their numbers in the batch, rising */
    uint32_t rows, capacity;
    const struct weir_batch *in;
    struct weir_column *column;
    struct gathered *gathered;
    uint32_t columns;
};

/* Begins anew, with room for all records of the batch. False: no memory. */
bool weir__subset_begin(struct subset *subset, const struct weir_batch *in);

static inline void weir__subset_add(struct subset *subset, uint32_t record)
{
    subset->row[subset->rows++] = record;
}

/* Those columns that are needed of what was listed, as a batch that stays until the next call, and
 * no longer than the batch that it was taken from. False: no memory. */
bool weir__subset_batch(struct subset *subset, const bool *needed, struct weir_batch *ret);

void weir__subset_release(struct subset *subset);

#endif
