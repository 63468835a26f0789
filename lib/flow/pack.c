#include "flow/pack.h"

#include <stdlib.h>
#include <string.h>

struct packed_head {
    uint32_t records, columns, heap_bytes, flags;
};

enum { PACKED_RAW = 1, PACKED_POSITION = 16 /* bytes a record */ };

/* ---- packing ---- */

static uint32_t needed_columns(const struct packing *packing, uint32_t columns)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < columns; c++)
        n += packing->needed[c];
    return n;
}

static struct weir_position locate(const struct weir_batch *batch, uint32_t record)
{
    struct weir_position position = {.file = UINT32_MAX};
    if (batch->locate != NULL)
        batch->locate(batch, record, &position);
    return position;
}

static size_t heap_bytes_of(const struct packing *packing, const struct weir_batch *batch,
                            uint32_t record)
{
    size_t bytes = 0;
    for (uint32_t c = 0; c < batch->columns; c++)
        if (packing->needed[c])
            bytes += weir_value(&batch->column[c], record).length;
    if (packing->raw)
        bytes += locate(batch, record).raw_bytes;
    return bytes;
}

/* How many records from `from` on fit, and the bytes of their heap. */
static uint32_t fit(const struct packing *packing, const struct weir_batch *batch, uint32_t from,
                    uint32_t columns, size_t capacity, size_t *ret_heap)
{
    size_t fixed = PACKED_POSITION + (size_t)columns * sizeof(uint64_t);
    size_t used = sizeof(struct packed_head), heap = 0;
    uint32_t n = 0;
    while (from + n < batch->records) {
        size_t more = heap_bytes_of(packing, batch, from + n);
        if (used + fixed + heap + more > capacity || heap + more > WEIR_ENTRY_MAX)
            break;
        used += fixed;
        heap += more;
        n++;
    }
    *ret_heap = heap;
    return n;
}

/* A value that no longer is as long as when the room was counted is null: its entry may stand in
 * shared memory, and was loaded twice. */
static uint64_t put(char *heap, size_t heap_bytes, uint32_t *at, const char *data, size_t length)
{
    if (data == NULL || length > heap_bytes - *at)
        return weir_entry_null();
    memcpy(heap + *at, data, length);
    uint64_t entry = weir_entry(*at, (uint32_t)length);
    *at += (uint32_t)length;
    return entry;
}

size_t weir__pack(const struct packing *packing, const struct weir_batch *batch, uint32_t *record,
                  char *to, size_t capacity)
{
    uint32_t columns = needed_columns(packing, batch->columns) + packing->raw, from = *record;
    size_t heap_bytes;
    uint32_t n = fit(packing, batch, from, columns, capacity, &heap_bytes);
    if (n == 0)
        return 0;
    struct packed_head head = {n, columns, (uint32_t)heap_bytes, packing->raw ? PACKED_RAW : 0};
    memcpy(to, &head, sizeof(head));
    uint64_t *position = (uint64_t *)(void *)(to + sizeof(head));
    uint64_t *entry = position + 2 * (size_t)n;
    char *heap = (char *)(entry + (size_t)columns * n);
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct weir_position where = locate(batch, from + i);
        position[2 * i] = where.offset;
        position[2 * i + 1] = where.line;
        if (packing->raw)
            entry[(size_t)(columns - 1) * n + i] =
                put(heap, heap_bytes, &at, where.raw, where.raw_bytes);
    }
    for (uint32_t c = 0; c < batch->columns; c++) {
        if (!packing->needed[c])
            continue;
        for (uint32_t i = 0; i < n; i++) {
            struct weir_value value = weir_value(&batch->column[c], from + i);
            entry[i] = put(heap, heap_bytes, &at, value.data, value.length);
        }
        entry += n;
    }
    *record = from + n;
    return (size_t)(heap + at - to);
}

/* ---- unpacking ---- */

static void unpacked_locate(const struct weir_batch *batch, uint32_t record,
                            struct weir_position *ret)
{
    const struct unpacked *unpacked = batch->locate_context;
    *ret = (struct weir_position){.file = batch->origin.file,
                                  .offset = unpacked->position[2 * (size_t)record],
                                  .line = unpacked->position[2 * (size_t)record + 1]};
    if (unpacked->raw.entry != NULL) {
        struct weir_value raw = weir_value(&unpacked->raw, record);
        ret->raw = raw.data;
        ret->raw_bytes = raw.length;
    }
}

static int make_room(struct unpacked *unpacked, uint32_t columns)
{
    if (columns <= unpacked->columns && unpacked->column != NULL)
        return 0;
    struct weir_column *column = realloc(unpacked->column, (columns + 1) * sizeof(*column));
    if (column == NULL)
        return WEIR_EOS;
    unpacked->column = column;
    unpacked->columns = columns;
    return 0;
}

int weir__unpack(struct unpacked *unpacked, const bool *needed, uint32_t columns, const char *bytes,
                 size_t byte_count, const struct weir_position *origin)
{
    struct packed_head head;
    if (byte_count < sizeof(head))
        return WEIR_EINTERNAL;
    memcpy(&head, bytes, sizeof(head));
    const struct packing packing = {.needed = needed, .raw = (head.flags & PACKED_RAW) != 0};
    uint64_t fixed = PACKED_POSITION + (uint64_t)head.columns * sizeof(uint64_t);
    if (head.columns != needed_columns(&packing, columns) + packing.raw ||
        head.records > byte_count || head.heap_bytes > byte_count ||
        sizeof(head) + head.records * fixed + head.heap_bytes > byte_count)
        return WEIR_EINTERNAL;
    if (make_room(unpacked, columns) < 0)
        return WEIR_EOS;
    unpacked->position = (const uint64_t *)(const void *)(bytes + sizeof(head));
    const uint64_t *entry = unpacked->position + 2 * (size_t)head.records;
    const char *heap = (const char *)(entry + (size_t)head.columns * head.records);
    for (uint32_t c = 0; c < columns; c++) {
        unpacked->column[c] = (struct weir_column){needed[c] ? entry : NULL, heap, head.heap_bytes};
        entry += needed[c] ? head.records : 0;
    }
    unpacked->raw = (struct weir_column){packing.raw ? entry : NULL, heap, head.heap_bytes};
    unpacked->batch = (struct weir_batch){.records = head.records,
                                          .columns = columns,
                                          .column = unpacked->column,
                                          .origin = *origin,
                                          .locate = unpacked_locate,
                                          .locate_context = unpacked};
    return 0;
}

void weir__unpacked_release(struct unpacked *unpacked)
{
    free(unpacked->column);
    *unpacked = (struct unpacked){0};
}
