/*
 * pack.h - records in a slot: from a batch's columns to bytes, and back.
 *
 *     u32 records | u32 columns | u32 heap_bytes | u32 flags
 *     u64 offset, u64 line    of each record: where in its file it began
 *     u64 entry               of each record, column by column (and the raw bytes', if there are any)
 *     heap
 *
 * Only the columns that somebody downstream uses are packed. The reader checks every number before
 * it uses it, once, and never reads outside of the bytes that it was given.
 */
#ifndef WEIR_PACK_H
#define WEIR_PACK_H

#include <weir/batch.h>

struct packing {
    const bool *needed; /* one a column of the batch */
    bool raw;           /* take the records' raw bytes along */
};

/*
 * Packs records from *record on into `capacity` bytes, as many as fit, and moves *record behind
 * them. Returns the bytes used; 0 if not one record fits.
 */
size_t weir__pack(const struct packing *packing, const struct weir_batch *batch, uint32_t *record,
                  char *to, size_t capacity);

/* What unpacking gives; its arrays are used again by the next call. Zero-initialise; release when
 * done. */
struct unpacked {
    struct weir_batch batch;
    struct weir_column *column;
    uint32_t columns;
    const uint64_t *position; /* offset, line of each record */
    struct weir_column raw;
};

/*
 * Reads packed bytes as a batch of `columns` columns, of which `needed` stand in the bytes. The
 * batch points into them. 0; WEIR_EINTERNAL if the bytes are not what pack writes; WEIR_EOS.
 */
int weir__unpack(struct unpacked *unpacked, const bool *needed, uint32_t columns, const char *bytes,
                 size_t byte_count, const struct weir_position *origin);
void weir__unpacked_release(struct unpacked *unpacked);

#endif
