#include "hash/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void null_record(struct records *rows)
{
    for (uint32_t c = 0; c < rows->columns && rows->records < rows->capacity; c++)
        rows->entry[(size_t)c * rows->capacity + rows->records] = weir_entry_null();
}

int weir__records_init(struct records *rows, uint32_t columns, uint32_t capacity)
{
    *rows = (struct records){.columns = columns,
                             .capacity = capacity,
                             .entry = calloc((size_t)columns * capacity, sizeof(*rows->entry)),
                             .column = calloc(columns, sizeof(*rows->column))};
    if (rows->entry == NULL || rows->column == NULL)
        return WEIR_EOS;
    null_record(rows);
    return 0;
}

void weir__records_release(struct records *rows)
{
    free(rows->entry);
    free(rows->column);
    free(rows->heap);
    *rows = (struct records){0};
}

void weir__records_clear(struct records *rows)
{
    rows->records = 0;
    rows->heap_bytes = 0;
    null_record(rows);
}

int weir__records_set(struct records *rows, uint32_t column, const char *value, size_t bytes)
{
    if (rows->heap_bytes + bytes > WEIR_ENTRY_MAX)
        return WEIR_EOS;
    if (rows->heap_bytes + bytes >= rows->heap_capacity) {
        size_t capacity = 2 * (rows->heap_bytes + bytes) + 4096;
        char *heap = realloc(rows->heap, capacity);
        if (heap == NULL)
            return WEIR_EOS;
        rows->heap = heap;
        rows->heap_capacity = capacity;
    }
    memcpy(rows->heap + rows->heap_bytes, value, bytes);
    rows->entry[(size_t)column * rows->capacity + rows->records] =
        weir_entry((uint32_t)rows->heap_bytes, (uint32_t)bytes);
    rows->heap_bytes += bytes;
    return 0;
}

int weir__records_set_number(struct records *rows, uint32_t column, uint64_t value)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%" PRIu64, value);
    return weir__records_set(rows, column, text, (size_t)n);
}

void weir__records_end_record(struct records *rows)
{
    rows->records++;
    null_record(rows);
}

const struct weir_column *weir__records_columns(struct records *rows, const bool *needed)
{
    for (uint32_t c = 0; c < rows->columns; c++)
        rows->column[c] = (struct weir_column){
            .entry = needed[c] ? rows->entry + (size_t)c * rows->capacity : NULL,
            .heap = rows->heap,
            .heap_bytes = (uint32_t)rows->heap_bytes};
    return rows->column;
}
