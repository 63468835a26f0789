/* record.h - columns that are made record by record, their values in one heap. */
#ifndef WEIR_FILE_RECORD_H
#define WEIR_FILE_RECORD_H

#include <weir/batch.h>

struct records {
    uint32_t columns, capacity; /* records that there is room for */
    uint64_t *entry;            /* column by column */
    struct weir_column *column;
    char *heap;
    size_t heap_bytes, heap_capacity;
    uint32_t count; /* finished */
};

/* 0 or WEIR_EOS. Zero-initialise before; release accepts a half-made one. */
int weir__records_init(struct records *records, uint32_t columns, uint32_t capacity);
void weir__records_release(struct records *records);
void weir__records_clear(struct records *records);

/* Sets a value of the record that is being made; what is not set is null. 0 or WEIR_EOS. */
int weir__records_set(struct records *records, uint32_t column, const char *value, size_t bytes);
int weir__records_set_number(struct records *records, uint32_t column, uint64_t value);
/* The record is complete. */
void weir__records_end(struct records *records);

/* The finished records as columns; those that nobody needs have no entries. Good until clear. */
const struct weir_column *weir__records_columns(struct records *records, const bool *needed);

#endif
