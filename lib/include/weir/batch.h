/*
 * batch.h - schemas, and batches of records as a stage sees them.
 *
 * An edge has a schema: named columns, each with a type. A batch is a run of records stored column
 * by column: a column is an array of 64-bit entries, one a record, that say where in the column's
 * heap the value's bytes stand. A value is bytes, or null; the column's type says how to read the
 * bytes. Values keep the bytes they arrived with until something changes them.
 *
 * An edge may also carry raw bytes: text that has not been parsed yet, or has been formatted
 * already.
 */
#ifndef WEIR_BATCH_H
#define WEIR_BATCH_H

#include <weir/err.h>

/* The types of section "Records" in docs/ARCHITECTURE.md. UNTYPED is text that has not been looked
 * at. */
#define WEIR_TYPES(X)                                                                              \
    X(UNTYPED, "untyped")                                                                          \
    X(TEXT, "text")                                                                                \
    X(INTEGER, "integer")                                                                          \
    X(DECIMAL, "decimal")                                                                          \
    X(DOUBLE, "double")                                                                            \
    X(BOOLEAN, "boolean")                                                                          \
    X(DATE, "date")                                                                                \
    X(TIMESTAMP, "timestamp")                                                                      \
    X(JSON, "json")

enum weir_type {
#define WEIR_TYPE(name, text) WEIR_##name,
    WEIR_TYPES(WEIR_TYPE)
#undef WEIR_TYPE
};

/* "text" for WEIR_TEXT. */
WEIR_PUBLIC const char *weir_type_name(enum weir_type type);
/* The type of that name, or -1. */
WEIR_PUBLIC int weir_type_find(const char *name);

/* A column of a schema. */
struct weir_field {
    char *name; /* owned by the schema */
    enum weir_type type;
};

/*
 * Zero-initialise; release when done. raw: the edge carries bytes, not records; columns are then
 * those that the bytes hold, for messages only. preamble (owned, text without NUL, may be NULL) is
 * what a sink of raw bytes writes before the first of them, a CSV header for one.
 */
struct weir_schema {
    struct weir_field *column;
    uint32_t columns;
    bool raw;
    char *preamble;
    size_t preamble_bytes;
    uint32_t *place; /* weir_schema_find's own */
    uint32_t places;
};

/* Appends a column. Copies name. 0, or WEIR_EOS when memory ran out. */
WEIR_PUBLIC int weir_schema_add(struct weir_schema *schema, const char *name, enum weir_type type);
/* The index of the column of that name (exact bytes; the first, if there are several), or -1. */
WEIR_PUBLIC int weir_schema_find(const struct weir_schema *schema, const char *name);
/* The column whose name is most like name, for "did you mean"; NULL if none is near. */
WEIR_PUBLIC const char *weir_schema_nearest(const struct weir_schema *schema, const char *name);
/* *to is overwritten, and to be released. 0, or WEIR_EOS when memory ran out. */
WEIR_PUBLIC int weir_schema_copy(struct weir_schema *to, const struct weir_schema *from);
/* Afterwards it is as zero-initialised. */
WEIR_PUBLIC void weir_schema_release(struct weir_schema *schema);

/* An entry: offset (28 bits), length (28 bits), flags (8 bits), from the low end. */
#define WEIR_ENTRY_BITS 28
#define WEIR_ENTRY_MAX  ((1u << WEIR_ENTRY_BITS) - 1)
#define WEIR_NULL       1u /* flag: the value is null; offset and length are 0 */

static inline uint64_t weir_entry(uint32_t offset, uint32_t length)
{
    return (uint64_t)offset | (uint64_t)length << WEIR_ENTRY_BITS;
}

static inline uint64_t weir_entry_null(void)
{
    return (uint64_t)WEIR_NULL << (2 * WEIR_ENTRY_BITS);
}

static inline bool weir_entry_is_null(uint64_t entry)
{
    return (entry >> (2 * WEIR_ENTRY_BITS) & WEIR_NULL) != 0;
}

static inline uint32_t weir_entry_offset(uint64_t entry)
{
    return (uint32_t)(entry & WEIR_ENTRY_MAX);
}

static inline uint32_t weir_entry_length(uint64_t entry)
{
    return (uint32_t)(entry >> WEIR_ENTRY_BITS & WEIR_ENTRY_MAX);
}

/* One column of a batch. entry is NULL when nobody downstream uses the column. */
struct weir_column {
    const uint64_t *entry; /* one a record */
    const char *heap;      /* what the entries' offsets count from */
    uint32_t heap_bytes;   /* offset + length of no entry passes it: weir_value checks */
};

/* Where a record came from. line and column count from 1, offset from 0; 0 line: unknown. raw is
 * the record's bytes as they arrived, or NULL where they are no longer at hand. */
struct weir_position {
    uint32_t file; /* index into the run's list of input files; UINT32_MAX: none */
    uint64_t offset;
    uint64_t line;
    const char *raw;
    size_t raw_bytes;
};

/* A batch as a stage gets it: borrowed for the call and never changed. */
struct weir_batch {
    uint32_t records;
    uint32_t columns;
    const struct weir_column *column;

    /* For an edge of raw bytes: the bytes instead of columns, records being 0 or how many they
     * hold. */
    const char *bytes;
    size_t byte_count;
    struct weir_position origin; /* of the first byte */
    uint32_t input;              /* of a stage with several inputs: through which it came */
    uint64_t whole_bytes; /* not 0: at whole_at begins a record of so many, the last, which cannot
                             be taken: too large (bytes has but its beginning), or without its end */
    size_t whole_at;
    const void *notes; /* what a source's read_split knows of the bytes, for the inner type behind
                          it; or NULL */

    /* Tells where a record came from. Called only when something is to be said about that record.
     */
    void (*locate)(const struct weir_batch *batch, uint32_t record, struct weir_position *ret);
    const void *locate_context;
};

/* The bytes of one record in one column: borrowed from the batch, and without NUL at their end. */
struct weir_value {
    const char *data; /* NULL: the value is null */
    uint32_t length;
};

/* The value of a record in a column. An entry that points outside the heap reads as null: what
 * stands in shared memory is never trusted. The column must have entries. */
static inline struct weir_value weir_value(const struct weir_column *column, uint32_t record)
{
    /* volatile: loaded once, not again behind the check */
    uint64_t entry = *(const volatile uint64_t *)&column->entry[record];
    uint32_t offset = weir_entry_offset(entry), length = weir_entry_length(entry);
    struct weir_value value = {NULL, 0};
    if (!weir_entry_is_null(entry) && offset + length <= column->heap_bytes) {
        value.data = column->heap + offset;
        value.length = length;
    }
    return value;
}

#endif
