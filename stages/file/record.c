#include "file/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void null_record(struct records *records)
{
    for (uint32_t c = 0; c < records->columns && records->count < records->capacity; c++)
        records->entry[(size_t)c * records->capacity + records->count] = weir_entry_null();
}

int weir__records_init(struct records *records, uint32_t columns, uint32_t capacity)
{
    *records =
        (struct records){.columns = columns,
                         .capacity = capacity,
                         .entry = calloc((size_t)columns * capacity, sizeof(*records->entry)),
                         .column = calloc(columns, sizeof(*records->column))};
    if (records->entry == NULL || records->column == NULL)
        return WEIR_EOS;
    null_record(records);
    return 0;
}

void weir__records_release(struct records *records)
{
    free(records->entry);
    free(records->column);
    free(records->heap);
    *records = (struct records){0};
}

void weir__records_clear(struct records *records)
{
    records->count = 0;
    records->heap_bytes = 0;
    null_record(records);
}

int weir__records_set(struct records *records, uint32_t column, const char *value, size_t bytes)
{
    if (records->heap_bytes + bytes > WEIR_ENTRY_MAX)
        return WEIR_EOS;
    if (records->heap_bytes + bytes >= records->heap_capacity) {
        size_t capacity = 2 * (records->heap_bytes + bytes) + 4096;
        char *heap = realloc(records->heap, capacity);
        if (heap == NULL)
            return WEIR_EOS;
        records->heap = heap;
        records->heap_capacity = capacity;
    }
    memcpy(records->heap + records->heap_bytes, value, bytes);
    records->entry[(size_t)column * records->capacity + records->count] =
        weir_entry((uint32_t)records->heap_bytes, (uint32_t)bytes);
    records->heap_bytes += bytes;
    return 0;
}

int weir__records_set_number(struct records *records, uint32_t column, uint64_t value)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%" PRIu64, value);
    return weir__records_set(records, column, text, (size_t)n);
}

void weir__records_end(struct records *records)
{
    records->count++;
    null_record(records);
}

const struct weir_column *weir__records_columns(struct records *records, const bool *needed)
{
    for (uint32_t c = 0; c < records->columns; c++)
        records->column[c] = (struct weir_column){
            .entry = needed[c] ? records->entry + (size_t)c * records->capacity : NULL,
            .heap = records->heap,
            .heap_bytes = (uint32_t)records->heap_bytes};
    return records->column;
}
