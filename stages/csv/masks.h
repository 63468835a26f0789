/*
 * masks.h - CSV 64 bytes at a time, one bit a byte, the first byte lowest.
 *
 * The parity of the quotes before each byte says what stands within quotes. That is what libcsv
 * does only where a block is regular: each opening quote stands at a field's start or behind a
 * quote, and each closing one before a delimiter, a row end or a quote. In any other block there
 * are quotes that libcsv takes for text; without them it is regular.
 */
#ifndef WEIR_CSV_MASKS_H
#define WEIR_CSV_MASKS_H

#include "csv/rows.h"
#include "csv/twins.h"

/* What a block holds: a bit for each byte that is one of these. */
struct masks {
    uint64_t delimiter, quote, end, cr, lf;
    uint64_t parity; /* of the quotes up to each byte */
};

#define MASKS_DEFINE(NAME, SIMD, TARGET)                                                           \
    struct needles_##NAME {                                                                        \
        vector_##NAME delimiter, quote, cr, lf;                                                    \
    };                                                                                             \
    TARGET MASKS_INLINE struct needles_##NAME needles_##NAME(unsigned char delimiter,              \
                                                             unsigned char quote) {                \
        return (struct needles_##NAME){fill_##NAME(delimiter), fill_##NAME(quote),                 \
                                       fill_##NAME('\r'), fill_##NAME('\n')};                      \
    } TARGET MASKS_INLINE struct masks masks_##NAME(const struct needles_##NAME *needles,          \
                                                    const char *at) {                              \
        struct masks masks = {.delimiter = equal_##NAME(at, needles->delimiter),                   \
                              .quote = equal_##NAME(at, needles->quote),                           \
                              .cr = equal_##NAME(at, needles->cr),                                 \
                              .lf = equal_##NAME(at, needles->lf)};                                \
        masks.end = masks.cr | masks.lf;                                                           \
        masks.parity = parity_##NAME(masks.quote);                                                 \
        return masks;                                                                              \
    }
MASKS_TWINS(MASKS_DEFINE)
#undef MASKS_DEFINE

/* Between blocks: the machine's state in the form that the masks need. ROW and FIELD are one: a
 * quote opens in both, and any CR or LF ends. */
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

/* Behind that byte. */
static inline enum rows_state state_of(const struct rows *rows, const struct carry *carry,
                                       char last)
{
    if (carry->inside)
        return ROWS_QUOTED;
    if (carry->after_quote)
        return ROWS_AFTER_QUOTE;
    if (!carry->may_open)
        return ROWS_UNQUOTED;
    return rows->class_of[(unsigned char)last] == ROWS_DELIMITER ? ROWS_FIELD : ROWS_ROW;
}

/* How many physical lines end in the block. */
MASKS_INLINE uint64_t lines_in(const struct masks *masks, uint64_t after_cr)
{
    uint64_t ends = masks->cr | (masks->lf & ~(masks->cr << 1 | after_cr));
    return (uint64_t)__builtin_popcountll(ends);
}

MASKS_INLINE uint64_t special_of(const struct masks *masks)
{
    return masks->delimiter | masks->end | masks->quote;
}

/* Quotes within unquoted fields. */
MASKS_INLINE uint64_t bad_open(const struct masks *masks, uint64_t inside,
                               const struct carry *carry)
{
    return masks->quote & inside & ~(special_of(masks) << 1 | carry->may_open);
}

/* Quotes behind which a quoted field goes on with text. */
MASKS_INLINE uint64_t bad_close(const struct masks *masks, uint64_t inside)
{
    return masks->quote & ~inside & ~(special_of(masks) >> 1 | MASKS_TOP);
}

/* The bytes behind which the machine is QUOTED, if the block is regular; sets *regular. */
MASKS_INLINE uint64_t inside_of(const struct masks *masks, const struct carry *carry, bool *regular)
{
    uint64_t inside = masks->parity ^ carry->inside;
    uint64_t bad = bad_open(masks, inside, carry) | bad_close(masks, inside);
    *regular = (bad | (carry->after_quote & ~special_of(masks))) == 0;
    return inside;
}

MASKS_INLINE void carry_on(struct carry *carry, const struct masks *masks, uint64_t inside)
{
    carry->inside = 0 - (inside >> 63);
    carry->may_open = special_of(masks) >> 63;
    carry->after_quote = (masks->quote & ~inside) >> 63;
}

#endif
