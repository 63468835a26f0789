/*
 * The row scanner on masks, with a twin for each kind of processor.
 */
#include <string.h>

#include "csv/masks.h"

#define BLOCK MASKS_BLOCK

/* A block without the quotes that libcsv takes for text. */
struct tamed {
    uint64_t quote, inside;
};

/*
 * From the lowest bad quote up those are text that come before the unquoted field's end, or before
 * the next quote behind which the quoted one may end. Not inline: it would take registers from the
 * regular blocks.
 */
static __attribute__((noinline)) struct tamed tame(struct masks masks, struct carry carry)
{
    uint64_t inside = masks.parity ^ carry.inside;
    if (carry.after_quote & ~special_of(&masks)) /* so the last quote before the block was text */
        inside = ~inside;
    for (;;) {
        uint64_t open = bad_open(&masks, inside, &carry), close = bad_close(&masks, inside);
        uint64_t lowest = (open | close) & (0 - (open | close));
        if (lowest == 0)
            return (struct tamed){masks.quote, inside};
        uint64_t stop = lowest & open ? masks.delimiter | masks.end
                                      : masks.quote & (special_of(&masks) >> 1 | MASKS_TOP);
        stop &= 0 - (lowest << 1);
        uint64_t text = masks.quote & ((stop & (0 - stop)) - lowest);
        masks.quote &= ~text;
        inside ^= parity_c(text);
    }
}

/* ---- row ends ---- */

struct work {
    struct carry carry;
    uint64_t lines;
    uint64_t ends; /* of the last block that has some */
    size_t at;     /* where that begins */
};

MASKS_INLINE void scan_block(struct work *work, struct masks *masks, size_t at)
{
    bool regular;
    uint64_t inside = inside_of(masks, &work->carry, &regular);
    if (__builtin_expect(!regular, 0)) {
        struct tamed tamed = tame(*masks, work->carry);
        masks->quote = tamed.quote;
        inside = tamed.inside;
    }
    carry_on(&work->carry, masks, inside);
    uint64_t ends = masks->end & ~inside;
    uint64_t none = 0 - (uint64_t)(ends == 0);
    IN_REGISTER(none); /* a branch would be guessed wrong */
    work->ends = ends | (work->ends & none);
    work->at = (at & ~none) | (work->at & none);
    work->lines += lines_in(masks, work->carry.after_cr);
    work->carry.after_cr = masks->cr >> 63;
}

/* The full blocks of n bytes. */
#define DEFINE_SCAN(NAME, SIMD, TARGET)                                                            \
    TARGET static void scan_##NAME(const struct rows *rows, struct work *ret, const char *bytes,   \
                                   size_t n)                                                       \
    {                                                                                              \
        const struct needles_##NAME needles = needles_##NAME(rows->delimiter, rows->quote);        \
        struct work work = *ret;                                                                   \
        for (size_t at = 0; at + BLOCK <= n; at += BLOCK) {                                        \
            struct masks masks = masks_##NAME(&needles, bytes + at);                               \
            scan_block(&work, &masks, at);                                                         \
        }                                                                                          \
        *ret = work;                                                                               \
    }
MASKS_TWINS(DEFINE_SCAN)

#define SCAN_ENTRY(NAME, SIMD, TARGET) [SIMD] = scan_##NAME,
static void (*const scan_blocks[SIMD_COUNT])(const struct rows *rows, struct work *ret,
                                             const char *bytes,
                                             size_t n) = {MASKS_TWINS(SCAN_ENTRY)};

static size_t scan_records(const struct rows *rows, struct rows_scan *scan, const char *bytes,
                           size_t n)
{
    if (rows->trims)
        return weir__rows_scan_bytes(rows, scan, bytes, n);
    struct work work = {.carry = carry_of(scan->state, scan->after_cr)};
    size_t full = n - n % BLOCK, end = 0;
    if (full > 0) {
        scan_blocks[rows->simd](rows, &work, bytes, full);
        scan->state = state_of(rows, &work.carry, bytes[full - 1]);
        scan->after_cr = work.carry.after_cr != 0;
        scan->lines += work.lines;
        if (work.ends != 0)
            end = work.at + BLOCK - (size_t)__builtin_clzll(work.ends);
    }
    size_t rest = weir__rows_scan_bytes(rows, scan, bytes + full, n - full);
    return rest == 0 ? end : full + rest;
}

/* ---- comments ---- */

size_t weir__rows_line(const char *bytes, size_t n)
{
    size_t at = 0;
    while (at < n && bytes[at] != '\n' && bytes[at] != '\r')
        at++;
    bool both = at + 1 < n && bytes[at] == '\r' && bytes[at + 1] == '\n';
    at += both ? 2 : 1;
    return at < n ? at : n;
}

/* Where the next line begins from at + 1 on that is a comment unless it is part of a quoted field; n:
 * there is none. */
static size_t next_mark(const struct rows *rows, const char *bytes, size_t at, size_t n)
{
    for (at++; at < n; at++) {
        const char *mark = memchr(bytes + at, rows->comment, n - at);
        if (mark == NULL)
            return n;
        at = (size_t)(mark - bytes);
        if (mark[-1] == '\n' || mark[-1] == '\r')
            return at;
    }
    return n;
}

static bool in_comment(const struct rows *rows, const struct rows_scan *scan, const char *bytes)
{
    return scan->state == ROWS_COMMENT ||
           (scan->state == ROWS_ROW && (unsigned char)*bytes == rows->comment);
}

size_t weir__rows_to_comment(const struct rows *rows, const char *bytes, size_t n)
{
    struct rows_scan scan = {0};
    size_t at = 0;
    if (rows->comment < 0)
        return n;
    while (at < n && !in_comment(rows, &scan, bytes + at)) {
        size_t mark = next_mark(rows, bytes, at, n);
        if (mark < n)
            scan_records(rows, &scan, bytes + at, mark - at);
        at = mark;
    }
    return at;
}

/* What stands between comments is scanned as if there were none. */
size_t weir__rows_scan(const struct rows *rows, struct rows_scan *scan, const char *bytes, size_t n)
{
    size_t end = 0;
    if (rows->comment < 0)
        return scan_records(rows, scan, bytes, n);
    for (size_t at = 0; at < n;) {
        bool comment = in_comment(rows, scan, bytes + at);
        size_t stop =
            comment ? at + weir__rows_line(bytes + at, n - at) : next_mark(rows, bytes, at, n);
        size_t found =
            (comment ? weir__rows_scan_bytes : scan_records)(rows, scan, bytes + at, stop - at);
        if (found > 0)
            end = at + found;
        at = stop;
    }
    return end;
}

/* ---- spaces at edges ---- */

struct clean {
    struct carry carry;
    uint64_t after_edge; /* 1 if the byte before was an edge */
    uint64_t after_space;
    size_t at, end; /* of the block; behind the last row that has ended in it */
};

/* False if a space outside quotes stands beside an edge, or the block is not regular. */
MASKS_INLINE bool clean_block(struct clean *clean, const struct masks *masks, uint64_t space)
{
    bool regular;
    uint64_t inside = inside_of(masks, &clean->carry, &regular);
    uint64_t ends = masks->end & ~inside, edge = (masks->delimiter & ~inside) | ends | masks->quote;
    space &= ~masks->delimiter & ~inside;
    uint64_t touch = space & (edge << 1 | clean->after_edge | edge >> 1);
    if (!regular || touch != 0 || (edge & clean->after_space) != 0)
        return false;
    carry_on(&clean->carry, masks, inside);
    clean->after_edge = edge >> 63;
    clean->after_space = space >> 63;
    if (ends != 0)
        clean->end = clean->at + BLOCK - (size_t)__builtin_clzll(ends);
    clean->at += BLOCK;
    return true;
}

/* The full blocks of n bytes. False where it stops. */
#define DEFINE_CLEAN(NAME, SIMD, TARGET)                                                           \
    TARGET static bool clean_##NAME(const struct rows *rows, struct clean *clean,                  \
                                    const char *bytes, size_t n)                                   \
    {                                                                                              \
        const struct needles_##NAME needles = needles_##NAME(rows->delimiter, rows->quote);        \
        const vector_##NAME space = fill_##NAME(' '), tab = fill_##NAME('\t');                     \
        for (; n >= BLOCK; n -= BLOCK, bytes += BLOCK) {                                           \
            struct masks masks = masks_##NAME(&needles, bytes);                                    \
            if (!clean_block(clean, &masks,                                                        \
                             equal_##NAME(bytes, space) | equal_##NAME(bytes, tab)))               \
                return false;                                                                      \
        }                                                                                          \
        return true;                                                                               \
    }
MASKS_TWINS(DEFINE_CLEAN)

#define CLEAN_ENTRY(NAME, SIMD, TARGET) [SIMD] = clean_##NAME,
static bool (*const clean_blocks[SIMD_COUNT])(const struct rows *rows, struct clean *clean,
                                              const char *bytes,
                                              size_t n) = {MASKS_TWINS(CLEAN_ENTRY)};

size_t weir__rows_without_edge_spaces(const struct rows *rows, const char *bytes, size_t n)
{
    struct clean clean = {.carry = carry_of(ROWS_ROW, false), .after_edge = 1};
    size_t full = n - n % BLOCK;
    if (rows->quote == ' ' || rows->quote == '\t' ||
        !clean_blocks[rows->simd](rows, &clean, bytes, full))
        return clean.end;
    /* The rest, filled up with row ends: so is the edge of the text an edge. */
    char tail[BLOCK];
    memset(tail, '\n', sizeof(tail));
    memcpy(tail, bytes + full, n - full);
    size_t end = clean.end;
    bool whole = clean_blocks[rows->simd](rows, &clean, tail, BLOCK) && clean.carry.inside == 0;
    return whole ? n : end;
}
