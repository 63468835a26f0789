/*
 * The row scanner on masks: a carry-less multiplication by all ones gives the parity of the quotes.
 * A block that is not regular goes through the machine of rows.h itself.
 */
#include "csv/rows.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "csv/masks.h"

#define TARGET __attribute__((target("avx2,pclmul,popcnt,bmi")))
#define INLINE TARGET inline __attribute__((always_inline))
#define BLOCK  MASKS_BLOCK

struct needles {
    __m256i delimiter, quote, cr, lf, space, tab;
};

bool weir__rows_has_masks(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}

static INLINE uint64_t equal(const __m256i low, const __m256i high, const __m256i needle)
{
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, needle));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, needle));
    return (uint64_t)b << 32 | a;
}

static INLINE struct needles make_needles(const struct rows *rows)
{
    return (struct needles){_mm256_set1_epi8((char)rows->delimiter),
                            _mm256_set1_epi8((char)rows->quote),
                            _mm256_set1_epi8('\r'),
                            _mm256_set1_epi8('\n'),
                            _mm256_set1_epi8(' '),
                            _mm256_set1_epi8('\t')};
}

static INLINE struct masks make_masks(const struct needles *needles, __m256i low, __m256i high)
{
    struct masks masks;
    masks.delimiter = equal(low, high, needles->delimiter);
    masks.quote = equal(low, high, needles->quote);
    masks.cr = equal(low, high, needles->cr);
    masks.lf = equal(low, high, needles->lf);
    masks.end = masks.cr | masks.lf;
    return masks;
}

static INLINE uint64_t prefix_xor(uint64_t bits)
{
    __m128i all = _mm_set1_epi8((char)0xff);
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), all, 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

static INLINE enum rows_state last_state(const struct masks *masks, uint64_t inside)
{
    const uint64_t top = MASKS_TOP;
    if (inside & top)
        return ROWS_QUOTED;
    if (masks->quote & top)
        return ROWS_AFTER_QUOTE;
    if (masks->delimiter & top)
        return ROWS_FIELD;
    return masks->end & top ? ROWS_ROW : ROWS_UNQUOTED;
}

static enum rows_state step(enum rows_state state, const struct masks *masks, uint64_t bit)
{
    if (masks->quote & bit)
        return state == ROWS_QUOTED     ? ROWS_AFTER_QUOTE
               : state == ROWS_UNQUOTED ? ROWS_UNQUOTED
                                        : ROWS_QUOTED;
    if (state == ROWS_QUOTED)
        return ROWS_QUOTED;
    return masks->delimiter & bit ? ROWS_FIELD : ROWS_ROW;
}

static enum rows_state pass_others(enum rows_state state)
{
    if (state == ROWS_AFTER_QUOTE)
        return ROWS_QUOTED;
    return state == ROWS_ROW || state == ROWS_FIELD ? ROWS_UNQUOTED : state;
}

/* The machine of rows.h from one special byte to the next. Returns the row ends as a mask. */
TARGET static uint64_t walk(const struct masks *masks, enum rows_state *state)
{
    uint64_t special = masks->delimiter | masks->quote | masks->end;
    uint64_t ends = 0;
    int next = 0;
    for (; special != 0; special &= special - 1) {
        int at = __builtin_ctzll(special);
        uint64_t bit = UINT64_C(1) << at;
        if (at > next)
            *state = pass_others(*state);
        *state = step(*state, masks, bit);
        if (*state == ROWS_ROW)
            ends |= bit;
        next = at + 1;
    }
    if (next < BLOCK)
        *state = pass_others(*state);
    return ends;
}

static INLINE enum rows_state state_of(const struct carry *carry, enum rows_state last)
{
    if (carry->inside)
        return ROWS_QUOTED;
    if (carry->after_quote)
        return ROWS_AFTER_QUOTE;
    if (!carry->may_open)
        return ROWS_UNQUOTED;
    return last;
}

static INLINE uint64_t count_lines(const struct masks *masks, struct carry *carry)
{
    uint64_t after_cr = masks->cr << 1 | carry->after_cr;
    carry->after_cr = masks->cr >> 63;
    return (uint64_t)__builtin_popcountll(masks->cr) +
           (uint64_t)__builtin_popcountll(masks->lf & ~after_cr);
}

/* ROW and FIELD are one for the masks: a quote opens in both, and any CR or LF ends. */
TARGET static uint64_t irregular(const struct masks *masks, struct carry *carry)
{
    enum rows_state state = state_of(carry, ROWS_FIELD);
    uint64_t ends = walk(masks, &state);
    uint64_t after_cr = carry->after_cr;
    *carry = carry_of(state, false);
    carry->after_cr = after_cr;
    return ends;
}

/* Ends of rows in one block; the carry goes on to the next. */
static INLINE uint64_t block_ends(const struct masks *masks, struct carry *carry)
{
    bool regular;
    uint64_t inside = inside_of(masks, prefix_xor(masks->quote), carry, &regular);
    if (__builtin_expect(!regular, 0))
        return irregular(masks, carry);
    carry_on(carry, masks, inside);
    return masks->end & ~inside;
}

/* The rest of a text that is no full block goes byte by byte through the twin. */
TARGET size_t weir__rows_scan_masks(const struct rows *rows, struct rows_scan *scan,
                                    const char *bytes, size_t n)
{
    const struct needles needles = make_needles(rows);
    struct carry carry = carry_of(scan->state, scan->after_cr);
    struct masks masks = {0};
    size_t end = 0, at = 0;
    uint64_t lines = 0;
    for (; at + BLOCK <= n; at += BLOCK) {
        __m256i low = _mm256_loadu_si256((const void *)(bytes + at));
        __m256i high = _mm256_loadu_si256((const void *)(bytes + at + 32));
        masks = make_masks(&needles, low, high);
        uint64_t ends = block_ends(&masks, &carry);
        if (ends != 0)
            end = at + BLOCK - (size_t)__builtin_clzll(ends);
        lines += count_lines(&masks, &carry);
    }
    if (at > 0) {
        enum rows_state outside = last_state(&masks, 0);
        scan->state = state_of(&carry, outside);
        scan->after_cr = carry.after_cr != 0;
        scan->lines += lines;
    }
    size_t rest = weir__rows_scan_plain(rows, scan, bytes + at, n - at);
    return rest == 0 ? end : at + rest;
}

/* ---- spaces at edges ---- */

struct spaces {
    uint64_t after_edge; /* 1 if the byte before was an edge */
    uint64_t after_space;
};

/* True if a space outside quotes stands beside an edge. */
static INLINE bool touches(uint64_t space, uint64_t edge, struct spaces *spaces)
{
    uint64_t touch = space & (edge << 1 | spaces->after_edge | edge >> 1);
    touch |= edge & spaces->after_space;
    spaces->after_edge = edge >> 63;
    spaces->after_space = space >> 63;
    return touch != 0;
}

static INLINE bool block_is_clean(const struct needles *needles, const char *at,
                                  struct carry *carry, struct spaces *spaces, uint64_t *ret_ends)
{
    __m256i low = _mm256_loadu_si256((const void *)at);
    __m256i high = _mm256_loadu_si256((const void *)(at + 32));
    struct masks masks = make_masks(needles, low, high);
    bool regular;
    uint64_t inside = inside_of(&masks, prefix_xor(masks.quote), carry, &regular);
    uint64_t space = equal(low, high, needles->space) | equal(low, high, needles->tab);
    carry_on(carry, &masks, inside);
    *ret_ends = masks.end & ~inside;
    uint64_t edge = ((masks.delimiter | masks.end) & ~inside) | masks.quote;
    return regular && !touches(space & ~masks.delimiter & ~inside, edge, spaces);
}

TARGET size_t weir__rows_clean_masks(const struct rows *rows, const char *bytes, size_t n)
{
    const struct needles needles = make_needles(rows);
    struct carry carry = carry_of(ROWS_ROW, false);
    struct spaces spaces = {.after_edge = 1};
    uint64_t ends;
    size_t end = 0, at = 0;
    for (; at + BLOCK <= n; at += BLOCK) {
        if (!block_is_clean(&needles, bytes + at, &carry, &spaces, &ends))
            return end;
        if (ends != 0)
            end = at + BLOCK - (size_t)__builtin_clzll(ends);
    }
    /* The rest, filled up with row ends: so is the edge of the text an edge. */
    char tail[BLOCK];
    memset(tail, '\n', sizeof(tail));
    memcpy(tail, bytes + at, n - at);
    if (!block_is_clean(&needles, tail, &carry, &spaces, &ends) || carry.inside != 0)
        return end;
    return n;
}

#else

#include <stdlib.h>

bool weir__rows_has_masks(void)
{
    return false;
}

size_t weir__rows_scan_masks(const struct rows *rows, struct rows_scan *scan, const char *bytes,
                             size_t n)
{
    (void)rows, (void)scan, (void)bytes, (void)n;
    abort();
}

size_t weir__rows_clean_masks(const struct rows *rows, const char *bytes, size_t n)
{
    (void)rows, (void)bytes, (void)n;
    abort();
}

#endif
