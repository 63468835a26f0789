#include "csv/separators.h"

#include <stdlib.h>
#include <string.h>

#define STRETCH ((size_t)16 << 10) /* bytes looked at in a call: the offsets stay in the cache */

/*
 * A stretch is gone through twice: its blocks are marked, and then offsets are made of the marks. In one
 * loop that would be more than there are registers for, and what is carried from block to block
 * would go through memory.
 */
struct separators_mark {
    uint64_t separators; /* delimiters and row ends outside quotes */
    uint64_t ends;       /* of rows */
    uint64_t begins;     /* of rows */
    uint64_t doubled;    /* quotes that may be doubled ones */
};

/* ---- marks ---- */

/* Marks a block of which the bytes in `valid` are text. False if it is not regular; then nothing has
 * been changed. */
MASKS_INLINE bool mark_block(struct separators_carry *carry, const struct masks *masks,
                             uint64_t valid, bool blank_stops, struct separators_mark *ret)
{
    bool regular;
    uint64_t inside = inside_of(masks, &carry->quotes, &regular);
    uint64_t ends = masks->end & ~inside, behind_end = ends << 1 | carry->at_row;
    uint64_t blank = ends & behind_end & ~(masks->lf & (masks->cr << 1 | carry->quotes.after_cr));
    if (__builtin_expect(!regular || (blank_stops && blank != 0), 0))
        return false;
    ret->ends = ends & ~behind_end;
    ret->separators = (masks->delimiter & ~inside) | ret->ends;
    ret->begins = behind_end & ~ends & valid;
    ret->doubled = masks->quote & inside & (masks->quote << 1 | carry->quotes.after_quote);
    carry_on(&carry->quotes, masks, inside);
    carry->quotes.after_cr = masks->cr >> 63;
    carry->at_row = ends >> 63;
    return true;
}

/* Returns how many of the blocks were marked. */
#define DEFINE_MARK(NAME, SIMD, TARGET)                                                            \
    TARGET static size_t mark_##NAME(struct separators *s, const char *text, size_t blocks)        \
    {                                                                                              \
        const struct needles_##NAME needles = needles_##NAME(s->delimiter, s->quote);              \
        struct separators_mark *mark = s->marks, *end = mark + blocks;                             \
        struct separators_carry carry = s->carry;                                                  \
        const bool blank_stops = s->blank_stops;                                                   \
        for (; mark < end; mark++, text += MASKS_BLOCK) {                                          \
            struct masks masks = masks_##NAME(&needles, text);                                     \
            if (!mark_block(&carry, &masks, UINT64_MAX, blank_stops, mark))                        \
                break;                                                                             \
        }                                                                                          \
        s->carry = carry;                                                                          \
        return (size_t)(mark - s->marks);                                                          \
    }
MASKS_TWINS(DEFINE_MARK)

/* ---- offsets ---- */

/* By the bits below each row end: how many separators there are up to it. Two rows at a time,
 * whether there are any or not: a branch for each would be guessed wrong. */
MASKS_INLINE void put_rows(struct separators *s, const struct separators_mark *mark)
{
    uint64_t begins = mark->begins, ends = mark->ends;
    uint32_t *begin = s->begin + s->begins, *last = s->last + s->rows;
    const uint32_t before = (uint32_t)s->count - 1, next = (uint32_t)s->next;
    s->begins += (size_t)__builtin_popcountll(begins);
    s->rows += (size_t)__builtin_popcountll(ends);
    do {
        for (int i = 0; i < 2; i++) {
            uint64_t up_to = ends ^ (ends - 1);
            *begin++ = next + (uint32_t)__builtin_ctzll(begins | MASKS_TOP);
            *last++ = before + (uint32_t)__builtin_popcountll(mark->separators & up_to);
            begins &= begins - 1;
            ends &= ends - 1;
        }
    } while (__builtin_expect((begins | ends) != 0, 0));
}

/* Of the marked blocks, from s->next on. */
#define DEFINE_PUT(NAME, SIMD, TARGET)                                                             \
    TARGET static void put_all_##NAME(struct separators *separators, size_t blocks)                \
    {                                                                                              \
        struct separators s = *separators;                                                         \
        const struct separators_mark *mark = s.marks, *end = mark + blocks;                        \
        for (; mark < end; mark++, s.next += MASKS_BLOCK) {                                        \
            if ((mark->separators | mark->begins | mark->doubled) == 0)                            \
                continue; /* in the middle of a long text */                                       \
            uint32_t row = (uint32_t)s.rows;                                                       \
            put_rows(&s, mark);                                                                    \
            s.doubled[s.doubles] = (struct separators_rows){row, (uint32_t)s.rows};                \
            s.doubles += mark->doubled != 0;                                                       \
            s.count = (size_t)(put_##NAME(s.at + s.count, mark->separators, s.next) - s.at);       \
        }                                                                                          \
        *separators = s;                                                                           \
    }
MASKS_TWINS(DEFINE_PUT)

#define MARK_ENTRY(NAME, SIMD, TARGET) [SIMD] = {mark_##NAME, put_all_##NAME},
static const struct {
    size_t (*mark)(struct separators *s, const char *text, size_t blocks);
    void (*put)(struct separators *s, size_t blocks);
} twins[SIMD_COUNT] = {MASKS_TWINS(MARK_ENTRY)};

/* What is left of the text when no full block is. */
static void add_rest(struct separators *s, const char *text, size_t n)
{
    char block[MASKS_BLOCK] = {0};
    uint64_t valid = (UINT64_C(1) << (n - s->next)) - 1;
    memcpy(block, text + s->next, n - s->next);
    const struct needles_c needles = needles_c(s->delimiter, s->quote);
    struct masks masks = masks_c(&needles, block);
    masks.delimiter &= valid;
    masks.quote &= valid;
    masks.parity = parity_c(masks.quote);
    if (!mark_block(&s->carry, &masks, valid, s->blank_stops, s->marks))
        return;
    put_all_c(s, 1);
    s->next = n;
}

/* ---- the index ---- */

/* What is kept of a row in work, and what a stretch adds; sixteen offsets and two rows more
 * may be written. */
bool weir__separators_init(struct separators *s, const struct rows *rows, size_t columns)
{
    s->capacity = columns + STRETCH + 2 * MASKS_BLOCK;
    s->simd = rows->simd;
    s->delimiter = rows->delimiter;
    s->quote = rows->quote;
    s->at = malloc(s->capacity * sizeof(*s->at));
    s->begin = malloc((STRETCH + 4) * sizeof(*s->begin));
    s->last = malloc((STRETCH + 4) * sizeof(*s->last));
    s->doubled = malloc((STRETCH / MASKS_BLOCK + 4) * sizeof(*s->doubled));
    s->marks = malloc(STRETCH / MASKS_BLOCK * sizeof(*s->marks));
    return s->at != NULL && s->begin != NULL && s->last != NULL && s->doubled != NULL &&
           s->marks != NULL;
}

void weir__separators_release(struct separators *s)
{
    free(s->at);
    free(s->begin);
    free(s->last);
    free(s->doubled);
    free(s->marks);
    s->at = s->begin = s->last = NULL;
    s->doubled = NULL;
    s->marks = NULL;
}

void weir__separators_begin(struct separators *s, size_t offset)
{
    s->count = s->begins = s->rows = s->doubles = 0;
    s->next = offset;
    s->carry = (struct separators_carry){.quotes.may_open = 1, .at_row = 1};
}

void weir__separators_drop(struct separators *s)
{
    s->doubles = s->doubles > 0 && s->doubled[s->doubles - 1].last == s->rows;
    s->doubled[0] = (struct separators_rows){0, 0};
    if (s->rows == 0)
        return;
    size_t used = s->last[s->rows - 1] + (size_t)1;
    memmove(s->at, s->at + used, (s->count - used) * sizeof(*s->at));
    s->count -= used;
    s->begin[0] = s->begin[s->begins - 1];
    s->begins -= s->rows;
    s->rows = 0;
}

bool weir__separators_more(struct separators *s, const char *text, size_t n)
{
    size_t left = n - s->next, blocks = (left < STRETCH ? left : STRETCH) / MASKS_BLOCK;
    if (s->count + STRETCH + MASKS_BLOCK > s->capacity)
        return false;
    size_t marked = twins[s->simd].mark(s, text + s->next, blocks);
    twins[s->simd].put(s, marked);
    if (marked < blocks)
        return false;
    if (n - s->next >= MASKS_BLOCK)
        return true;
    if (s->next < n)
        add_rest(s, text, n);
    return false;
}
