#include "csv/separators.h"

#include <stdlib.h>
#include <string.h>

#include "csv/masks.h"

#define STRETCH ((size_t)16 << 10) /* bytes looked at in a call: the offsets stay in the cache */

/* ---- what the twins share ---- */

/* By the bits below each row end: how many separators there are up to it. Two rows at a time,
 * whether there are any or not: a branch for each would be guessed wrong. */
MASKS_INLINE void put_rows(struct separators *s, uint64_t separators, uint64_t ends,
                           uint64_t begins)
{
    uint32_t *begin = s->begin + s->begins, *last = s->last + s->rows;
    const uint32_t before = (uint32_t)s->count - 1, next = (uint32_t)s->next;
    s->begins += (size_t)__builtin_popcountll(begins);
    s->rows += (size_t)__builtin_popcountll(ends);
    do {
        for (int i = 0; i < 2; i++) {
            uint64_t up_to = ends ^ (ends - 1);
            *begin++ = next + (uint32_t)__builtin_ctzll(begins | MASKS_TOP);
            *last++ = before + (uint32_t)__builtin_popcountll(separators & up_to);
            begins &= begins - 1;
            ends &= ends - 1;
        }
    } while (__builtin_expect((begins | ends) != 0, 0));
}

/* Adds the block at s->next, of which the bytes in `valid` are text, and sets *ret_separators. False
 * if it is not regular; then nothing has been changed. */
MASKS_INLINE bool add_block(struct separators *s, const struct masks *masks, uint64_t valid,
                            uint64_t *ret_separators)
{
    struct carry carry = {s->inside, s->may_open, s->after_quote, s->after_cr};
    bool regular;
    uint64_t inside = inside_of(masks, &carry, &regular);
    uint64_t ends = masks->end & ~inside, behind_end = ends << 1 | s->at_row;
    uint64_t blank = ends & behind_end & ~(masks->lf & (masks->cr << 1 | s->after_cr));
    if (__builtin_expect(!regular || (s->blank_stops && blank != 0), 0))
        return false;
    uint64_t row_ends = ends & ~behind_end;
    uint64_t separators = (masks->delimiter & ~inside) | row_ends;
    uint64_t doubled = masks->quote & inside & (masks->quote << 1 | s->after_quote);
    uint32_t row = (uint32_t)s->rows;
    put_rows(s, separators, row_ends, behind_end & ~ends & valid);
    s->doubled[s->doubles] = (struct separators_rows){row, (uint32_t)s->rows};
    s->doubles += doubled != 0;
    *ret_separators = separators;
    carry_on(&carry, masks, inside);
    s->inside = carry.inside;
    s->may_open = carry.may_open;
    s->after_quote = carry.after_quote;
    s->after_cr = masks->cr >> 63;
    s->at_row = ends >> 63;
    return true;
}

#define DEFINE_ADD(NAME, SIMD, TARGET)                                                             \
    TARGET static bool add_##NAME(struct separators *separators, const char *text, size_t to)      \
    {                                                                                              \
        struct separators s = *separators;                                                         \
        const struct needles_##NAME needles = needles_##NAME(s.delimiter, s.quote);                \
        uint64_t found;                                                                            \
        for (; s.next < to; s.next += MASKS_BLOCK) {                                               \
            struct masks masks = masks_##NAME(&needles, text + s.next);                            \
            if (!add_block(&s, &masks, UINT64_MAX, &found))                                        \
                break;                                                                             \
            s.count = (size_t)(put_##NAME(s.at + s.count, found, s.next) - s.at);                  \
        }                                                                                          \
        *separators = s;                                                                           \
        return s.next >= to;                                                                       \
    }
MASKS_TWINS(DEFINE_ADD)

#define ADD_ENTRY(NAME, SIMD, TARGET) [SIMD] = add_##NAME,
static bool (*const add_blocks[SIMD_COUNT])(struct separators *s, const char *text,
                                            size_t to) = {MASKS_TWINS(ADD_ENTRY)};

/* What is left of the text when no full block is. */
static bool add_rest(struct separators *s, const char *text, size_t n)
{
    char block[MASKS_BLOCK] = {0};
    uint64_t valid = (UINT64_C(1) << (n - s->next)) - 1;
    memcpy(block, text + s->next, n - s->next);
    const struct needles_c needles = needles_c(s->delimiter, s->quote);
    struct masks masks = masks_c(&needles, block);
    masks.delimiter &= valid;
    masks.quote &= valid;
    masks.parity = parity_c(masks.quote);
    uint64_t found;
    if (!add_block(s, &masks, valid, &found))
        return false;
    s->count = (size_t)(put_c(s->at + s->count, found, s->next) - s->at);
    s->next = n;
    return false;
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
    return s->at != NULL && s->begin != NULL && s->last != NULL && s->doubled != NULL;
}

void weir__separators_release(struct separators *s)
{
    free(s->at);
    free(s->begin);
    free(s->last);
    free(s->doubled);
    s->at = s->begin = s->last = NULL;
    s->doubled = NULL;
}

void weir__separators_begin(struct separators *s, size_t offset)
{
    s->count = s->begins = s->rows = s->doubles = 0;
    s->next = offset;
    s->inside = s->after_quote = s->after_cr = 0;
    s->may_open = s->at_row = 1;
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
    size_t left = n - s->next, bytes = left < STRETCH ? left : STRETCH;
    size_t to = s->next + bytes / MASKS_BLOCK * MASKS_BLOCK;
    if (s->count + STRETCH + MASKS_BLOCK > s->capacity)
        return false;
    if (!add_blocks[s->simd](s, text, to))
        return false;
    return n - s->next < MASKS_BLOCK && s->next < n ? add_rest(s, text, n) : s->next < n;
}
