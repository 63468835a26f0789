/*
 * masks.h - CSV 64 bytes at a time, one bit a byte, the first byte lowest.
 *
 * The parity of the quotes before each byte says what stands within quotes. That is what libcsv
 * does only where a block is regular: each opening quote stands at a field's start or behind a
 * quote, and each closing one before a delimiter, a row end or a quote. Any other block is for
 * somebody who goes byte by byte.
 */
#ifndef WEIR_CSV_MASKS_H
#define WEIR_CSV_MASKS_H

#include "csv/rows.h"

#define MASKS_INLINE static inline __attribute__((always_inline))
#define MASKS_BLOCK  64
#define MASKS_TOP    (UINT64_C(1) << 63)

/* What a block holds: a bit for each byte that is one of these. */
struct masks {
    uint64_t delimiter, quote, end, cr, lf;
};

/* Between blocks: the machine's state in the form that the masks need. */
struct carry {
    uint64_t inside;      /* all ones if QUOTED */
    uint64_t may_open;    /* 1 if a quote would open a field or follow one: not UNQUOTED */
    uint64_t after_quote; /* 1 if AFTER_QUOTE */
    uint64_t after_cr;    /* 1 if the last byte was a CR */
};

MASKS_INLINE struct carry carry_of(enum rows_state state, bool after_cr)
{
    return (struct carry){.inside = state == ROWS_QUOTED ? UINT64_MAX : 0,
                          .may_open = state != ROWS_UNQUOTED,
                          .after_quote = state == ROWS_AFTER_QUOTE,
                          .after_cr = after_cr};
}

/* The bytes behind which the machine is QUOTED, if the block is regular; sets *regular. parity: the
 * exclusive or of all quote bits up to each bit. */
MASKS_INLINE uint64_t inside_of(const struct masks *masks, uint64_t parity,
                                const struct carry *carry, bool *regular)
{
    uint64_t inside = parity ^ carry->inside;
    uint64_t special = masks->delimiter | masks->end | masks->quote;
    uint64_t opening = masks->quote & inside, closing = masks->quote & ~inside;
    uint64_t bad_open = opening & ~(special << 1 | carry->may_open);
    uint64_t bad_close = closing & ~(special >> 1 | MASKS_TOP);
    *regular = (bad_open | bad_close | (carry->after_quote & ~special)) == 0;
    return inside;
}

MASKS_INLINE void carry_on(struct carry *carry, const struct masks *masks, uint64_t inside)
{
    carry->inside = 0 - (inside >> 63);
    carry->may_open = (masks->delimiter | masks->end | masks->quote) >> 63;
    carry->after_quote = (masks->quote & ~inside) >> 63;
}

#endif
