/* table.h - a small CSV file, whole in memory, with a header, found by one column. */
#ifndef WEIR_CSV_TABLE_H
#define WEIR_CSV_TABLE_H

#include <weir/stage.h>

/* Zero-initialise; release. */
struct table {
    struct weir_schema schema; /* of the file's header */
    uint64_t *entry;           /* row by row, each with schema.columns of them */
    size_t entries, entry_room;
    char *heap;
    size_t heap_bytes, heap_room;
    uint32_t *slot; /* a hash table of rows, plus one */
    uint32_t slots;
    uint32_t key; /* column */
};

/* Reads CSV with a header from a descriptor, to its end. 0; or a negative code with what is wrong:
 * WEIR_EIO with errno, WEIR_EOS, WEIR_EDATA. */
int weir__table_parse(int fd, unsigned char delimiter, struct table *ret, char *wrong, size_t room);
/* Reads the file that the option names. Whatever is wrong is said at that option: no file, no
 * header, a row with another number of fields, a quote that is not closed, too large. 0 or a
 * negative code. */
int weir__table_read(struct weir_stage *stage, const char *option, unsigned char delimiter,
                     struct table *ret);
/* Makes rows found by that column. Rows whose key is null are never found. Two rows of one key are
 * said at the option. */
int weir__table_index(struct weir_stage *stage, const char *option, uint32_t key,
                      struct table *table);
/* The row with that key, or -1. */
int64_t weir__table_find(const struct table *table, struct weir_value key);
void weir__table_release(struct table *table);

static inline uint32_t table_rows(const struct table *table)
{
    return table->schema.columns == 0 ? 0 : (uint32_t)(table->entries / table->schema.columns);
}

static inline uint64_t table_entry(const struct table *table, uint32_t row, uint32_t column)
{
    return table->entry[(size_t)row * table->schema.columns + column];
}

static inline size_t table_bytes(const struct table *table)
{
    return table->entry_room * sizeof(*table->entry) + table->heap_room +
           table->slots * sizeof(*table->slot);
}

#endif
