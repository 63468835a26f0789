#include "file/subset.h"

#include <stdlib.h>

bool weir__reserve(void **array, uint32_t *capacity, uint32_t count, size_t size)
{
    if (count <= *capacity)
        return true;
    void *larger = realloc(*array, count * size);
    if (larger == NULL)
        return false;
    *array = larger;
    *capacity = count;
    return true;
}

bool weir__gather(struct gathered *to, const struct weir_column *from, const uint32_t *row,
                  uint32_t rows, struct weir_column *ret)
{
    if (!weir__reserve((void **)&to->entry, &to->capacity, rows > 0 ? rows : 1, sizeof(*to->entry)))
        return false;
    for (uint32_t i = 0; i < rows; i++)
        to->entry[i] = from->entry[row[i]];
    *ret = (struct weir_column){to->entry, from->heap, from->heap_bytes};
    return true;
}

static bool reserve_columns(struct subset *subset, uint32_t columns)
{
    if (subset->columns > 0 || columns == 0)
        return true;
    subset->column = calloc(columns, sizeof(*subset->column));
    subset->gathered = calloc(columns, sizeof(*subset->gathered));
    subset->columns = columns;
    return subset->column != NULL && subset->gathered != NULL;
}

bool weir__subset_begin(struct subset *subset, const struct weir_batch *in)
{
    subset->in = in;
    subset->rows = 0;
    return reserve_columns(subset, in->columns) &&
           weir__reserve((void **)&subset->row, &subset->capacity, in->records + 1u,
                         sizeof(*subset->row));
}

static void locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    const struct subset *subset = batch->locate_context;
    subset->in->locate(subset->in, subset->row[record], ret);
}

bool weir__subset_batch(struct subset *subset, const bool *needed, struct weir_batch *ret)
{
    const struct weir_batch *in = subset->in;
    bool all = subset->rows == in->records; /* then nothing is copied */
    for (uint32_t c = 0; c < in->columns; c++) {
        const struct weir_column *from = &in->column[c];
        subset->column[c] = (struct weir_column){0};
        if (!needed[c] || from->entry == NULL)
            continue;
        if (all)
            subset->column[c] = *from;
        else if (!weir__gather(&subset->gathered[c], from, subset->row, subset->rows,
                               &subset->column[c]))
            return false;
    }
    *ret = (struct weir_batch){.records = subset->rows,
                               .columns = in->columns,
                               .column = subset->column,
                               .locate = in->locate == NULL ? NULL : locate,
                               .locate_context = subset};
    return true;
}

void weir__subset_release(struct subset *subset)
{
    for (uint32_t c = 0; subset->gathered != NULL && c < subset->columns; c++)
        free(subset->gathered[c].entry);
    free(subset->gathered);
    free(subset->column);
    free(subset->row);
}
